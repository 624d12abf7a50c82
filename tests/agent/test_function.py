"""Functions as trials: called in warm workers, stopped, crashed, and what they return."""

import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import sonde
from lab import Lab, until
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.sweep import Control, Function
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError, Stopped
from sonde.store.protocol import SweepRecord

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def sweep(lab: Lab, function: Callable[..., Any], **settings: Any) -> SweepRecord:
    blob = lab.store.put_blob(cloudpickle.dumps(function))
    work = Function(name="f", folder=str(lab.folder), blob=blob, grace_s=1.0)
    given: dict[str, Any] = {"space": {"x": [1]}, "goals": (Goal(metric="loss"),)} | settings
    return lab.sweep(work=work, **(given | {"space": given["space"]}))


def ran(lab: Lab, function: Callable[..., Any], **settings: Any) -> Trial:
    record = sweep(lab, function, **settings)
    lab.run(record)
    return lab.trials(record)[0]


def wait_for_ever(x: int) -> None:
    while True:
        time.sleep(0.02)


def test_a_function_gets_its_values_and_its_return_value_is_the_goal(lab: Lab) -> None:
    def f(x: int, opt: str) -> float:
        print("x is", x, opt)
        return x / 2

    record = sweep(lab, f, space={"x": [1, 3], "opt": ["a"]})
    lab.run(record)
    trials = lab.trials(record)
    assert [trial.metrics["loss"].last for trial in trials] == [0.5, 1.5]
    assert lab.of(record, 1).stdout.read_text() == "x is 3 a\n"
    assert trials[0].facts["pid"] == trials[1].facts["pid"]  # one warm worker
    assert trials[0].facts["pid"] != os.getpid()


def test_what_it_logs_are_reports(lab: Lab) -> None:
    def f(x: int) -> None:
        for step in range(3):
            sonde.log(loss=x * step)

    trial = ran(lab, f, space={"x": [2]})
    assert (trial.state, trial.metrics["loss"].count) == (State.DONE, 3)
    assert trial.metrics["loss"].last == 4


def test_each_trial_has_its_own_environment_and_the_folder_of_the_user(lab: Lab) -> None:
    def f(x: int) -> float:
        before = os.environ.get("LEFT")
        os.environ["LEFT"] = "over"
        print(Path.cwd(), os.environ["SONDE_TRIAL"], sonde.config["x"], before, flush=True)
        os.chdir("/")
        os.system("echo from a child")
        return 0.0

    record = sweep(lab, f, space={"x": [7, 8]})
    lab.run(record)
    texts = [lab.of(record, n).stdout.read_text() for n in (0, 1)]
    assert texts == [f"{lab.folder} {n} {7 + n} None\nfrom a child\n" for n in (0, 1)]


@pytest.mark.parametrize(
    ("value", "metrics"),
    [
        (0.0, {"loss": 0.0, "acc": None}),
        ({"loss": 1, "other": float("inf")}, {"loss": 1.0, "other": float("inf")}),
        ((1, 2.5), {"loss": 1.0, "acc": 2.5}),
        (None, {}),
    ],
)
def test_what_a_return_value_means(lab: Lab, value: Any, metrics: dict[str, float]) -> None:
    goals = (Goal(metric="loss"), Goal(metric="acc"))
    single = isinstance(value, float)
    trial = ran(lab, lambda x: value, goals=goals[:1] if single else goals)
    assert trial.state is State.DONE
    told = {name: summary.last for name, summary in trial.metrics.items()}
    assert told == {name: number for name, number in metrics.items() if number is not None}


def test_a_return_value_that_is_no_number_is_an_error_that_names_it(lab: Lab) -> None:
    trial = ran(lab, lambda x: "low")
    assert trial.state is State.FAILED
    assert "loss is 'low', a str and not a number" in (trial.error or "")


def test_an_exception_fails_the_trial_and_the_worker_lives_on(lab: Lab) -> None:
    def f(x: int) -> float:
        if x == 1:
            raise RuntimeError("too small\nfar too small")
        return 1.0

    record = sweep(lab, f, space={"x": [1, 2]})
    lab.run(record)
    first, second = lab.trials(record)
    assert (first.state, first.error) == (State.FAILED, "RuntimeError: too small")
    assert first.facts["traceback"].startswith("Traceback (most recent call last):\n")
    assert "worker.py" not in first.facts["traceback"]
    assert "in f\n" in lab.of(record).stderr.read_text()
    assert (second.state, second.facts["pid"]) == (State.DONE, first.facts["pid"])


@pytest.mark.parametrize(
    ("crash", "error"),
    [
        (lambda: os._exit(7), "its process ended: exit status 7"),
        (lambda: ctypes.string_at(0), "its process ended: killed by signal 11 (SIGSEGV)"),
        (lambda: os.kill(os.getpid(), 9), "killed by signal 9 (SIGKILL) (was memory short?)"),
        (lambda: sys.exit(3), "SystemExit: 3"),
    ],
)
def test_a_crash_fails_the_trial_and_the_next_one_runs(
    lab: Lab, crash: Callable[[], None], error: str
) -> None:
    def f(x: int) -> float:
        if x == 1:
            crash()
        return 1.0

    record = sweep(lab, f, space={"x": [1, 2]})
    lab.run(record)
    first, second = lab.trials(record)
    assert first.state is State.FAILED
    assert error in (first.error or "")
    assert second.state is State.DONE


def test_a_function_that_stops_itself_is_stopped(lab: Lab) -> None:
    def f(x: int) -> float:
        sonde.log(loss=2)
        raise Stopped("enough")

    trial = ran(lab, f)
    assert (trial.state, trial.metrics["loss"].last) == (State.STOPPED, 2)


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_cancelled_function_ends_where_it_is(lab: Lab, stubborn: bool) -> None:
    def f(x: int) -> float:
        (lab_base / "begun").touch()
        while True:
            try:
                wait_for_ever(x)
            except BaseException:
                if not stubborn:
                    raise

    lab_base = lab.base
    record = sweep(lab, f)
    agent = lab.spawn(record)
    until((lab.base / "begun").exists)
    lab.store.update_sweep(record.id, utc_now(), control=Control.CANCELLED)
    assert agent.wait(100) == 0
    assert lab.states(record) == ["cancelled"]


def test_a_function_that_cannot_be_loaded_says_so(lab: Lab) -> None:
    class Broken:
        def __reduce__(self) -> tuple[Any, ...]:
            return __import__, ("no_such_module",)

        def __call__(self, x: int) -> None: ...

    trial = ran(lab, Broken())
    assert trial.state is State.FAILED
    assert trial.error == (
        "the function cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"
    )


def test_a_function_that_was_never_sent_is_refused(lab: Lab) -> None:
    record = lab.sweep(work=Function(name="f", folder=str(lab.folder)))
    with pytest.raises(ConfigError, match="never sent to the store"):
        lab.run(record)


def test_functions_run_at_once_in_workers_of_their_own(lab: Lab) -> None:
    base = lab.base

    def f(x: int) -> float:
        (base / f"{x}.here").touch()
        while not all((base / f"{n}.here").exists() for n in (1, 2)):
            time.sleep(0.01)
        return os.getpid()

    record = sweep(lab, f, space={"x": [1, 2]})
    lab.run(record, workers=2)
    assert len({trial.metrics["loss"].last for trial in lab.trials(record)}) == 2
