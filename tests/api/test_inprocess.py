"""Functions that run in the caller's own process: `run(workers=0)`."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sonde
from lab import until
from sonde.controller import utc_now
from sonde.core.trial import Lease
from sonde.store import open_store
from sonde.tracking import current


def swept(function: Callable[..., Any], space: Any = None, **options: Any) -> sonde.Sweep:
    options = {"minimize": "loss", "store": "memory:"} | options
    return sonde.sweep(function, {"x": [1, 2, 3]} if space is None else space, **options)


def run(function: Callable[..., Any], space: Any = None, **options: Any) -> sonde.Sweep:
    limits = {k: options.pop(k) for k in ("trials", "time") if k in options}
    return swept(function, space, **options).run(workers=0, progress=False, **limits)


def test_a_grid_is_run_whole_and_the_best_is_known() -> None:
    sweep = run(lambda x, opt: (x - 2) ** 2 + (opt == "b"), {"x": [1, 2, 3], "opt": ["a", "b"]})
    assert [t.params for t in sweep.trials] == [
        {"x": x, "opt": opt} for x in (1, 2, 3) for opt in ("a", "b")
    ]
    assert sweep.best.params == {"x": 2, "opt": "a"}
    assert sweep.best.value == 0.0
    assert sweep.best.number == 2
    assert sweep.state == "done"


def test_values_are_the_users_own_types() -> None:
    seen: list[Any] = []

    def train(**values: Any) -> float:
        seen.append(values)
        assert dict(sonde.config) == values
        return 0.0

    space = sonde.Space(
        n=np.int64(8),
        batch=np.array([16]),
        lr=sonde.Float(1e-5, 1e-5),
        k=sonde.Int(3, 3),
        opt=["adam"],
        flag=[True],
        layers=[[1, (2, 3)]],
    )
    run(train, space, trials=1)
    assert {name: type(value) for name, value in seen[0].items()} == {
        "n": int, "batch": int, "lr": float, "k": int, "opt": str, "flag": bool, "layers": list
    }  # fmt: skip
    assert repr(seen[0]["lr"]) == "1e-05"
    assert seen[0]["layers"] == [1, [2, 3]]


@pytest.mark.parametrize(
    ("returned", "metrics"),
    [
        (0.5, {"loss": 0.5}),
        (2, {"loss": 2.0}),
        (np.float32(0.5), {"loss": 0.5}),
        (np.array(0.25), {"loss": 0.25}),
        ({"loss": 0.5, "acc": np.int64(1)}, {"loss": 0.5, "acc": 1.0}),
        (math.inf, {"loss": math.inf}),
    ],
)
def test_what_a_function_returns_is_its_result(returned: Any, metrics: dict[str, float]) -> None:
    (trial,) = run(lambda: returned, {"x": 1}).trials
    assert trial.state == "done"
    assert trial.metrics == metrics
    assert trial.value == metrics.get("loss")


def test_a_function_that_returns_and_logs_nothing_has_no_result_and_run_says_so() -> None:
    with pytest.warns(UserWarning, match="reported loss; nothing was reported"):
        (trial,) = run(lambda: None, {"x": 1}).trials
    assert (trial.state, trial.metrics, trial.value) == ("done", {}, None)


def test_nan_is_a_result_and_never_the_best() -> None:
    sweep = run(lambda x: math.nan if x == 1 else float(x))
    assert math.isnan(sweep.trials[0].value or 0)
    assert sweep.trials[0].state == "done"
    assert sweep.best.params == {"x": 2}


@pytest.mark.parametrize("returned", ["good", [1.0, 2.0], {"loss": "low"}, object()])
def test_what_is_no_number_fails_the_trial_and_says_why(returned: Any) -> None:
    with pytest.raises(sonde.TrialError, match="the function's return value"):
        run(lambda: returned, {"x": 1})


def test_a_function_that_raises_fails_its_trial_and_the_others_go_on() -> None:
    def train(x: int) -> float:
        if x == 2:
            raise ZeroDivisionError("by two")
        return x

    sweep = run(train)
    assert [t.state for t in sweep.trials] == ["done", "failed", "done"]
    assert sweep.trials[1].error == "ZeroDivisionError: by two"
    trace = sweep.trials[1].traceback or ""
    assert "in train" in trace
    assert "inprocess.py" not in trace.replace(__file__, "")


def test_where_every_trial_fails_run_raises_with_the_last_traceback() -> None:
    with pytest.raises(sonde.TrialError, match=r"3 trials of .* failed") as error:
        run(lambda x: x / 0)
    assert "ZeroDivisionError" in str(error.value)
    assert "Traceback" in str(error.value)


def test_the_same_lines_after_such_a_failure_say_how_to_go_on(tmp_path: Path) -> None:
    def declared(work: Any, **options: Any) -> sonde.Sweep:
        space = {"x": [1, 2], "y": sonde.Float(0, 1)}
        at = str(tmp_path / "s.db")
        return sonde.sweep(work, space, minimize="loss", name="n", store=at, **options)

    with pytest.raises(sonde.TrialError) as error:
        declared(lambda x, y: x / 0).run(trials=3, workers=0, progress=False)
    assert "new=True" not in str(error.value)
    with pytest.raises(sonde.TrialError) as error:
        declared(lambda x, y: x).run(trials=3, workers=0, progress=False)
    assert "None was left to be run now" in str(error.value)
    assert "run(trials=6) tries more points; sonde.sweep(..., new=True) starts" in str(error.value)
    fresh = [declared(lambda x, y: x, new=True) for _ in range(2)]
    assert [sweep.name for sweep in fresh] == ["n-2", "n-3"]
    fresh[0].run(trials=3, workers=0, progress=False)
    more = declared(lambda x, y: x).run(trials=6, workers=0, progress=False)
    assert [trial.state for trial in more.trials] == ["failed"] * 3 + ["done"] * 3


def test_where_a_whole_grid_has_failed_only_a_new_sweep_is_a_way_on() -> None:
    sweep = sonde.sweep(lambda x: x / 0, {"x": [1, 2]}, minimize="loss", store="memory:")
    for _ in range(2):
        with pytest.raises(sonde.TrialError) as error:
            sweep.run(progress=False)
    assert "so this is what earlier ones came to. sonde.sweep(..., new=True)" in str(error.value)
    assert len(sweep.trials) == 2


def test_a_failed_trial_is_retried_as_often_as_asked() -> None:
    calls: list[int] = []

    def train(x: int) -> float:
        calls.append(x)
        if len(calls) < 3:
            raise OSError("not yet")
        return x

    sweep = run(train, {"x": 7}, retries=2)
    assert [(t.state, t.attempts) for t in sweep.trials] == [("done", 3)]


def test_what_is_logged_is_the_curve_and_the_return_value_its_last_point() -> None:
    def train(x: int) -> float:
        for epoch in range(3):
            sonde.log(loss=10.0 - epoch, acc=epoch / 2)
        sonde.log({"other": 1.0}, step=17)
        return 1.5

    sweep = run(train, {"x": 1})
    (trial,) = sweep.trials
    assert trial.metrics == {"loss": 1.5, "acc": 1.0, "other": 1.0}
    curves = sweep.store.curves(sweep.id)[0]
    assert list(curves["loss"].steps) == [0, 1, 2, 18]
    assert list(curves["loss"].values) == [10.0, 9.0, 8.0, 1.5]
    assert list(curves["other"].steps) == [17]


def test_the_smallest_value_counts_where_the_goal_says_so() -> None:
    def train(x: int) -> None:
        for loss in (5.0, 1.0 * x, 4.0):
            sonde.log(loss=loss)

    sweep = run(train, minimize="loss:min")
    assert sweep.best.params == {"x": 1}
    assert sweep.best.value == 1.0
    assert sweep.best.metrics["loss"] == 4.0


def test_several_goals_have_a_front_instead_of_one_best() -> None:
    sweep = run(
        lambda x: (x, {1: 3, 2: 2, 3: 2}[x]), minimize=["cost"], maximize="gain", seed=1
    )  # cost 1 2 3, gain 3 2 2
    assert [t.number for t in sweep.pareto] == [0]
    assert sweep.pareto[0].values == (1.0, 3.0)


def test_a_function_without_arguments_reads_the_config() -> None:
    def train() -> float:
        return float(sonde.config.x)

    assert [t.value for t in run(train).trials] == [1.0, 2.0, 3.0]


def test_checkpoints_of_a_trial_have_a_folder_of_their_own(tmp_path: Path) -> None:
    def train(x: int) -> float:
        (sonde.checkpoint() / "model").write_text(str(x))
        return x

    sweep = run(train, store=str(tmp_path / "s.db"))
    for trial in sweep.trials:
        folder = tmp_path / ".sonde" / "trials" / sweep.id / str(trial.number) / "checkpoint"
        assert (folder / "model").read_text() == str(trial.params["x"])


def test_after_a_run_the_process_works_for_no_trial() -> None:
    before = current()
    run(lambda x: x)
    assert current() is before


def test_a_trial_that_somebody_stops_ends_at_its_next_log() -> None:
    sweep: sonde.Sweep

    def train(x: int) -> float:
        if x == 2:
            sweep.cancel()
        until = time.monotonic() + 10
        while x == 2 and time.monotonic() < until:
            sonde.log(loss=1.0)
            time.sleep(0.01)
        return x

    sweep = swept(train)
    sweep.run(workers=0, progress=False)
    assert [t.state for t in sweep.trials] == ["done", "cancelled", "cancelled"]
    assert sweep.state == "cancelled"


def test_the_time_budget_ends_a_trial_that_logs() -> None:
    def train(x: int) -> float:
        while True:
            sonde.log(loss=float(x))
            time.sleep(0.01)

    begun = time.monotonic()
    sweep = run(train, time=0.3)
    assert time.monotonic() - begun < 60
    assert {t.state for t in sweep.trials} == {"stopped", "waiting"}
    assert sweep.trials[0].state == "stopped"
    assert sweep.best.value == 1.0


def test_trials_is_a_total_over_all_runs() -> None:
    calls: list[float] = []

    def train(x: float) -> float:
        calls.append(x)
        return x

    sweep = swept(train, {"x": sonde.Float(0, 1)})
    sweep.run(trials=5, workers=0, progress=False)
    sweep.run(trials=5, workers=0, progress=False)
    assert len(calls) == 5
    sweep.run(trials=8, workers=0, progress=False)
    assert len(calls) == len({*calls}) == 8


def test_an_enqueued_trial_runs_next_with_exactly_its_values() -> None:
    sweep = swept(lambda x, k: x + k, {"x": sonde.Float(0, 1), "k": 5})
    number = sweep.enqueue(x=0.25)
    assert number == 0
    with pytest.raises(sonde.ConfigError, match=r"x: 7 is not in 0\.0\.\.1\.0"):
        sweep.enqueue({"x": 7})
    sweep.run(trials=3, workers=0, progress=False)
    assert sweep.trials[0].params == {"x": 0.25, "k": 5}
    assert len(sweep.trials) == 3


def test_a_long_silent_trial_keeps_its_lease(tmp_path: Path) -> None:
    begun, looked = threading.Event(), threading.Event()

    def train(x: int) -> float:
        begun.set()
        looked.wait(100)
        return x

    sweep = swept(train, {"x": 1}, store=str(tmp_path / "s.db"))
    other = open_store(sweep.url)
    seen: list[Any] = []

    def watch() -> None:
        begun.wait(100)
        time.sleep(1.2)
        # What is left of the lease shows that it was renewed: it began with 10 s.
        seen.extend(other.changes(sweep.id).trials)
        looked.set()

    thread = threading.Thread(target=watch)
    thread.start()
    sweep.run(workers=0, progress=False)
    thread.join()
    assert [t.state for t in seen] == ["running"]
    assert [(t.state, t.attempts) for t in sweep.trials] == [("done", 1)]
    other.close()


KILLED = """
import os, signal, sys
import sonde

