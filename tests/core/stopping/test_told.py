"""What a search is told of trials that a rule cut short."""

from dataclasses import replace

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


def told(goal: Goal, *trials: Trial) -> list[float | None]:
    fold = Told(goal)
    return [fold.of(trial).value(goal) for trial in trials]


def test_it_is_no_better_than_the_median_of_those_that_are_done() -> None:
    done = [make(n, loss=loss) for n, loss in enumerate([1.0, 5.0, 3.0])]
    assert told(LAST, *done, stopped(3, 2.0), stopped(4, 4.0)) == [1, 5, 3, 3, 4]
    most = Goal(metric="loss", direction=Direction.MAXIMIZE)
    assert told(most, *done, stopped(3, 2.0), stopped(4, 4.0)) == [1, 5, 3, 2, 3]
    mean = Goal(metric="loss", summary=SummaryKind.MEAN)
    assert told(mean, *done, stopped(3, 2.0)) == [1, 5, 3, 3]


def test_the_smallest_value_of_a_curve_is_what_it_is() -> None:
    least = Goal(metric="loss", summary=SummaryKind.MIN)
    assert told(least, make(0, loss=3.0), stopped(1, 2.0)) == [3, 2]


def test_where_none_is_done_its_own_value_has_to_do() -> None:
    assert told(LAST, stopped(0, 2.0), make(1, State.FAILED, loss=9.0), stopped(2, 1.0)) == [
        2,
        9,
        1,
    ]


@given(st.lists(st.tuples(st.booleans(), st.floats(-9, 9))), st.integers(0, 20))
def test_whoever_starts_anew_tells_the_same(found: list[tuple[bool, float]], cut: int) -> None:
    trials = [
        stopped(n, loss) if is_stopped else make(n, loss=loss)
        for n, (is_stopped, loss) in enumerate(found)
    ]
    assert told(LAST, *trials)[:cut] == told(LAST, *trials[:cut])


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, State.CANCELLED, State.STOPPED])
def test_other_trials_stay_as_they_are(state: State) -> None:
    trial = make(1, state, loss=1.0)
    fold = Told(LAST)
    fold.of(make(0, loss=3.0))
    assert fold.of(trial) is trial
