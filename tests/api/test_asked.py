"""Ask and tell: the user's own loop, on lease."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sonde
from lab import until
from sonde.controller import utc_now
from sonde.core.trial import Verdict
from sonde.store import open_store
from sonde.store.protocol import Ask, Decision


def declared(store: Any = "memory:", **options: Any) -> sonde.Sweep:
    return sonde.sweep(None, {"x": [1, 2, 3]}, store=store, **{"minimize": "loss"} | options)


def test_a_trial_is_asked_for_reported_and_told() -> None:
    sweep = declared()
    with sweep.ask() as t:
        assert t.params == {"x": 1}
        assert (t.number, t.attempt) == (0, 1)
        assert not t.should_stop
        t.report(0.31, step=1)
        t.report({"loss": 0.3, "acc": 0.9}, step=2)
        assert sweep.trials[0].state == "running"
        assert sweep.trials[0].metrics == {"loss": 0.3, "acc": 0.9}  # kept at once
        t.tell(0.27)
    (trial,) = sweep.trials
    assert (trial.state, trial.value) == ("done", 0.27)
    assert list(sweep.store.curves(sweep.id)[0]["loss"].steps) == [1, 2, 3]
    assert sweep.best.number == 0


def test_leaving_without_a_word_takes_what_was_reported() -> None:
    sweep = declared()
    with sweep.ask() as t:
        t.report(0.5)
    assert (sweep.trials[0].state, sweep.trials[0].value) == ("done", 0.5)


def test_leaving_without_any_value_is_a_failure() -> None:
    sweep = declared()
    with sweep.ask():
        pass
    assert (sweep.trials[0].state, sweep.trials[0].error) == ("failed", "left without a value")


def test_an_exception_fails_the_trial_and_goes_on_its_way() -> None:
    sweep = declared()

    def work() -> None:
        with sweep.ask() as t:
            t.report(0.5)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()
    assert (sweep.trials[0].state, sweep.trials[0].error) == ("failed", "ValueError: no")


def test_ctrl_c_gives_the_trial_back() -> None:
    sweep = declared()
    with pytest.raises(KeyboardInterrupt), sweep.ask():
        raise KeyboardInterrupt
    assert sweep.trials[0].state == "waiting"
    assert sweep.ask().params == {"x": 1}


def test_a_trial_can_be_told_by_its_number_also_from_another_process() -> None:
    sweep = declared()
    first, second = sweep.ask(), sweep.ask()
    sweep.tell(first, 3.0)
    sweep.tell(second.number, {"loss": 2.0, "acc": 1})
    sweep.ask()
    elsewhere = sonde.Sweep(sweep.store, sweep.id)
    elsewhere.tell(2, 1.0)
    assert [t.value for t in sweep.trials] == [3.0, 2.0, 1.0]
    with pytest.raises(sonde.IllegalTransitionError, match="trial 2 is done"):
        elsewhere.tell(2, 1.0)
    with pytest.raises(sonde.NotFoundError, match="no trial 7; it has 3"):
        elsewhere.tell(7, 1.0)


def test_a_trial_ends_once() -> None:
    trial = declared().ask()
    trial.tell(1.0)
    late: list[Callable[[], None]] = [
        lambda: trial.tell(1.0),
        lambda: trial.report(1.0),
        trial.fail,
        trial.give_back,
    ]
    for again in late:
        with pytest.raises(sonde.IllegalTransitionError, match="trial 0 is done already"):
            again()
    assert trial.should_stop


def test_a_trial_can_fail_or_be_given_back() -> None:
    sweep = declared()
    sweep.ask().fail("out of memory")
    sweep.ask().give_back()
    assert [(t.state, t.error) for t in sweep.trials] == [
        ("failed", "out of memory"),
        ("waiting", None),
    ]


def test_what_is_no_number_is_refused_and_the_trial_stays_open() -> None:
    trial = declared().ask()
    with pytest.raises(sonde.ConfigError, match="a str and not a number"):
        trial.tell("good")
    with pytest.raises(sonde.ConfigError, match="nothing was reported before"):
        trial.tell()
    trial.tell(1.0)


def test_one_number_is_too_few_for_two_goals() -> None:
    sweep = declared(minimize=["a", "b"])
    trial = sweep.ask()
    with pytest.raises(sonde.ConfigError, match="1 number for 2 goals: a, b"):
        trial.tell(1.0)
    trial.tell((1.0, 2.0))
    assert sweep.trials[0].values == (1.0, 2.0)


def test_values_of_ones_own_can_be_asked_for() -> None:
    sweep = declared()
    waiting = sweep.enqueue(x=2)
    trial = sweep.ask({"x": 3})
    assert trial.params == {"x": 3}
    assert trial.number == 1
    assert sweep.trials[waiting].state == "waiting"
    assert sweep.trials[1].record.origin == "user"
    with pytest.raises(sonde.ConfigError, match="x: 9 is not in"):
        sweep.ask({"x": 9})


def test_a_grid_is_exhausted_when_all_of_it_was_asked_for() -> None:
    sweep = declared()
    asked = [sweep.ask() for _ in range(3)]
    assert [t.params["x"] for t in asked] == [1, 2, 3]
    with pytest.raises(sonde.ExhaustedError, match="no further point"):
        sweep.ask()


def test_a_paused_or_stopped_sweep_gives_no_trial() -> None:
    sweep = declared()
    sweep.pause()
    with pytest.raises(sonde.ExhaustedError, match=r"it is paused \(paused by the user\)"):
        sweep.ask()
    with pytest.raises(sonde.ExhaustedError, match="it is paused"):
        sweep.ask({"x": 1})
    sweep.resume()
    assert sweep.ask().params == {"x": 1}
    sweep.stop()
    with pytest.raises(sonde.ExhaustedError, match="it is stopped"):
        sweep.ask()


def test_who_is_asked_to_stop_hears_of_it() -> None:
    sweep = declared()
    with sweep.ask() as t:
        t.report(1.0)
        sweep.cancel()
        until(lambda: t.should_stop, 20)
    assert sweep.trials[0].state == "cancelled"


def test_a_lease_is_renewed_however_long_the_trial_is_silent() -> None:
    sweep = declared()
    trial = sweep.ask()
    threading.Event().wait(1.6)
    # The lease was for 10 s; somebody who comes 10.4 s after its beginning finds it renewed.
    later = utc_now() + timedelta(seconds=8.8)
    assert not sweep.store.lease(sweep.id, Ask(agent="other"), later)
    trial.tell(1.0)


def test_several_threads_ask_and_no_two_get_the_same_trial() -> None:
    sweep = sonde.sweep(None, {"x": list(range(40))}, minimize="loss", store="memory:")
    got: list[int] = []

    def work() -> None:
        for _ in range(10):
            with sweep.ask() as t:
                got.append(t.params["x"])
                t.tell(t.params["x"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(40))
    assert {t.state for t in sweep.trials} == {"done"}


DIES = """
import os, signal, sonde
sweep = sonde.sweep(None, {"x": [1, 2, 3]}, minimize="loss", name="mine")
trial = sweep.ask()
trial.report(0.5)
print(trial.number, trial.attempt, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_trial_of_a_program_that_died_is_asked_for_again(tmp_path: Path) -> None:
    env = os.environ | {"SONDE_STORE": str(tmp_path / "s.db")}
    argv = [sys.executable, "-c", DIES]
    first = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert (first.returncode, first.stdout) == (-signal.SIGKILL, "0 1\n")
    again = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert again.stdout == "0 2\n"
    store = open_store(str(tmp_path / "s.db"))
    sweep = sonde.Sweep.open("mine", store=store)
    assert [t.metrics for t in sweep.trials] == [{"loss": 0.5}]
    store.close()


def test_another_process_works_on_a_trial_by_its_environment(tmp_path: Path) -> None:
    sweep = declared(str(tmp_path / "s.db"))
    script = (
        "import sonde; sonde.log(loss=sonde.config.x / 4, step=7); sonde.log(seed=sonde.seed())"
    )
    with sweep.ask() as t:
        subprocess.run([sys.executable, "-c", script], env=os.environ | t.environment(), check=True)
        t.tell()
    (trial,) = sweep.trials
    assert (trial.state, trial.metrics) == ("done", {"loss": 0.25, "seed": float(t.seed)})
    assert list(sweep.store.curves(sweep.id)[0]["loss"].steps) == [7]


def test_a_process_that_works_on_a_trial_hears_that_it_is_to_end(tmp_path: Path) -> None:
    sweep = declared(str(tmp_path / "s.db"))
    script = (
        "import sonde, time\nsonde.log(loss=1.0)\nwhile not sonde.should_stop(): time.sleep(0.01)\n"
    )
    with sweep.ask() as t:
        child = subprocess.Popen([sys.executable, "-c", script], env=os.environ | t.environment())
        while not sweep.trials[0].metrics:
            time.sleep(0.01)
        sweep.store.commit(
            sweep.id,
            Decision(against=sweep.store.get_sweep(sweep.id).revision, verdicts={0: Verdict.STOP}),
            utc_now(),
        )
        assert child.wait(timeout=100) == 0
        assert t.should_stop
        t.tell()
    assert (sweep.trials[0].state, sweep.trials[0].value) == ("stopped", 1.0)


def test_a_declared_number_of_trials_ends_the_asking_and_may_grow() -> None:
    store = open_store("memory:")
    space = {"x": sonde.Float(0, 1)}
    for trials in (2, 5):
        sweep = sonde.sweep(None, space, minimize="y", name="s", store=store, trials=trials)
        while len(sweep.trials) < trials:
            sweep.ask().tell(0.5)
        with pytest.raises(sonde.ExhaustedError):
            sweep.ask()
        assert (len(sweep.trials), sweep.state) == (trials, "done")


def test_a_number_of_trials_that_is_none_is_refused() -> None:
    with pytest.raises(sonde.ConfigError, match="trials=0"):
        declared(trials=0)