def train(x):
    with open("calls", "a") as calls:
        calls.write(f"{x}\\n")
    sonde.log(loss=x)
    if len(open("calls").readlines()) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return x

sweep = sonde.sweep(train, {"x": list(range(10))}, minimize="loss", name="grid")
sweep.run(workers=0, progress=False)
print(len(sweep.trials), sweep.best.params)
"""


def test_the_same_script_goes_on_after_it_was_killed(tmp_path: Path) -> None:
    (tmp_path / "tune.py").write_text(KILLED)
    argv, env = [sys.executable, "tune.py"], os.environ | {"SONDE_STORE": str(tmp_path / "s.db")}
    first = subprocess.run(argv, cwd=tmp_path, env=env, check=False, capture_output=True)
    assert first.returncode == -signal.SIGKILL
    store = open_store(str(tmp_path / "s.db"))
    (record,) = store.list_sweeps()
    cut = store.changes(record.id).trials[3]
    assert cut.agent is not None
    now = utc_now()
    left = Lease(
        sweep=record.id, number=3, attempt=cut.attempts, agent=cut.agent, until=now, params={}
    )
    store.renew([left], now, 600.0)  # who waited for its end would wait for long
    again = subprocess.run(
        argv, cwd=tmp_path, env=env, check=True, capture_output=True, text=True, timeout=100
    )
    assert again.stdout == "10 {'x': 0}\n"
    calls = (tmp_path / "calls").read_text().split()
    assert sorted(map(int, calls)) == [0, 1, 2, 3, 3, *range(4, 10)]
    trials = store.changes(record.id).trials
    assert [t.number for t in trials] == list(range(10))
    assert {t.state.value for t in trials} == {"done"}
    store.close()


INTERRUPTED = """
import os, time
import sonde

