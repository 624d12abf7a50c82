"""Repeats: every assignment so many times, told to the search as one."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.core.constraint import parse_constraint
from sonde.core.decide import Decider, Situation
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.repeats import joined, spread
from sonde.core.search.grid import Cursor, Grid
from sonde.core.search.protocol import Request
from sonde.core.space import Params, space_of
from sonde.core.streams import trial_seed
from sonde.core.sweep import Budget, Control, Sweep, difference, sweep_from_json, sweep_to_json
from sonde.core.trial import State, Trial
from trials import at, make

LOSS = Goal(metric="loss")
SWEEP = Sweep(space=space_of({"x": [1, 2, 3, 4]}), goals=(LOSS,), method="grid", repeats=3)
NOW = Situation(7, Control.RUNNING, Budget(), at(100))


def x(number: int, value: int, state: State = State.DONE, **values: float) -> Trial:
    return make(number, state, {"x": value}, (0, 1), **values)


def added(history: History, count: int, sweep: Sweep = SWEEP) -> list[tuple[Any, str]]:
    return [(new.params["x"], new.origin) for new in Decider(sweep).propose(history, count)]


def history_of(*trials: Trial, sweep: Sweep = SWEEP) -> History:
    history = History(sweep)
    history.add(trials)
    return history


def test_the_joined_trial_has_the_means_of_those_that_were_completed() -> None:
    found = joined(
        [x(4, 1, loss=1.0), x(5, 1, State.FAILED, loss=99.0), x(7, 1, State.STOPPED, loss=2.0)]
    )
    assert (found.number, found.state, found.version) == (4, State.DONE, 8)
    assert found.value(LOSS) == 1.5
    assert spread([x(0, 1, loss=1.0), x(1, 1, loss=3.0), x(2, 1, State.FAILED)], LOSS) == (2, 1, 2)
    assert spread([x(0, 1, loss=1.0)], LOSS) == (1.0, None, 1)
    assert spread([x(0, 1)], LOSS) == (None, None, 0)


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ([State.FAILED, State.FAILED], State.FAILED),
        ([State.FAILED, State.DONE], State.DONE),
        ([State.CANCELLED, State.FAILED], State.FAILED),
        ([State.CANCELLED, State.CANCELLED], State.CANCELLED),
        ([State.STOPPED, State.FAILED], State.STOPPED),
    ],
)
def test_an_assignment_has_failed_only_if_all_of_its_repeats_have(
    states: list[State], outcome: State
) -> None:
    assert joined([x(n, 1, state, loss=1.0) for n, state in enumerate(states)]).state is outcome


def test_an_assignment_that_diverges_now_and_then_has_diverged() -> None:
    found = joined([x(0, 1, loss=1.0), x(1, 1, loss=math.nan)]).value(LOSS)
    assert found is not None
    assert math.isnan(found)


def test_every_assignment_is_added_so_often_and_what_was_begun_is_completed_first() -> None:
    assert added(history_of(), 7) == [
        (1, "method"), (1, "repeat"), (1, "repeat"),
        (2, "method"), (2, "repeat"), (2, "repeat"),
        (3, "method"),
    ]  # fmt: skip
    half = history_of(x(0, 1, loss=1.0), x(1, 2, State.RUNNING))
    assert added(half, 5) == [
        (1, "repeat"), (1, "repeat"), (2, "repeat"), (2, "repeat"), (3, "method"),
    ]  # fmt: skip


def test_what_the_user_asked_for_is_repeated_too() -> None:
    own = replace(x(0, 4, State.WAITING, loss=1.0), origin="user")
    assert added(history_of(own), 3) == [(4, "repeat"), (4, "repeat"), (1, "method")]


def test_the_budget_counts_trials() -> None:
    decision = Decider(SWEEP).decide(history_of(), replace(NOW, budget=Budget(trials=4)), want=9)
    assert decision is not None
    assert [new.params["x"] for new in decision.add] == [1, 1, 1, 2]
    assert decision.control is Control.DONE
    assert Budget(trials=10).assignments(3) == 3
    assert Budget().assignments(3) is None


def test_the_search_hears_of_an_assignment_once_when_the_last_repeat_has_ended() -> None:
    history = history_of(*(x(n, 1, State.RUNNING) for n in range(3)))
    assert history.add([x(1, 1, loss=3.0)]) == []
    assert history.best is None
    assert history.add([x(0, 1, loss=1.0)]) == []
    (told,) = history.add([x(2, 1, State.FAILED)])
    assert (told.number, told.value(LOSS)) == (0, 2.0)
    assert history.best == told
    assert history.add([x(2, 1, State.FAILED)]) == []


def test_an_assignment_is_pending_until_its_last_repeat_has_ended() -> None:
    heard: list[Request] = []

    class Listening(Grid):
        def propose(self, state: Cursor, request: Request) -> list[Params]:
            heard.append(request)
            return super().propose(state, request)

    decider = Decider(SWEEP)
    decider._method = Listening()
    done = [x(n, 1, loss=1.0) for n in range(3)]
    half = [x(3, 2, loss=1.0), x(4, 2, State.RUNNING), x(5, 2, State.WAITING)]
    decider.propose(history_of(*done, *half), 2)
    assert [dict(params) for params in heard[0].pending] == [{"x": 2}]
    assert (heard[0].first, heard[0].count) == (2, 1)


def test_best_goes_by_the_mean_and_not_by_one_lucky_repeat() -> None:
    lucky = [x(n, 1, loss=loss) for n, loss in enumerate([0.0, 9.0, 9.0])]
    good = [x(3 + n, 2, loss=loss) for n, loss in enumerate([2.0, 3.0, 4.0])]
    open_one = [x(6, 3, loss=-9.0)]
    best = history_of(*lucky, *good, *open_one).best
    assert best is not None
    assert (best.number, best.value(LOSS)) == (3, 3.0)


def test_one_more_repeat_by_hand_counts_in_the_mean_and_may_cost_the_first_place() -> None:
    history = history_of(
        *(x(n, 1, loss=1.0) for n in range(3)), *(x(3 + n, 2, loss=2.0) for n in range(3))
    )
    assert added(history, 1) == [(3, "method")]
    history.add([x(6, 1, State.RUNNING)])
    (told,) = history.add([x(6, 1, loss=9.0)])
    assert told.number == 6
    assert history.best is not None
    assert history.best.number == 3
    assert [t.value(LOSS) for t in history.assignments()] == [3.0, 2.0]


def test_an_assignment_keeps_to_a_bound_if_its_mean_does() -> None:
    sweep = replace(SWEEP, repeats=2, constraints=(parse_constraint("ms <= 20"),))
    kept = [x(0, 1, loss=5.0, ms=10.0), x(1, 1, loss=5.0, ms=30.0)]
    broken = [x(2, 2, loss=1.0, ms=19.0), x(3, 2, loss=1.0, ms=22.0)]
    best = history_of(*kept, *broken, sweep=sweep).best
    assert best is not None
    assert best.number == 0


def test_a_definition_keeps_its_repeats_and_an_older_one_has_none() -> None:
    assert sweep_from_json(sweep_to_json(SWEEP)) == SWEEP
    older = {k: v for k, v in sweep_to_json(SWEEP).items() if k != "repeats"}
    assert sweep_from_json(older).repeats == 1
    assert difference(SWEEP, replace(SWEEP, repeats=2)) == ["repeats: 3, now 2"]


@settings(max_examples=20)
@given(st.integers(2, 4), st.integers(1, 5), st.randoms())
def test_whatever_ends_when_the_same_is_told_and_proposed_after_a_restart(
    repeats: int, want: int, chance: random.Random
) -> None:
    space = space_of({"x": list(range(6)), "y": [0.5, 1.5]})
    method = chance.choice(["grid", "quasirandom", "evolution"])
    sweep = Sweep(space=space, goals=(LOSS,), method=method, seed=3, repeats=repeats)
    decider, history = Decider(sweep), History(sweep)
    version = 0
    for _ in range(60):
        going = decider.decide(history, NOW, want)
        again, read = Decider(sweep), History(sweep)
        again.observe(read.add(history.trials))
        assert again.decide(read, NOW, want) == going
        assert read.best == history.best
        first = len(history.trials)
        new = [
            make(first + i, State.RUNNING, params=dict(n.params))
            for i, n in enumerate(going.add if going else ())
        ]
        history.add(new)
        live = [history.trials[n] for n in history.running]
        if not live and not new:
            break
        for trial in chance.sample(live, chance.randint(1, len(live))):
            version += 1
            end = make(trial.number, params=dict(trial.params), loss=chance.random())
            decider.observe(history.add([replace(end, version=version)]))
    counts = {key: len(group) for key, group in history.groups.items()}
    assert all(count == repeats for key, count in counts.items() if key not in history.open)
    assert len(history.assignments()) == len(counts)


def test_every_trial_has_a_seed_of_its_own_that_fits_everywhere() -> None:
    seeds = [trial_seed(7, number) for number in range(200)]
    assert len(set(seeds)) == 200
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert trial_seed(8, 0) != seeds[0]
