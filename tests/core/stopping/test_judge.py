"""A sweep's stopping rule, told what the store has: changed trials with their curves."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.distributions import Float
from sonde.core.history import History
from sonde.core.metric import Direction, Goal, Summary, SummaryKind
from sonde.core.space import space_of
from sonde.core.stopping.judge import Judge, judge_of
from sonde.core.stopping.protocol import Heard
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial, Verdict
from sonde.errors import ConfigError
from trials import make

SPACE = space_of({"x": Float(0, 1)})
SWEEP = Sweep(space=SPACE, goals=(Goal(metric="loss"),), stopping="hyperband(min_iter=2)")
floats = st.floats(-1e6, 1e6) | st.sampled_from([nan, inf, -inf])


class Record:
    """A rule that keeps what it hears, and stops whoever said so much."""

    name = "record"

    def __init__(self, most: int = 1000) -> None:
        self.most = most

    def start(self) -> dict[int, list[Any]]:
        return {}

    def hear(self, state: dict[int, list[Any]], heard: Heard) -> dict[int, list[Any]]:
        points = [] if heard.afresh else state.get(heard.number, [])
        return state | {heard.number: [*points, *heard.points]}

    def judge(self, state: dict[int, list[Any]], number: int) -> str | None:
        return "enough" if len(state[number]) >= self.most else None


def trial(number: int, values: Sequence[float], state: State = State.RUNNING) -> Trial:
    made = make(number, state, params={"x": 0.1 * number})
    metrics = {"loss": Summary.of(list(enumerate(values)))} if values else {}
    return replace(made, metrics=metrics)


def hear(judge: Judge, one: Trial, values: Sequence[float], first: int = 0) -> None:
    steps = range(first, first + len(values))
    judge.hear(one, steps, values, [float(step) for step in steps])


def sweep(goal: Goal = SWEEP.goals[0]) -> tuple[Judge, dict[int, list[Any]]]:
    rule = Record()
    judge = judge_of(replace(SWEEP, goals=(goal,)), lambda _: rule)
    assert judge is not None
    return judge, judge._state


def heard(judge: Judge, number: int) -> list[Any]:
    points: list[Any] = judge._state[number]
    return points


def test_only_trials_whose_curve_has_changed_have_to_be_read() -> None:
    judge, _ = sweep()
    one = trial(0, [3.0, 2.0])
    assert judge.lacks(one)
    hear(judge, one, [3.0, 2.0])
    assert not judge.lacks(one)
    assert not judge.lacks(trial(1, []))
    assert judge.lacks(trial(0, [3.0, 2.0, 1.0]))
    assert judge.lacks(replace(one, attempts=one.attempts + 1))
    assert judge.lacks(trial(0, [3.0, 2.0], State.DONE))


@given(st.lists(floats, min_size=1), st.data())
def test_a_curve_that_grows_is_told_once(values: list[float], data: st.DataObject) -> None:
    judge, _ = sweep()
    for count in data.draw(st.lists(st.integers(1, len(values)), max_size=5)):
        hear(judge, trial(0, values[:count]), values[:count])
    hear(judge, trial(0, values), values)
    whole, _ = sweep()
    hear(whole, trial(0, values), values)
    assert repr(heard(judge, 0)) == repr(heard(whole, 0))
    assert len(heard(judge, 0)) == len(values)


@given(st.lists(floats, min_size=1), st.lists(floats, min_size=1))
def test_a_curve_that_was_begun_anew_takes_the_place_of_the_old_one(
    before: list[float], after: list[float]
) -> None:
    judge, _ = sweep()
    hear(judge, trial(0, before), before)
    hear(judge, replace(trial(0, after), attempts=2), after, first=1)
    plain, _ = sweep()
    hear(plain, trial(0, after), after, first=1)
    losses = [point[:2] for point in heard(judge, 0)]
    assert repr(losses) == repr([point[:2] for point in heard(plain, 0)])


@given(st.lists(floats, min_size=1), st.sampled_from(SummaryKind), st.sampled_from(Direction))
def test_what_a_curve_has_reached_is_what_the_goal_says_of_it(
    values: list[float], kind: SummaryKind, direction: Direction
) -> None:
    goal = Goal(metric="loss", direction=direction, summary=kind)
    judge, _ = sweep(goal)
    hear(judge, trial(0, values), values)
    for end, point in enumerate(heard(judge, 0), start=1):
        summary = Summary.of(list(enumerate(values[:end])))
        assert point.reached == goal.loss(summary.value(kind))
        assert point.loss == goal.loss(values[end - 1])


def test_reports_of_a_trial_near_by_are_not_read_again_until_it_has_ended() -> None:
    judge, _ = sweep()
    judge.near.add(0)
    for step, value in enumerate([3.0, 2.0]):
        assert judge.report(0, step, value, float(step)) is None
    assert not judge.lacks(trial(0, [3.0, 2.0]))
    judge.near.discard(0)
    hear(judge, trial(0, [3.0, 2.0, 1.0], State.DONE), [3.0, 2.0, 1.0])
    assert [point.loss for point in heard(judge, 0)] == [3.0, 2.0, 1.0]


def test_a_trial_is_asked_to_stop_once_and_only_while_it_runs() -> None:
    judge = Judge(Record(most=2), SWEEP.goals[0])
    history = History(SWEEP)
    rows = [
        trial(0, [1.0, 1.0]),
        trial(1, [1.0]),
        trial(2, [1.0, 1.0], State.DONE),
        replace(trial(3, [1.0, 1.0]), asked=Verdict.STOP),
    ]
    history.add(rows)
    for row in rows:
        hear(judge, row, [1.0] * row.metrics["loss"].count)
    assert judge.stops(history) == {0: "enough"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"goals": ()},
            "stop median: there is no metric to stop by; name one, such as val_loss:min",
        ),
        (
            {"goals": (Goal(metric="a"), Goal(metric="b"))},
            "stop median: a rule goes by one metric, and there are 2 goals; keep one goal",
        ),
        (
            {"repeats": 3},
            "stop median: a repeat that is stopped has no result for the mean; leave out repeats",
        ),
    ],
)
def test_a_rule_that_cannot_judge_the_sweep_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        judge_of(replace(SWEEP, stopping="median", **changes))
    assert str(refusal.value) == message


def test_without_a_rule_nobody_judges() -> None:
    assert judge_of(replace(SWEEP, stopping=None)) is None
