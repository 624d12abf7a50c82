"""States and their successors."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.metric import Goal
from sonde.core.trial import ENDED, SUCCESSORS, State, check_transition, losses
from sonde.errors import IllegalTransitionError
from trials import make

states = st.sampled_from(State)


def test_every_state_has_its_successors_written_down() -> None:
    assert set(SUCCESSORS) == set(State)


@given(states, states)
def test_an_ended_trial_stays_as_it_is(before: State, after: State) -> None:
    legal = True
    try:
        check_transition(before, after)
    except IllegalTransitionError:
        legal = False
    assert legal == (after in SUCCESSORS[before])
    assert not (legal and before in ENDED)


@given(states)
def test_every_living_state_can_reach_an_end(state: State) -> None:
    reached, frontier = {state}, {state}
    while frontier:
        frontier = {after for s in frontier for after in SUCCESSORS[s]} - reached
        reached |= frontier
    assert reached & ENDED


def test_the_refusal_names_what_may_follow() -> None:
    with pytest.raises(IllegalTransitionError) as refusal:
        check_transition(State.WAITING, State.DONE)
    assert str(refusal.value) == (
        "a waiting trial cannot become done; it may become cancelled, running"
    )


def test_only_done_and_stopped_trials_have_losses() -> None:
    goals = (Goal(metric="loss"),)
    for state in State:
        found = losses(make(0, state, loss=0.5), goals)
        assert found == ((0.5,) if state in {State.DONE, State.STOPPED} else None)
    assert losses(make(0), goals) is None
    assert losses(make(0, loss=math.nan), goals) == (math.inf,)
