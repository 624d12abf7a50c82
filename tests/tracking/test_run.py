"""The face that a training script sees, in a trial and on its own."""

import argparse
import json
import math
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sonde
from sonde import tracking
from sonde.tracking import run as run_module


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("TRIAL_DIR", "PARAMS", "CHECKPOINT_DIR", "RAISE_STOP"):
        monkeypatch.delenv(f"SONDE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    tracking.reset()
    ends = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, ends)
    tracking.reset()


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a trial that this process works for."""
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "params.json").write_text('{"lr": 1e-05, "batch": 32, "opt": "adam"}')
    monkeypatch.setenv("SONDE_TRIAL_DIR", str(folder))
    monkeypatch.setenv("SONDE_PARAMS", str(folder / "params.json"))
    monkeypatch.setenv("SONDE_CHECKPOINT_DIR", str(folder / "kept"))
    return folder


def reports(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "reports.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(each).items() if k != "_time"} for each in lines]


def test_config_has_the_trials_values_by_attribute_by_item_and_as_a_dict(trial: Path) -> None:
    assert sonde.config.lr == sonde.config["lr"] == 1e-5
    assert sonde.config.get("lr") == 1e-5
    assert sonde.config.get("absent", 7) == 7
    assert dict(sonde.config) == {"lr": 1e-5, "batch": 32, "opt": "adam"}
    assert type(sonde.config.batch) is int
    assert list(sonde.config) == ["lr", "batch", "opt"]
    assert "opt" in sonde.config
    assert repr(sonde.config) == "Config({'lr': 1e-05, 'batch': 32, 'opt': 'adam'})"


def test_a_value_that_is_missing_is_refused_with_the_names_that_there_are(trial: Path) -> None:
    with pytest.raises(AttributeError, match="no value is called 'rate'; there are lr, batch, opt"):
        _ = sonde.config.rate
    with pytest.raises(KeyError, match="rate"):
        _ = sonde.config["rate"]
    assert not hasattr(sonde.config, "rate")


def test_the_sweeps_values_win_over_what_init_is_given(trial: Path) -> None:
    returned = sonde.init({"lr": 0.5, "epochs": 3}, momentum=0.9)
    assert returned is sonde.config
    assert dict(sonde.config) == {
        "lr": 1e-5, "batch": 32, "opt": "adam", "epochs": 3, "momentum": 0.9
    }  # fmt: skip


def test_outside_a_sweep_config_is_what_init_was_given() -> None:
    with pytest.raises(AttributeError, match=r"outside a sweep give it: sonde.init\(lr=...\)"):
        _ = sonde.config.lr
    sonde.init(argparse.Namespace(lr=0.5))
    sonde.init(batch=8)
    assert dict(sonde.config) == {"lr": 0.5, "batch": 8}


def test_log_appends_reports_that_any_program_can_read(trial: Path) -> None:
    sonde.log(val_loss=0.5)
    sonde.log({"val/loss": 0.25, "acc": 1}, step=7)
    sonde.log({"step": 8, "acc": 2.5}, more=1)
    assert reports(trial) == [
        {"val_loss": 0.5},
        {"step": 7, "val/loss": 0.25, "acc": 1.0},
        {"step": 8, "acc": 2.5, "more": 1.0},
    ]
    assert dict(sonde.summary) == {"val_loss": 0.5, "val/loss": 0.25, "acc": 2.5, "more": 1.0}
    assert sonde.summary["acc"] == 2.5


class Tensor:
    """As torch's: no number, but `float` takes it."""

    def __float__(self) -> float:
        return 0.1

    def __int__(self) -> int:
        return 3

    def __eq__(self, other: object) -> bool:
        return other == 3

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, 1.0),
        (2, 2.0),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1),
        (np.int64(3), 3.0),
        (np.array(0.5), 0.5),
        (Decimal("0.1"), 0.1),
        (Tensor(), 0.1),
        (math.nan, math.nan),
        (-math.inf, -math.inf),
    ],
)
def test_whatever_float_takes_is_a_number(trial: Path, value: Any, kept: float) -> None:
    sonde.log(a=value)
    assert [repr(each["a"]) for each in reports(trial)] == [repr(kept)]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("0.3", r"sonde\.log\(a=\.\.\.\): '0\.3' is a str, not a number; log one number"),
        (None, "None is a NoneType"),
        ([1, 2], "is a list"),
        (np.zeros(3), "is a ndarray"),
        (1j, "is a complex"),
        ({"x": 1}, "is a dict"),
        (10**400, r"\.\.\. is a int"),
    ],
)
def test_what_is_no_number_is_refused_by_name_and_nothing_of_the_call_is_kept(
    trial: Path, value: Any, what: str
) -> None:
    with pytest.raises(sonde.ConfigError, match=what):
        sonde.log(fine=1.0, a=value)
    assert not (trial / "reports.jsonl").exists()
    assert not sonde.summary


@pytest.mark.parametrize("step", [3, 3.0, np.int64(3), np.float32(3), Tensor()])
def test_a_step_is_any_whole_number(trial: Path, step: Any) -> None:
    sonde.log(a=1, step=step)
    assert reports(trial) == [{"step": 3, "a": 1.0}]


@pytest.mark.parametrize("step", [2.5, "three", math.nan, math.inf, [1]])
def test_a_step_that_is_no_whole_number_is_refused(trial: Path, step: Any) -> None:
    with pytest.raises(sonde.ConfigError, match=r"sonde\.log\(step="):
        sonde.log(a=1, step=step)


