"""Functions in worker processes: from scripts, notebooks and closures, as they stand."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sonde
from lab import until
from sonde.api.crew import named_as_run
from sonde.api.shipping import pack


def swept(work: Any, folder: Path, space: Any = None, **options: Any) -> sonde.Sweep:
    options = {"minimize": "loss", "store": str(folder / "s.db")} | options
    return sonde.sweep(work, {"x": [1, 2, 3, 4]} if space is None else space, **options)


def python(
    folder: Path, *argv: str, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    env = os.environ | {"SONDE_STORE": str(folder / "s.db")}
    return subprocess.run(
        [sys.executable, *argv],
        cwd=folder, env=env, input=stdin, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


HELPER = "def square(x):\n    return x * x\n"
SCRIPT = """
import os
import sonde
from helper import square

class Model:
    def loss(self, x):
        return float(square(x - 3))

def train(x):
    sonde.log(loss=10.0)
    sonde.log(pid=os.getpid())
    assert sonde.config.x == x
    return Model().loss(x)

sweep = sonde.sweep(train, {"x": [1, 2, 3, 4]}, minimize="loss")
sweep.run(workers=2, progress=False)
print(sweep.best.params, [t.value for t in sweep.trials])
print(os.getpid() not in {t.metrics["pid"] for t in sweep.trials})
"""
PRINTED = "{'x': 3} [4.0, 1.0, 0.0, 1.0]\nTrue\n"


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "tune.py").write_text(SCRIPT)
    done = python(tmp_path, "tune.py")
    assert (done.stdout, done.stderr) == (PRINTED, "")


def test_a_script_may_be_started_from_another_folder(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "helper.py").write_text(HELPER)
    (code / "tune.py").write_text(SCRIPT)
    assert python(tmp_path, "code/tune.py").stdout == PRINTED


@pytest.mark.parametrize("argv", [["-"], ["-i", "-q"]])
def test_a_notebook_or_a_prompt_can_do_it_too(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    # A notebook executes the text of a cell in `__main__`, without a file.
    done = python(tmp_path, *argv, stdin=SCRIPT if argv == ["-"] else f"exec({SCRIPT!r})\n")
    assert done.stdout == PRINTED, done.stderr


def test_closures_lambdas_and_functions_of_a_module_that_nobody_can_import(tmp_path: Path) -> None:
    target = 3

    def train(x: int) -> float:
        return float((x - target) ** 2) + _of_this_module(x)

    sweep = swept(train, tmp_path).run(workers=2, progress=False)
    assert [t.value for t in sweep.trials] == [4.5, 1.5, 0.5, 1.5]
    other = swept(lambda x: x + target, tmp_path).run(workers=1, progress=False)
    assert [t.value for t in other.trials] == [4.0, 5.0, 6.0, 7.0]


def _of_this_module(x: int) -> float:
    return 0.5


def test_what_comes_of_a_trial_is_the_same_as_in_this_process(tmp_path: Path) -> None:
    def train(kind: str, layers: list[int]) -> Any:
        assert type(layers) is list
        sonde.log({"acc": np.float32(0.5)}, step=3)
        (sonde.checkpoint() / "model").write_text(kind)
        print("printed", kind)
        return {
            "none": None, "nan": float("nan"), "int": np.int64(2), "dict": {"loss": 1, "n": 2.0}
        }.get(kind) if kind != "raise" else 1 / 0  # fmt: skip

    space = {"kind": ["none", "nan", "int", "dict", "raise"], "layers": [[1, 2]]}
    found = []
    for workers in (0, 1):
        sweep = swept(train, tmp_path, space).run(workers=workers, progress=False)
        found.append([(t.state, repr(t.metrics), t.error) for t in sweep.trials])
        assert "in train" in (sweep.trials[4].traceback or "")
    assert found[0] == found[1]
    assert [state for state, _, _ in found[0]] == ["done"] * 4 + ["failed"]
    assert found[0][4][2] == "ZeroDivisionError: division by zero"
    folder = tmp_path / ".sonde" / "trials" / sweep.id / "1"
    assert (folder / "checkpoint" / "model").read_text() == "nan"
    assert "printed nan\n" in (folder / "stdout.log").read_text()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_function_that_logs_all_goals_may_return_one_number(tmp_path: Path, workers: int) -> None:
    def train(x: int) -> float:
        sonde.log(loss=x, time=1.0)
        return x

    sweep = swept(train, tmp_path, minimize=["loss", "time"]).run(workers=workers, progress=False)
    assert [t.metrics for t in sweep.trials] == [{"loss": x, "time": 1.0} for x in (1, 2, 3, 4)]


def test_devices_and_cores_are_handed_to_trials(tmp_path: Path) -> None:
    def train(x: int) -> dict[str, float]:
        env = os.environ
        return {"loss": int(env["CUDA_VISIBLE_DEVICES"]), "n": int(env["OMP_NUM_THREADS"])}

    sweep = swept(train, tmp_path)
    sweep.run(workers=1, gpus=[7], gpus_per_trial=0.5, cpus_per_trial=1, progress=False)
    assert [t.metrics for t in sweep.trials] == [{"loss": 7.0, "n": 1.0}] * 4


def test_a_function_that_is_asked_to_stop_gets_past_its_own_except_exception(
    tmp_path: Path,
) -> None:
    def train(x: int) -> float:
        while True:
            try:
                sonde.log(loss=1.0)
                time.sleep(0.02)
            except Exception:  # noqa: BLE001
                return 99.0

    sweep = swept(train, tmp_path, {"x": [1, 2]})
    begun: list[float] = []

    def cancel() -> None:
        until(lambda: [bool(trial.metrics) for trial in sweep.trials] == [True, True])
        begun.append(time.monotonic())
        sweep.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    sweep.run(workers=2, progress=False)
    assert time.monotonic() - begun[0] < 20  # by itself it would never end
    thread.join()
    assert [t.state for t in sweep.trials] == ["cancelled"] * 2
    assert all(t.metrics["loss"] == 1.0 for t in sweep.trials)


def test_an_edited_function_is_what_runs_next(tmp_path: Path) -> None:
    def version(factor: int) -> Any:
        def train(x: float) -> int:
            return factor

        return train

    space = {"x": sonde.Float(0, 1)}
    swept(version(1), tmp_path, space, name="n").run(trials=2, workers=1, progress=False)
    sweep = swept(version(2), tmp_path, space, name="n")
    sweep.run(trials=4, workers=1, progress=False)
    assert [t.value for t in sweep.trials] == [1.0, 1.0, 2.0, 2.0]
    # Whoever has the store can go on without the program.
    sonde.Sweep.open("n", store=sweep.url).run(trials=5, workers=1, progress=False)
    assert sweep.trials[4].value == 2.0


def test_a_function_that_cannot_be_sent_is_refused_with_a_way_out(tmp_path: Path) -> None:
    lock = threading.Lock()

    def train(x: int) -> float:
        with lock:
            return x

    sweep = swept(train, tmp_path)
    with pytest.raises(sonde.ConfigError, match=r"sonde\.sweep\(train\): .*workers=0"):
        sweep.run(workers=1, progress=False)
    sweep.run(workers=0, progress=False)
    assert sweep.best.value == 1.0


def test_an_importable_function_travels_by_name(tmp_path: Path) -> None:
    import textwrap

    assert len(pack(textwrap.dedent)) < 5_000


KILLED = """
import os, sys, time
import sonde

