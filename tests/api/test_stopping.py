"""Early stopping from Python: functions, ask and tell, workers."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

import sonde
from sonde.errors import StoreError
from sonde.store import open_store
from sonde.store.protocol import Store

LEVELS = [3, 1, 2, 0, 5, 4]  # of the loss, in the order of a grid


def swept(work: Any, stop: str | None = "asha(eta=2)", **options: Any) -> sonde.Sweep:
    options = {"minimize": "loss", "store": "memory:", "method": "grid"} | options
    return sonde.sweep(work, {"level": LEVELS}, stop=stop, **options)


def states(sweep: sonde.Sweep) -> list[str]:
    return [trial.state for trial in sweep.trials]


def test_a_function_here_is_stopped_by_the_very_report_that_shows_it_is_poor() -> None:
    logged: list[int] = []

    def train(level: int) -> None:
        logged.append(0)
        for _ in range(8):
            logged[-1] += 1
            sonde.log(loss=level)

    sweep = swept(train).run(workers=0, progress=False)
    # 3 comes first, 1 and 0 are better than all before them; with eta 2 the second of three
    # goes on, and so does nobody after the half.
    assert logged == [8, 8, 8, 8, 1, 1]
    assert states(sweep) == ["done"] * 4 + ["stopped"] * 2
    assert sweep.trials[4].why_stopped == "asha: after 1 step at place 5 of 5, and the best 3 go on"
    assert sweep.trials[0].why_stopped is None
    assert sweep.trials[4].metrics == {"loss": 5.0}
    assert sweep.best.params == {"level": 0}


@pytest.mark.parametrize("store", ["memory:", "file"])
def test_a_function_that_asks_hears_it_at_once_and_may_still_return(
    store: str, tmp_path: Path
) -> None:
    asked: dict[int, list[bool]] = {}

    def train(level: int) -> float:
        heard = asked[level] = []
        for _ in range(3):
            try:
                sonde.log(loss=level)
            except sonde.Stopped:
                heard.append(sonde.should_stop())
                break
            heard.append(sonde.should_stop())
        return level + 0.5

    place = "memory:" if store == "memory:" else str(tmp_path / "sonde.db")
    sweep = swept(train, "asha(eta=2, min_steps=2)", store=place).run(workers=0, progress=False)
    assert asked[3] == [False, False, False]
    assert asked[5] == asked[4] == [False, True]
    assert states(sweep)[4:] == ["stopped", "stopped"]
    assert sweep.trials[4].value == 5.5  # what it returned counts


def test_a_stopped_trial_is_never_the_best_only_because_it_ended_early() -> None:
    def train(level: int) -> None:
        for step in range(8):
            sonde.log(loss=level + step)  # gets worse and worse

    sweep = swept(train).run(workers=0, progress=False)
    assert sweep.best.state == "done"


def test_a_trial_that_is_asked_for_hears_it_with_its_report() -> None:
    sweep = swept(None)
    steps = [0] * len(LEVELS)
    for _ in LEVELS:
        with sweep.ask() as t:
            while steps[t.number] < 8 and not t.should_stop:
                t.report(t.params["level"])
                steps[t.number] += 1
    assert steps == [8, 8, 8, 8, 1, 1]
    assert states(sweep) == ["done"] * 4 + ["stopped"] * 2


def test_a_program_that_never_asked_and_came_to_its_end_has_not_been_stopped() -> None:
    sweep = swept(None)
    for _ in LEVELS:
        with sweep.ask() as t:
            for _ in range(8):
                t.report(t.params["level"])
            t.tell(t.params["level"])
    assert states(sweep) == ["done"] * 6
    assert all(trial.why_stopped is None for trial in sweep.trials)


def test_a_further_attempt_that_starts_over_is_judged_by_its_own_reports() -> None:
    store = open_store("memory:")
    first = swept(None, "asha(eta=2, min_steps=2)", store=store, name="x")
    with first.ask() as t:
        for _ in range(3):
            t.report(1.0)
    poor = first.ask()
    poor.report(9.0, step=0)
    poor.give_back()  # with one report, before it is judged
    again = sonde.Sweep.open("x", store=store).ask()
    assert (again.number, again.attempt) == (1, 2)
    again.report(0.5, step=0)
    assert not again.should_stop
    again.report(0.5, step=1)
    assert not again.should_stop
    worse = sonde.Sweep.open("x", store=store).ask()
    worse.give_back()
    once_more = sonde.Sweep.open("x", store=store).ask()
    for step in range(2):
        once_more.report(7.0, step=step)
    assert once_more.should_stop


def test_workers_are_stopped_and_what_they_reached_is_kept(tmp_path: Path) -> None:
    def train(level: int) -> None:
        for _ in range(200):
            sonde.log(loss=level)
            time.sleep(0.1 if level == 5 else 0)

    sweep = swept(train, store=str(tmp_path / "sonde.db"), method="grid")
    sweep.run(workers=1, progress=False)
    assert sweep.trials[4].state == "stopped"
    assert len(sweep.store.curves(sweep.id)[4]["loss"].values) < 200
    assert sweep.trials[4].value == 5.0
    assert sweep.best.params == {"level": 0}


class Counting:
    """A store that counts how many curves are read."""

    def __init__(self, store: Store) -> None:
        self._store, self.read = store, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def curves(self, sweep: str, trials: Any = None, metrics: Any = None) -> Any:
        found = self._store.curves(sweep, trials, metrics)
        self.read += len(found)
        return found


def test_curves_are_read_of_changed_trials_only() -> None:
    store: Any = Counting(open_store("memory:"))

    def train(x: int) -> None:
        for _ in range(20):
            sonde.log(loss=x)

    sweep = sonde.sweep(
        train, {"x": sonde.Int(1, 200)}, minimize="loss", stop="median", method="random",
        store=store,
    )  # fmt: skip
    sweep.run(trials=100, workers=0, progress=False)
    # Each once when it has ended, and once more when the sweep is opened anew after the run.
    assert store.read <= 2 * 100


class Broken(Counting):
    """A store that takes no decisions for a while."""

    fails = 0

    def commit(self, sweep: str, decision: Any, now: Any, ask: Any = None) -> Any:
        if self.fails and decision.verdicts:
            self.fails -= 1
            raise StoreError("the disk is full")
        return self._store.commit(sweep, decision, now, ask)


def test_a_store_in_trouble_stops_no_training_and_the_trial_hears_later() -> None:
    store: Any = Broken(open_store("memory:"))
    store.fails = 2
    logged: dict[int, int] = {}

    def train(level: int) -> None:
        for step in range(8):
            logged[level] = step
            sonde.log(loss=level)

    sweep = swept(train, store=store).run(workers=0, progress=False)
    assert sweep.trials[4].state == "stopped"
    assert logged[5] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop": "ahsa"}, "stop ahsa: there is no such stopping rule; did you mean asha?"),
        ({"stop": 3}, "stop 3: that is no name of a stopping rule"),
        ({"repeats": 2}, "stop asha: a repeat that is stopped has no result for the mean"),
        ({"minimize": None}, "stop asha: there is no metric to stop by"),
        ({"minimize": ["a", "b"]}, "stop asha: a rule goes by one metric, and there are 2 goals"),
    ],
)
def test_a_rule_that_cannot_judge_is_refused_before_anything_is_stored(
    options: dict[str, Any], message: str
) -> None:
    store = open_store("memory:")
    given: dict[str, Any] = {"stop": "asha", "store": store, "minimize": "loss"} | options
    with pytest.raises(sonde.ConfigError, match=message.replace("?", r"\?")):
        sonde.sweep(None, {"x": [1, 2]}, **given)
    assert not store.list_sweeps()


def test_the_same_name_with_another_rule_is_another_definition() -> None:
    store = open_store("memory:")
    swept(None, "asha", store=store, name="x")
    swept(None, "asha", store=store, name="x")
    with pytest.raises(sonde.ConfigError, match="stopping: asha, now median"):
        swept(None, "median", store=store, name="x")
    with pytest.raises(sonde.ConfigError, match="stopping: asha, now none"):
        swept(None, None, store=store, name="x")


def test_reports_from_several_threads_of_a_function_are_all_judged() -> None:
    def train(level: int) -> None:
        def log() -> None:
            for _ in range(50):
                try:
                    sonde.log(loss=level)
                except sonde.Stopped:
                    return

        threads = [threading.Thread(target=log) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    sweep = swept(train).run(workers=0, progress=False)
    assert states(sweep)[4:] == ["stopped", "stopped"]
    assert all(t.summaries["loss"].count <= 200 for t in sweep.trials)
