"""What a search is told of trials that a rule cut short."""

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.stopping.told import Told
from sonde.core.trial import WHY_STOPPED, State, Trial
from trials import make

LAST = Goal(metric="loss")


def stopped(number: int, loss: float) -> Trial:
    return replace(make(number, State.STOPPED, loss=loss), facts={WHY_STOPPED: "asha: why"})


def told(
    goal: Goal, *trials: Trial, curves: dict[int, list[float]] | None = None
) -> list[float | None]:
    fold = Told(goal)
    return [fold.of(trial, (curves or {}).get(trial.number, ())).value(goal) for trial in trials]


def test_it_ends_where_it_stood_plus_what_others_still_gained_from_there() -> None:
    curves = {0: [9.0, 5.0, 1.0], 1: [8.0, 4.0, 2.0], 2: [9.0, 8.0, 3.0], 3: [9.0, 8.0]}
    done = [make(n, loss=curves[n][-1]) for n in range(3)]
    # After the second value the others gained 4, 2 and 5.
    assert told(LAST, *done, stopped(3, 8.0), curves=curves)[-1] == 4.0
    assert told(LAST, *done, stopped(3, 7.0), curves=curves | {3: [7.0]})[-1] == 2.0  # 6, 8, 6
    # Nobody came as far as it did.
    assert told(LAST, *done, stopped(3, 7.0), curves=curves | {3: [7.0] * 9})[-1] == 7.0


def test_where_curves_rise_it_is_told_as_worse_than_it_stood() -> None:
    curves = {0: [0.0, 2.0], 1: [1.0, 4.0], 2: [1.5]}
    done = [make(n, loss=curves[n][-1]) for n in range(2)]
    assert told(LAST, *done, stopped(2, 1.5), curves=curves)[-1] == 4.0
    most = Goal(metric="loss", direction=Direction.MAXIMIZE)
    fallen = {number: [-v for v in curve] for number, curve in curves.items()}
    fell = [make(n, loss=fallen[n][-1]) for n in range(2)]
    assert told(most, *fell, stopped(2, -1.5), curves=fallen)[-1] == -4.0


def test_it_is_no_better_than_the_median_of_those_that_are_done() -> None:
    done = [make(n, loss=loss) for n, loss in enumerate([1.0, 5.0, 3.0])]
    assert told(LAST, *done, stopped(3, 2.0), stopped(4, 4.0)) == [1, 5, 3, 3, 4]
    most = Goal(metric="loss", direction=Direction.MAXIMIZE)
    assert told(most, *done, stopped(3, 2.0), stopped(4, 4.0)) == [1, 5, 3, 2, 3]
    mean = Goal(metric="loss", summary=SummaryKind.MEAN)
    assert told(mean, *done, stopped(3, 2.0)) == [1, 5, 3, 3]


def test_the_best_value_of_a_curve_is_never_told_as_worse_than_it_is() -> None:
    least = Goal(metric="loss", summary=SummaryKind.MIN)
    assert told(least, make(0, loss=3.0), stopped(1, 2.0)) == [3, 2]
    curves = {0: [9.0, 3.0], 1: [8.0]}
    assert told(least, make(0, loss=3.0), stopped(1, 8.0), curves=curves) == [3, 3]


def test_where_none_is_done_its_own_value_has_to_do() -> None:
    trials = stopped(0, 2.0), make(1, State.FAILED, loss=9.0), stopped(2, 1.0)
    assert told(LAST, *trials) == [2, 9, 1]


def test_one_that_diverged_stays_so() -> None:
    assert (
        told(LAST, make(0, loss=3.0), stopped(1, inf), curves={0: [9.0, 3.0], 1: [inf]})[1] == inf
    )


@given(st.lists(st.tuples(st.booleans(), st.lists(st.floats(-9, 9), min_size=1))))
def test_only_what_ended_before_plays_a_part(found: list[tuple[bool, list[float]]]) -> None:
    trials = [
        stopped(n, curve[-1]) if is_stopped else make(n, loss=curve[-1])
        for n, (is_stopped, curve) in enumerate(found)
    ]
    curves = {n: curve for n, (_, curve) in enumerate(found)}
    whole = told(LAST, *trials, curves=curves)
    for cut in range(len(trials)):
        assert told(LAST, *trials[:cut], curves=curves) == whole[:cut]


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED, State.STOPPED])
def test_other_trials_stay_as_they_are(state: State) -> None:
    trial = make(1, state, loss=1.0)
    fold = Told(LAST)
    fold.of(make(0, loss=3.0), [3.0])
    assert fold.of(trial, [1.0]) is trial
