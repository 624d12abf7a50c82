"""One step of a sweep."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.constraint import Constraint
from sonde.core.decide import Decider, Situation
from sonde.core.decision import Decision
from sonde.core.distributions import Float, Int
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.search.grid import Cursor, Grid
from sonde.core.search.protocol import Request
from sonde.core.space import Params, space_of
from sonde.core.sweep import (
    Budget,
    Control,
    EarlierSweep,
    Sweep,
    difference,
    sweep_from_json,
    sweep_to_json,
)
from sonde.core.trial import State, Verdict
from trials import at, make

GRID = Sweep(space=space_of({"x": [1, 2, 3, 4]}), goals=(Goal(metric="loss"),), method="grid")
NOW = Situation(7, Control.RUNNING, Budget(), at(100))


def params(decision: Decision | None) -> list[dict[str, Any]]:
    return [] if decision is None else [dict(new.params) for new in decision.add]


def history_of(sweep: Sweep, *rows: Any) -> History:
    history = History(sweep)
    history.add(rows)
    return history


def test_whom_the_rule_stops_is_told_with_the_reason_whatever_else_is_decided() -> None:
    sweep = replace(GRID, stopping="hyperband(min_iter=1)")
    rows = [make(n, State.RUNNING, params={"x": n + 1}, loss=float(n)) for n in range(3)]
    for control in (Control.RUNNING, Control.DONE, Control.PAUSED, Control.STOPPED):
        decider, history = Decider(sweep), history_of(sweep, *rows)
        assert decider.judge is not None
        for row in rows:
            decider.judge.hear(row, [0], [row.metrics["loss"].last], [0.0])
        decision = decider.decide(history, replace(NOW, control=control), want=1)
        assert decision is not None
        assert decision.verdicts == {2: Verdict.STOP}
        why = "hyperband: after 1 value at place 3 of 3, and the best 2 go on"
        assert decision.reasons == {2: why}
        assert params(decision) == ([{"x": 4}] if control is Control.RUNNING else [])
    assert decider.decide(history, replace(NOW, control=Control.CANCELLED), want=1) is None


def test_it_tops_up_the_waiting_trials_and_no_more() -> None:
    waiting = make(0, State.WAITING, params={"x": 1}, span=None)
    decision = Decider(GRID).decide(history_of(GRID, waiting), NOW, want=3)
    assert decision is not None
    assert params(decision) == [{"x": 2}, {"x": 3}]
    assert decision.against == 7
    assert decision.control is None
    assert Decider(GRID).decide(history_of(GRID, waiting), NOW, want=1) is None


def test_a_budget_is_a_total_that_counts_failed_trials() -> None:
    failed = make(0, State.FAILED, params={"x": 1})
    situation = replace(NOW, budget=Budget(trials=2))
    decision = Decider(GRID).decide(history_of(GRID, failed), situation, want=9)
    assert decision is not None
    assert params(decision) == [{"x": 2}]
    assert decision.control is Control.DONE
    assert decision.reason == "budget of 2 trials"


def test_a_spent_budget_ends_the_sweep_without_another_trial() -> None:
    done = make(0, params={"x": 1})
    situation = replace(NOW, budget=Budget(trials=1))
    decision = Decider(GRID).decide(history_of(GRID, done), situation, want=1)
    assert decision is not None
    assert not decision.add
    assert decision.control is Control.DONE


def test_a_method_with_nothing_left_ends_the_sweep() -> None:
    decision = Decider(GRID).decide(history_of(GRID), NOW, want=9)
    assert decision is not None
    assert params(decision) == [{"x": x} for x in (1, 2, 3, 4)]
    assert decision.control is Control.DONE
    assert decision.reason == "grid has no further point to propose"


@pytest.mark.parametrize("control", [c for c in Control if c is not Control.RUNNING])
def test_a_sweep_that_does_not_run_gets_no_decision(control: Control) -> None:
    situation = replace(NOW, control=control)
    assert Decider(GRID).decide(history_of(GRID), situation, want=3) is None


def test_out_of_time_running_trials_are_stopped_and_waiting_ones_kept_for_more_time() -> None:
    rows = (
        make(0, params={"x": 1}, span=(0, 40)),
        make(1, State.RUNNING, params={"x": 2}, span=(40, 0)),
        make(2, State.WAITING, params={"x": 3}, span=None),
    )
    history = history_of(GRID, *rows)
    enough = replace(NOW, budget=Budget(time_s=100))
    decision = Decider(GRID).decide(history, enough, want=2)
    assert decision is not None
    assert dict(decision.verdicts) == {1: Verdict.STOP}
    assert decision.control is Control.STOPPED
    more = Decider(GRID).decide(history, replace(NOW, budget=Budget(time_s=101)), want=2)
    assert more is not None
    assert not more.verdicts


def test_the_time_budget_holds_also_when_every_trial_is_proposed_already() -> None:
    rows = (
        make(0, params={"x": 1}, span=(0, 40)),
        make(1, State.RUNNING, params={"x": 2}, span=(40, 0)),
    )
    situation = replace(NOW, control=Control.DONE, budget=Budget(time_s=100))
    history = history_of(GRID, *rows)
    decision = Decider(GRID).decide(history, situation, want=0)
    assert decision is not None
    assert dict(decision.verdicts) == {1: Verdict.STOP}
    after = replace(situation, control=decision.control or Control.DONE)
    assert Decider(GRID).decide(history, after, want=0) is None  # once is enough


@given(st.sampled_from(["grid", "random", "quasirandom"]), st.integers(1, 6), st.integers(1, 30))
def test_a_controller_that_starts_anew_decides_what_the_first_one_would_have(
    name: str, want: int, length: int
) -> None:
    space = space_of({"x": list(range(8)), "y": [0.5, 1.5, 2.5, 3.5]})
    sweep = Sweep(space=space, goals=(Goal(metric="loss"),), method=name, seed=3)
    decider, history = Decider(sweep), History(sweep)
    while len(history.trials) < length:
        going = decider.decide(history, NOW, want)
        again, read = Decider(sweep), History(sweep)
        read.add(history.trials)
        again.observe(history.trials)
        assert again.decide(read, NOW, want) == going
        assert going is not None
        first = len(history.trials)
        new = [make(first + i, params=p, loss=1.0) for i, p in enumerate(params(going))]
        history.add(new)
        decider.observe(new)
        if going.control is Control.DONE:
            break
    keys = [space.key(trial.params) for trial in history.trials]
    assert len(set(keys)) == len(keys)


def test_a_method_hears_of_what_runs_and_of_what_waits() -> None:
    heard: list[Request] = []

    class Listening(Grid):
        def propose(self, state: Cursor, request: Request) -> list[Params]:
            heard.append(request)
            return super().propose(state, request)

    decider = Decider(GRID)
    decider._method = Listening()
    rows = (
        make(0, State.RUNNING, params={"x": 1}),
        make(1, params={"x": 2}, loss=1.0),
        make(2, State.WAITING, params={"x": 3}, span=None),
    )
    decider.decide(history_of(GRID, *rows), NOW, want=2)
    assert [dict(params) for params in heard[0].pending] == [{"x": 1}, {"x": 3}]
    assert heard[0].first == 3


START = replace(GRID, start=({"x": 3}, {"x": 2}))


def test_the_users_points_come_first_in_their_order_and_are_not_repeated() -> None:
    decision = Decider(START).decide(history_of(START), NOW, want=9)
    assert decision is not None
    assert params(decision) == [{"x": 3}, {"x": 2}, {"x": 1}, {"x": 4}]
    assert [new.origin for new in decision.add] == ["user", "user", "method", "method"]
    assert decision.control is Control.DONE


def test_the_users_points_count_in_the_budget() -> None:
    situation = replace(NOW, budget=Budget(trials=1))
    decision = Decider(START).decide(history_of(START), situation, want=9)
    assert params(decision) == [{"x": 3}]


def test_a_decision_that_came_to_nothing_is_made_again() -> None:
    decider = Decider(START)
    first = decider.decide(history_of(START), NOW, want=3)
    assert decider.decide(history_of(START), NOW, want=3) == first


def test_of_the_users_points_only_those_are_added_that_are_not_there() -> None:
    one = make(0, State.WAITING, params={"x": 3}, span=None)
    decision = Decider(START).decide(history_of(START, one), NOW, want=2)
    assert params(decision) == [{"x": 2}]


def test_a_guess_is_tried_first_whatever_the_method() -> None:
    space = space_of({"x": Float(0, 1, guess=0.2), "y": Int(1, 9)})
    for name in ("random", "quasirandom", "tpe", "bayes", "cmaes", "evolution"):
        sweep = Sweep(space=space, goals=GRID.goals, method=name)
        assert params(Decider(sweep).decide(History(sweep), NOW, want=1)) == [{"x": 0.2, "y": 5}]


def test_definitions_with_points_and_earlier_sweeps_are_read_back_the_same() -> None:
    source = EarlierSweep(id="abcdefgh", name="old", blob="0" * 64)
    choice = space_of({"x": [[1, 2], [3]], "y": Float(0, 1, guess=0.5)})
    sweep = Sweep(space=choice, start=({"x": (1, 2), "y": 0.5},), earlier=(source,))
    assert sweep_from_json(json.loads(json.dumps(sweep_to_json(sweep)))) == sweep
    old = {k: v for k, v in sweep_to_json(sweep).items() if k not in {"start", "earlier"}}
    assert sweep_from_json(old) == replace(sweep, start=(), earlier=())


def test_two_definitions_differ_by_which_sweeps_they_learn_from_not_by_what_was_learnt() -> None:
    sources = [EarlierSweep(id=i, name=n, blob=b) for i, n, b in ("aax", "aby", "baz")]
    one, same, other = (replace(GRID, earlier=(source,)) for source in sources)
    assert difference(one, same) == []
    assert difference(one, other) == ["earlier: a, now b"]
    assert difference(GRID, START) == ["start: none, now x=3; x=2"]


def test_the_users_points_are_repeated_like_all_others() -> None:
    sweep = replace(START, repeats=2)
    decision = Decider(sweep).decide(history_of(sweep), NOW, want=5)
    assert decision is not None
    assert [(new.params["x"], new.origin) for new in decision.add] == [
        (3, "user"), (3, "repeat"), (2, "user"), (2, "repeat"), (1, "method"),
    ]  # fmt: skip


def aimed(target: float, **more: Any) -> Sweep:
    return replace(GRID, goals=(Goal(metric="loss", target=target),), **more)


def test_once_the_target_is_reached_nothing_is_added_and_what_waits_is_cancelled() -> None:
    sweep = aimed(0.5)
    rows = [make(0, params={"x": 1}, loss=0.4), make(1, State.RUNNING, params={"x": 2}),
            make(2, State.WAITING, params={"x": 3}, span=None)]  # fmt: skip
    decision = Decider(sweep).decide(history_of(sweep, *rows), NOW, want=3)
    assert decision is not None
    assert not decision.add
    assert decision.verdicts == {2: Verdict.CANCEL}
    assert decision.control is Control.DONE
    assert decision.reason == "trial 0 reached the target, loss 0.5"


@pytest.mark.parametrize(
    ("state", "loss", "reached"),
    [
        (State.DONE, 0.5, 0), (State.DONE, 0.51, None), (State.DONE, float("nan"), None),
        (State.RUNNING, 0.1, 0), (State.STOPPED, 0.1, 0), (State.FAILED, 0.1, None),
    ],
)  # fmt: skip
def test_a_target_is_reached_by_what_counts_as_good_while_it_runs_too(
    state: State, loss: float, reached: int | None
) -> None:
    assert history_of(aimed(0.5), make(0, state, loss=loss)).reached == reached


def test_with_repeats_the_mean_has_to_reach_the_target_and_constraints_are_kept_to() -> None:
    twice = aimed(0.5, repeats=2)
    one, other = make(0, params={"x": 1}, loss=0.1), make(1, params={"x": 1}, loss=0.95)
    assert history_of(twice, one, other).reached is None
    assert history_of(twice, one, replace(other, metrics=one.metrics)).reached == 0
    bound = aimed(0.5, constraints=(Constraint(metric="ms", bound=5),))
    assert history_of(bound, make(0, loss=0.1, ms=9)).reached is None
    assert history_of(bound, make(0, loss=0.1, ms=4)).reached == 0


def test_with_a_target_little_is_proposed_ahead() -> None:
    assert Decider(aimed(0.5)).adaptive
    assert not Decider(GRID).adaptive


def test_a_method_that_learns_proposes_no_more_than_may_begin() -> None:
    sweep = aimed(0.5, space=space_of({"x": list(range(99))}))
    rows = [make(n, State.RUNNING, params={"x": n}) for n in range(2)]

    def made(sweep: Sweep, workers: int | None) -> int:
        situation = replace(NOW, budget=Budget(workers=workers))
        return len(params(Decider(sweep).decide(history_of(sweep, *rows), situation, want=8)))

    assert [made(sweep, workers) for workers in (None, 5, 2, 1)] == [8, 3, 0, 0]
    assert made(replace(sweep, goals=GRID.goals), 2) == 8  # a grid may be written ahead
