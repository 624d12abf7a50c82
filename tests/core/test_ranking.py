"""Which trial is better."""

import math

from hypothesis import given
from hypothesis import strategies as st

from sonde.core.constraint import parse_constraint
from sonde.core.metric import Goal, parse_goal
from sonde.core.pareto import front
from sonde.core.ranking import ranked
from sonde.core.trial import State
from trials import make

LOSS = (Goal(metric="loss"),)
TWO = (parse_goal("loss:min"), parse_goal("acc:max"))


def test_failed_trials_are_never_first_and_diverged_ones_not_before_good_ones() -> None:
    trials = [
        make(0, State.FAILED, loss=0.0),
        make(1, loss=math.nan),
        make(2, loss=3.0),
        make(3, State.RUNNING, loss=2.0),
        make(4),
        make(5, State.CANCELLED, loss=0.0),
        make(6, loss=-math.inf),
    ]
    assert [trial.number for trial in ranked(trials, LOSS)] == [3, 2, 6, 1, 4, 0, 5]


def test_without_a_goal_trials_stand_in_the_order_of_their_numbers() -> None:
    assert [t.number for t in ranked([make(2), make(0), make(1)], ())] == [0, 1, 2]


small = st.integers(0, 4).map(float)


@given(st.lists(st.tuples(small, small), max_size=12))
def test_the_front_is_what_no_other_trial_dominates(points: list[tuple[float, float]]) -> None:
    trials = [make(n, loss=loss, acc=acc) for n, (loss, acc) in enumerate(points)]
    expected = {
        n
        for n, (loss, acc) in enumerate(points)
        if not any(o != (loss, acc) and o[0] <= loss and o[1] >= acc for o in points)
    }
    assert {trial.number for trial in front(trials, TWO)} == expected


@given(st.lists(st.tuples(small, small, small), max_size=10))
def test_the_front_of_three_goals_too(points: list[tuple[float, float, float]]) -> None:
    goals = (*TWO, parse_goal("ms:min"))
    trials = [make(n, loss=a, acc=-b, ms=c) for n, (a, b, c) in enumerate(points)]
    expected = {
        n
        for n, p in enumerate(points)
        if not any(o != p and all(x <= y for x, y in zip(o, p, strict=True)) for o in points)
    }
    assert {trial.number for trial in front(trials, goals)} == expected


def test_failed_and_diverged_trials_are_on_no_front() -> None:
    trials = [
        make(0, State.FAILED, loss=0.0, acc=1.0),
        make(1, loss=math.nan, acc=1.0),
        make(2, loss=1.0, acc=0.5),
    ]
    assert [trial.number for trial in front(trials, TWO)] == [2]


BOUNDS = (parse_constraint("ms <= 20"), parse_constraint("mb <= 100"))


def test_infeasible_trials_come_behind_all_feasible_ones_the_nearest_first() -> None:
    trials = [
        make(0, loss=0.1, ms=40.0, mb=0.0),  # 100 % over
        make(1, loss=0.2, ms=22.0, mb=150.0),  # 10 % and 50 %
        make(2, loss=9.0, ms=20.0, mb=100.0),
        make(3, loss=0.3, ms=1.0),  # nobody knows
        make(4, loss=math.nan, ms=1.0, mb=1.0),
        make(5, State.FAILED, loss=0.0, ms=1.0, mb=1.0),
        make(6, loss=8.0, ms=1.0, mb=1.0),
    ]
    assert [t.number for t in ranked(trials, LOSS, BOUNDS)] == [6, 2, 1, 0, 3, 4, 5]


def test_the_front_is_of_feasible_trials_only() -> None:
    trials = [make(0, loss=0.0, acc=1.0, ms=21.0), make(1, loss=1.0, acc=0.5, ms=19.0)]
    assert [t.number for t in front(trials, TWO, BOUNDS[:1])] == [1]