def train(x):
    sonde.log(loss=x)
    with open("calls", "a") as calls:
        calls.write(f"{x}\\n")
    time.sleep(0.05)
    return x

space = {"x": sonde.Float(0, 1)}
sweep = sonde.sweep(train, space, minimize="loss", name="mine")
sweep.run(trials=20, workers=2, progress=False)
print(len(sweep.trials), {t.state for t in sweep.trials})
"""


def test_after_sigkill_the_same_script_goes_on_to_the_total(tmp_path: Path) -> None:
    (tmp_path / "tune.py").write_text(KILLED)
    env = os.environ | {"SONDE_STORE": str(tmp_path / "s.db")}
    with subprocess.Popen([sys.executable, "tune.py"], cwd=tmp_path, env=env) as process:
        calls = tmp_path / "calls"
        while not calls.exists() or len(calls.read_text().split()) < 6:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    done = python(tmp_path, "tune.py")
    assert done.stdout == "20 {'done'}\n", done.stderr
    numbers = calls.read_text().split()
    assert len(set(numbers)) == 20  # every point was run
    assert len(numbers) <= 22  # and only what was cut off ran twice
    sweep = sonde.Sweep.open("mine", store=str(tmp_path / "s.db"))
    assert [t.number for t in sweep.trials] == list(range(20))


def test_a_command_is_run_from_python_as_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").write_text(
        "import sys, json\nlr = 0.5\n"
        "open('reports.jsonl', 'w')\n"
        "import sonde\nsonde.log(val_loss=lr * int(sys.argv[1]))\n"
    )
    monkeypatch.chdir(tmp_path)
    sweep = sonde.sweep("train.py 10", {"lr": [0.1, 0.2]}, minimize="val_loss", store="s.db")
    sweep.run(workers=2, progress=False)
    assert [(t.state, t.value) for t in sweep.trials] == [("done", 1.0), ("done", 2.0)]
    assert not (tmp_path / "reports.jsonl").exists()


def test_a_place_that_cannot_be_used_is_named_as_the_program_names_it() -> None:
    fault = sonde.ConfigError("--on ray", "Ray is not installed here", "pip install ray")
    with (
        pytest.raises(sonde.ConfigError, match=r"^run\(on='ray'\): Ray is not") as refusal,
        named_as_run("ray"),
    ):
        raise fault
    assert refusal.value.remedy == "pip install ray"