@pytest.mark.parametrize("name", ["", "_time", 3, None])
def test_a_metric_needs_a_name(name: Any) -> None:
    with pytest.raises(sonde.ConfigError, match="no name for a metric"):
        sonde.log({name: 1.0})


def test_a_bare_number_is_refused_with_an_example() -> None:
    with pytest.raises(sonde.ConfigError, match=r"sonde\.log\(val_loss=0\.31\)"):
        sonde.log(0.3)  # type: ignore[arg-type]


def test_a_report_without_metrics_leaves_no_line(trial: Path) -> None:
    sonde.log()
    sonde.log({}, step=3)
    assert not (trial / "reports.jsonl").exists()


def test_a_script_is_told_to_stop_but_its_log_does_not_raise(trial: Path) -> None:
    assert not sonde.should_stop()
    (trial / "stop").touch()
    run_module.current()._next_check = 0.0
    assert sonde.should_stop()
    sonde.log(a=1)
    (trial / "stop").unlink()
    assert sonde.should_stop()  # once asked, always asked


@pytest.mark.parametrize(("asks", "code"), [(True, 0), (False, -signal.SIGTERM)])
def test_a_script_that_asks_whether_to_stop_lives_to_hear_it(
    trial: Path, asks: bool, code: int
) -> None:
    text = (
        "import sonde, time\n"
        "sonde.log(begun=1)\n"
        f"while not ({asks} and sonde.should_stop()):\n"
        "    print('on', flush=True)\n"
        "    time.sleep(0.01)\n"
        "print('saved')\n"
    )
    argv = [sys.executable, "-c", text]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as script:
        assert script.stdout is not None
        assert script.stdout.readline() == "on\n"
        script.terminate()
        rest = script.stdout.read()
    assert script.returncode == code
    assert rest.endswith("saved\n") is asks


def test_children_of_a_script_that_asks_are_ended_by_sigterm(trial: Path) -> None:
    text = (
        "import multiprocessing, sonde, time\n"
        "sonde.should_stop()\n"
        "for _ in range(20):  # also one that is ended at once\n"
        "    child = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "    child.start()\n"
        "    child.terminate()\n"
        "    child.join(100)\n"
        "    assert child.exitcode == -15, child.exitcode\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True)


def test_a_handler_of_the_scripts_own_is_left_in_place(trial: Path) -> None:
    text = (
        "import signal, sonde\n"
        "ours = lambda *_: None\n"
        "signal.signal(signal.SIGTERM, ours)\n"
        "sonde.should_stop()\n"
        "assert signal.getsignal(signal.SIGTERM) is ours\n"
    )
    subprocess.run([sys.executable, "-c", text], check=True)


def test_in_a_function_the_report_is_kept_and_then_log_raises(
    trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONDE_RAISE_STOP", "1")
    sonde.log(a=1)
    (trial / "stop").touch()
    run_module.current()._next_check = 0.0
    with pytest.raises(sonde.Stopped):
        sonde.log(a=2)
    with pytest.raises(sonde.Stopped):
        sonde.log(a=3)
    assert reports(trial) == [{"a": 1.0}, {"a": 2.0}, {"a": 3.0}]


def test_the_file_is_looked_for_at_most_every_fifty_milliseconds() -> None:
    looks: list[int] = []

    def asked() -> bool:
        looks.append(1)
        return False

    tracking.install(tracking.Run(asked=asked))
    for _ in range(1000):
        sonde.should_stop()
    assert len(looks) < 1000


def test_stopped_gets_past_except_exception() -> None:
    assert not issubclass(sonde.Stopped, Exception)


def test_checkpoints_of_all_attempts_are_in_one_folder(trial: Path) -> None:
    folder = sonde.checkpoint()
    assert folder == trial / "kept"
    assert folder.is_dir()
    assert sonde.checkpoint() == folder


def test_outside_a_sweep_everything_works_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sonde.log(val_loss=0.5)
    sonde.log(val_loss=0.25)
    assert dict(sonde.summary) == {"val_loss": 0.25}
    assert repr(sonde.summary) == "LastValues({'val_loss': 0.25})"
    assert not sonde.should_stop()
    sonde.finish()
    assert capsys.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_outside_a_sweep_checkpoints_go_to_a_folder_beside_the_script(tmp_path: Path) -> None:
    assert sonde.checkpoint() == tmp_path / "checkpoint"


def test_logging_goes_on_after_finish(trial: Path) -> None:
    sonde.log(a=1)
    sonde.finish()
    sonde.log(a=2)
    assert reports(trial) == [{"a": 1.0}, {"a": 2.0}]


def test_after_a_reset_the_environment_is_read_again(
    trial: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sonde.log(a=1)
    other = tmp_path / "other"
    other.mkdir()
    (other / "params.json").write_text('{"lr": 3}')
    monkeypatch.setenv("SONDE_TRIAL_DIR", str(other))
    monkeypatch.delenv("SONDE_PARAMS")
    tracking.reset()
    sonde.log(a=2)
    assert (reports(trial), reports(other)) == ([{"a": 1.0}], [{"a": 2.0}])
    assert sonde.config.lr == 3
    assert not sonde.summary.get("b")


@pytest.mark.parametrize(("text", "what"), [("{", "cannot be read"), ("[1]", "holds a list")])
def test_values_that_cannot_be_read_are_refused_with_their_place(
    trial: Path, text: str, what: str
) -> None:
    (trial / "params.json").write_text(text)
    with pytest.raises(sonde.ConfigError, match=f"SONDE_PARAMS=.*params.json: .*{what}"):
        _ = sonde.config.lr