def train(x):
    with open("begun", "a") as begun:
        begun.write("x")
    until = time.monotonic() + 100
    while not os.path.exists("go") and time.monotonic() < until:
        time.sleep(0.02)
    return x

sweep = sonde.sweep(train, {"x": list(range(50))}, minimize="loss", name="grid")
try:
    sweep.run(workers=WORKERS, progress="plain")
except KeyboardInterrupt:
    print("interrupted", end=" ")
print([t.state for t in sweep.trials if t.state != "waiting"])
"""


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(("presses", "printed"), [(1, "['done']\n"), (2, "interrupted []\n")])
def test_ctrl_c_lets_the_trial_finish_and_twice_gives_it_back(
    tmp_path: Path, presses: int, printed: str, workers: int
) -> None:
    (tmp_path / "tune.py").write_text(INTERRUPTED.replace("WORKERS", str(workers)))
    env = os.environ | {"SONDE_STORE": str(tmp_path / "s.db")}
    argv = [sys.executable, "tune.py"]
    with subprocess.Popen(
        argv, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until((tmp_path / "begun").exists)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        # Two that come at once, as they may to a process that has no time, are one.
        assert any("Ctrl-C" in line for line in process.stderr)
        if presses == 1:
            (tmp_path / "go").touch()
        else:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert out == printed, err
    assert process.returncode == 0


def test_json_events_can_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    swept(lambda x: x).run(workers=0, progress="json")
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)
