"""What a method is told of failed trials, by W&B's `metric.impute`."""

from dataclasses import replace
from math import nan
from typing import Any

import pytest

from sonde.core.decide import Decider
from sonde.core.history import History
from sonde.core.imputing import Imputing
from sonde.core.metric import Direction, Goal
from sonde.core.notation.document import document_of
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Params, space_of
from sonde.core.sweep import Sweep, sweep_from_json, sweep_to_json
from sonde.core.trial import State, Trial
from sonde.core.wandb import read_sweep
from trials import make

MIN = Goal(metric="loss")


def told(goal: Goal, *trials: Trial) -> list[tuple[State, float | None]]:
    fold = Imputing((goal,))
    seen = [fold.of(trial) for trial in trials]
    return [(trial.state, trial.value(goal)) for trial in seen]


DONE, WORSE = make(0, loss=0.2), make(1, loss=0.9)
FAILED, SILENT = make(2, State.FAILED, loss=0.7), make(3, State.FAILED)


def test_a_failed_trial_is_told_as_failed_unless_the_goal_says_otherwise() -> None:
    for impute in (None, "worst"):
        goal = replace(MIN, impute=impute)
        assert not Imputing((goal,)).is_needed
        assert told(goal, DONE, FAILED)[1] == (State.FAILED, 0.7)


def test_latest_takes_the_last_value_that_it_reported_itself() -> None:
    goal = replace(MIN, impute="latest")
    assert told(goal, DONE, FAILED)[1] == (State.DONE, 0.7)
    assert told(goal, DONE, SILENT)[1] == (State.FAILED, None)
    assert told(goal, make(2, State.FAILED, loss=nan))[0][0] is State.FAILED


@pytest.mark.parametrize(("direction", "best"), [("minimize", 0.2), ("maximize", 0.9)])
def test_best_takes_the_best_of_all_that_ended_before(direction: str, best: float) -> None:
    goal = replace(MIN, impute="best", direction=Direction(direction))
    assert told(goal, DONE, WORSE, SILENT, make(4, loss=0.1))[2] == (State.DONE, best)
    assert told(goal, SILENT) == [(State.FAILED, None)]


def test_a_cancelled_trial_stays_one() -> None:
    assert told(replace(MIN, impute="best"), DONE, make(1, State.CANCELLED))[1][0] is (
        State.CANCELLED
    )


def test_a_sweep_file_says_it_and_the_store_keeps_it() -> None:
    text: dict[str, Any] = {
        "method": "bayes", "metric": {"name": "loss", "impute": "best"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    }  # fmt: skip
    read = read_sweep(document_of(text))
    assert read.sweep.goals == (replace(MIN, impute="best"),)
    assert not read.notes
    assert sweep_from_json(sweep_to_json(read.sweep)) == read.sweep
    assert read.sweep.goals[0].describe() == "min of the last loss, a failure as the best"


class Told:
    """A method that keeps what it is told."""

    name, adaptive = "told", True

    def start(self, problem: Problem) -> list[Trial]:
        return []

    def observe(self, state: list[Trial], trial: Trial) -> list[Trial]:
        return [*state, trial]

    def propose(self, state: list[Trial], request: Request) -> list[Params]:
        return [{"x": len([t for t in state if t.state is State.DONE])}]


def test_a_search_method_is_told_so_whichever_it_is() -> None:
    def done(impute: str | None) -> object:
        sweep = Sweep(
            space=space_of({"x": list(range(9))}), goals=(replace(MIN, impute=impute),),
            method="told",
        )  # fmt: skip
        decider, history = Decider(sweep, lambda _: Told()), History(sweep)
        decider.observe(history.add([DONE, WORSE, FAILED, SILENT]))
        return decider.propose(history, 1)[0].params["x"]

    assert [done(None), done("latest"), done("best")] == [2, 3, 4]
