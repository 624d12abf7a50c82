"""When failures end a sweep."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.decide import Decider, Situation
from sonde.core.failing import FIRST, is_for_failures, why_failing
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Command, Control, Sweep, difference
from sonde.core.trial import State, Trial
from trials import at, make

WORK = Command(argv=("train.py",), folder="/x")
SWEEP = Sweep(space=space_of({"x": list(range(99))}), method="grid", work=WORK)
NOW = Situation(7, Control.RUNNING, Budget(), at(100))
F, D, S, C = State.FAILED, State.DONE, State.STOPPED, State.CANCELLED


def after(states: list[State], most: int | None = None) -> History:
    history = History(replace(SWEEP, max_failures=most))
    history.add(make(number, state) for number, state in enumerate(states))
    return history


@pytest.mark.parametrize(
    ("states", "most", "why"),
    [
        ([F] * FIRST, None, "the first 5 trials all failed"),
        ([F] * (FIRST - 1), None, None),
        ([D] + [F] * 50, None, None),
        ([S] + [F] * 50, None, None),
        ([C] + [F] * FIRST, None, "5 trials in a row failed"),
        ([F, F], 2, "the first 2 trials all failed"),
        ([F], 1, "the first trial failed"),
        ([D, F], 1, "a trial failed"),
        ([D, F, D, F, F], 2, "2 trials in a row failed"),
        ([D, F, C, F], 2, "2 trials in a row failed"),
        ([F, D, F], 2, None),
        ([F] * 50, 0, None),
    ],
)
def test_so_many_failures_in_a_row_stop_a_sweep_or_a_bad_start_does(
    states: list[State], most: int | None, why: str | None
) -> None:
    history = after(states, most)
    assert why_failing(history) == why
    decision = Decider(history.sweep).decide(history, NOW, want=1)
    assert decision is not None
    assert decision.control is (None if why is None else Control.STOPPED)
    assert len(decision.add) == (why is None)
    if why is not None:
        assert decision.reason == why
        assert is_for_failures(why)


def test_what_is_all_proposed_already_is_stopped_too_and_waits_for_a_resume() -> None:
    history = after([*[F] * FIRST, State.WAITING, State.WAITING])
    decision = Decider(history.sweep).decide(history, replace(NOW, control=Control.DONE), want=0)
    assert decision is not None
    assert decision.control is Control.STOPPED
    assert not decision.verdicts
    is_over = after([F] * FIRST)
    situation = replace(NOW, control=Control.DONE)
    assert Decider(is_over.sweep).decide(is_over, situation, want=0) is None


def test_trials_that_began_with_those_that_failed_are_waited_for() -> None:
    history = History(SWEEP)
    history.add([make(n, State.RUNNING, span=(0, 0)) for n in range(9)])
    history.add([make(n, F, span=(0, 1 + n)) for n in range(8)])
    assert why_failing(history) is None  # number 8 runs, and began before the first one failed
    history.add([make(9, State.RUNNING, span=(2, 2))])
    assert why_failing(history) is None
    history.add([make(8, F, span=(0, 99))])
    assert why_failing(history) == "the first 9 trials all failed"
    other = History(SWEEP)
    other.add([*(make(n, F, span=(0, 1)) for n in range(8)), make(8, D, span=(0, 99))])
    assert why_failing(other) is None


def test_a_limit_of_ones_own_waits_for_nobody() -> None:
    history = History(replace(SWEEP, max_failures=2))
    history.add([make(0, F), make(1, F), make(2, State.RUNNING, span=(0, 0))])
    assert why_failing(history) == "the first 2 trials all failed"


def test_who_goes_on_all_the_same_is_heeded_until_as_many_fail_again() -> None:
    history = after([F] * FIRST)
    history.forgive()
    assert why_failing(history) is None
    history.add(make(FIRST + n, F) for n in range(FIRST))
    assert why_failing(history) == "5 trials in a row failed"


def test_a_program_that_asks_and_tells_is_left_alone() -> None:
    history = History(replace(SWEEP, work=None))
    history.add(make(number, F) for number in range(50))
    assert why_failing(history) is None


@given(st.lists(st.sampled_from([F, D, S, C]), max_size=12), st.randoms())
def test_the_order_in_which_trials_end_counts_and_not_that_of_their_numbers(
    states: list[State], random: object
) -> None:
    numbers = list(range(len(states)))
    random.shuffle(numbers)  # type: ignore[attr-defined]
    ended = [replace(make(n, state), version=v) for v, (n, state) in
             enumerate(zip(numbers, states, strict=True), 1)]  # fmt: skip
    history = History(SWEEP)
    history.add(sorted(ended, key=lambda trial: trial.number))
    kept = [state for state in states if state is not C]
    row = next((i for i, state in enumerate(reversed(kept)) if state is not F), len(kept))
    assert history.failed_in_a_row == row


def test_another_limit_makes_no_other_sweep_of_it() -> None:
    assert not difference(SWEEP, replace(SWEEP, max_failures=7))


def unmeasured(trials: list[Trial], most: int | None = None) -> History:
    goals = (Goal(metric="loss"), Goal(metric="acc"))
    history = History(replace(SWEEP, goals=goals, max_failures=most))
    history.add(trials)
    return history


def test_a_metric_that_none_of_the_first_trials_reports_stops_a_sweep_unless_failures_may() -> None:
    trials = [make(n, D) for n in range(FIRST)]
    why = "none of the first 5 trials reported loss or acc"
    assert why_failing(unmeasured(trials)) == why
    assert is_for_failures(why)
    assert why_failing(unmeasured(trials, most=0)) is None
    assert why_failing(unmeasured(trials[1:])) is None
    assert why_failing(unmeasured([make(n, S) for n in range(FIRST)])) is None


@pytest.mark.parametrize("place", [0, 3, FIRST - 1, FIRST])
def test_one_value_of_one_goal_is_enough_also_of_a_trial_that_still_runs(place: int) -> None:
    trials = [make(n, D) for n in range(3 * FIRST)]
    trials[place] = make(place, D, loss=float("nan"))
    assert why_failing(unmeasured(trials)) is None
    trials[place] = make(place, State.RUNNING, loss=1.0)
    assert why_failing(unmeasured(trials)) is None


def test_who_goes_on_all_the_same_is_given_five_more_trials() -> None:
    history = unmeasured([make(n, D) for n in range(FIRST)])
    history.forgive()
    history.add([make(FIRST + n, D) for n in range(FIRST - 1)])
    assert why_failing(history) is None
    history.add([make(2 * FIRST - 1, D)])
    assert why_failing(history) is not None
