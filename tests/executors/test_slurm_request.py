"""What Slurm is asked for, from what people wrote."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.errors import ConfigError
from sonde.executors.places import executor
from sonde.executors.resources import Resources
from sonde.executors.slurm_request import limit_s, request_of


def test_all_that_was_asked_for_reaches_sbatch() -> None:
    request = request_of({
        "partition": "gpu", "account": "physics", "qos": "long", "time": "4h30m", "gpu": "a100",
        "gres": "nvme:1", "extra": ["--constraint=skylake", "--mail-user me@here"],
    })  # fmt: skip
    each = Resources(cpus=2, gpus=2, memory=8 << 30, others={"shard": 3})
    words = request.words(each, workers=1)
    assert {"--partition=gpu", "--account=physics", "--qos=long", "--time=0-04:30:00"} <= {*words}
    assert {"--cpus-per-task=2", "--mem=8192M", "--gres=nvme:1,gpu:a100:2,shard:3"} <= {*words}
    assert {"--requeue", "--open-mode=append", "--signal=B:USR2@60"} <= {*words}
    assert words[-3:] == ["--constraint=skylake", "--mail-user", "me@here"]


def test_an_agent_whose_trials_share_a_gpu_asks_for_the_cores_and_memory_of_all() -> None:
    words = request_of({}).words(Resources(cpus=1.5, gpus=0.25, memory=1 << 30), workers=4)
    assert {"--cpus-per-task=6", "--mem=4096M", "--gres=gpu:1"} <= {*words}


def test_without_resources_an_agent_is_one_core() -> None:
    words = request_of({}).words(Resources(), workers=1)
    assert "--cpus-per-task=1" in words
    assert not [word for word in words if word.startswith(("--gres", "--mem", "--time"))]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("infinite", math.inf), ("1:00", 60), ("30:00", 1800), ("2:00:00", 7200), ("30", 1800),
     ("1-00:00:00", 86400), ("2-12", 216000), ("1-06:30", 109800)],
)  # fmt: skip
def test_limits_are_read_as_slurm_writes_them(text: str, seconds: float) -> None:
    assert limit_s(text) == seconds


@given(st.integers(2, 60 * 24 * 400))
def test_a_time_reaches_slurm_as_it_was_meant(minutes: int) -> None:
    words = request_of({"time": f"{minutes}m", "notice": "1s"}).words(Resources(), 1)
    (word,) = [word for word in words if word.startswith("--time=")]
    assert limit_s(word.removeprefix("--time=")) == minutes * 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partitoin": "gpu"}, "slurm has no option partitoin; it has partition, account"),
        ({"time": 30}, "time=30 has no unit; write for instance time='4h'"),
        ({"time": "30"}, "time='30' has no unit; write for instance time='30m'"),
        ({"time": "soon"}, "time='soon': that is no time span"),
        ({"time": "1m"}, "time='1m' is not above the notice of 60 s"),
        ({"agents": 0}, "agents=0 is no count"),
        ({"extra": "--array=0-3"}, "extra='--array=0-3' is for sonde to say; leave it out"),
        ({"extra": "'open"}, "No closing quotation; close the quotes"),
        ({"setup": "nowhere.sh"}, "setup='nowhere.sh': No such file or directory"),
        ({"account": 3}, "account=3 is no text; write for instance account='physics'"),
    ],
)
def test_a_wrong_option_is_refused_with_a_remedy(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        request_of(options)
    assert str(refusal.value).startswith("--on slurm(")
    assert message in str(refusal.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as refusal:
        executor("slurm(time=30, agents=0)")
    assert "time=30" in str(refusal.value)
    assert "agents=0" in str(refusal.value)


def test_setup_lines_stand_in_the_script_and_the_token_does_not_in_its_words(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("setup") / "setup.sh"
    file.write_text("module load cuda\n")
    for setup in (str(file), "module load cuda"):
        request = request_of({"setup": setup, "container": "apptainer exec --nv 'my image.sif'"})
        script = request.script('{"a": "it\'s"}', {"SONDE_TOKEN": "secret"})
        assert "\nmodule load cuda\n" in script
        assert "apptainer exec --nv 'my image.sif' python3 -m sonde.executors.posted" in script
        assert "export SONDE_TOKEN=secret\n" in script
        assert not [word for word in request.words(Resources(), 1) if "secret" in word]
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_without_slurm_the_place_says_what_is_missing(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(ConfigError, match="--on slurm: there is no sbatch here; call it where"):
        executor("slurm").room(Resources())


def test_the_python_of_the_driver_runs_agents_unless_there_is_a_container() -> None:
    assert request_of({}).python == sys.executable
    assert request_of({"container": "apptainer exec image.sif"}).python == "python3"
