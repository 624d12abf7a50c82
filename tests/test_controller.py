"""The controller role: load, decide, commit."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.controller import Controller, utc_now
from sonde.core.distributions import Float
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Verdict
from sonde.store import open_store
from sonde.store.protocol import Ask, Store

GRID = Sweep(space=space_of({"x": list(range(20))}), goals=(Goal(metric="loss"),), method="grid")


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("memory:")
    yield store
    store.close()


def run(store: Store, lease: Lease, **values: float) -> None:
    store.finish(lease, Outcome(state=State.DONE, values=values), utc_now())


def test_asking_decides_commits_and_leases_in_one_step(store: Store) -> None:
    sweep = store.create_sweep(GRID, utc_now()).id
    (lease,) = Controller(store, sweep).step(ask=Ask(agent="me"))
    assert (lease.number, dict(lease.params)) == (0, {"x": 0})
    assert store.get_sweep(sweep).counts[State.RUNNING] == 1


def test_two_controllers_do_no_harm(store: Store) -> None:
    sweep = store.create_sweep(GRID, utc_now()).id
    seen: list[dict[str, Any]] = []

    def work(name: str) -> None:
        controller = Controller(store, sweep)
        while leases := controller.step(ask=Ask(agent=name)):
            for lease in leases:
                seen.append(dict(lease.params))
                run(store, lease, loss=1.0)

    threads = [threading.Thread(target=work, args=(f"agent {i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p["x"] for p in seen) == list(range(20))
    record = store.get_sweep(sweep)
    assert record.control is Control.DONE
    assert record.counts[State.DONE] == 20


def test_a_controller_follows_what_others_did(store: Store) -> None:
    sweep = store.create_sweep(GRID, utc_now()).id
    watcher, worker = Controller(store, sweep), Controller(store, sweep)
    (lease,) = worker.step(ask=Ask(agent="me"))
    run(store, lease, loss=0.25)
    assert [trial.number for trial in watcher.refresh()] == [0]
    assert watcher.history.best is not None
    assert watcher.history.best.value(GRID.goals[0]) == 0.25
    assert watcher.refresh() == []


def test_what_a_step_came_to_know_is_told_by_the_next_refresh(store: Store) -> None:
    sweep = store.create_sweep(GRID, utc_now()).id
    watcher, worker = Controller(store, sweep), Controller(store, sweep)
    (lease,) = worker.step(ask=Ask(agent="me"))
    run(store, lease, loss=0.25)
    watcher.step(want=2)
    assert [(trial.number, trial.state) for trial in watcher.refresh()] == [
        (0, State.DONE),
        (1, State.WAITING),
        (2, State.WAITING),
    ]


def test_a_raised_budget_lets_a_finished_sweep_go_on(store: Store) -> None:
    few = Sweep(space=GRID.space, goals=GRID.goals, method="grid", budget=Budget(trials=1))
    sweep = store.create_sweep(few, utc_now()).id
    controller = Controller(store, sweep)
    (lease,) = controller.step(ask=Ask(agent="me"))
    run(store, lease, loss=1.0)
    assert not controller.step(ask=Ask(agent="me"))
    store.update_sweep(sweep, utc_now(), budget=Budget(trials=2), control=Control.RUNNING)
    (lease,) = controller.step(ask=Ask(agent="me"))
    assert dict(lease.params) == {"x": 1}


RULED = replace(GRID, stopping="asha(eta=2)")


def reported(store: Store, sweep: str, losses: Sequence[float], first: int = 0) -> list[Lease]:
    """Run as many trials as there are losses, each with one report, a second after the other."""
    ask = Ask(agent="a", count=len(losses))
    leases = list(Controller(store, sweep).step(len(losses), ask))
    for second, (lease, loss) in enumerate(zip(leases, losses, strict=True), start=first):
        store.report(lease, 1, [Report(0, {"loss": loss}, float(second))], utc_now())
    return leases


def asked_to_stop(store: Store, sweep: str) -> list[int]:
    trials = store.changes(sweep).trials
    return [trial.number for trial in trials if trial.asked is Verdict.STOP]


@given(st.lists(st.integers(0, 9).map(float), max_size=9), st.integers(0, 9))
def test_a_controller_that_starts_anew_stops_whom_the_former_one_would_have(
    losses: list[float], cut: int
) -> None:
    store = open_store("memory:")
    sweep = store.create_sweep(RULED, utc_now()).id
    reported(store, sweep, losses[:cut])
    Controller(store, sweep).step(0)
    reported(store, sweep, losses[cut:], first=cut)
    Controller(store, sweep).step(0)  # which knows nothing but what the store has
    better = [sum(other < loss for other in losses[:n]) for n, loss in enumerate(losses)]
    assert asked_to_stop(store, sweep) == [
        number for number, count in enumerate(better) if count >= number // 2 + 1
    ]
    revision = store.get_sweep(sweep).revision
    Controller(store, sweep).step(0)
    assert store.get_sweep(sweep).revision == revision  # once is enough


def test_controllers_that_judge_at_once_do_no_harm(store: Store) -> None:
    sweep = store.create_sweep(RULED, utc_now()).id
    both = [Controller(store, sweep) for _ in range(2)]
    reported(store, sweep, [1.0, 3.0, 2.0, 4.0])
    for controller in both:
        controller.refresh()
    for controller in both:
        controller.step(0)
    assert asked_to_stop(store, sweep) == [1, 3]


def test_a_trial_that_ends_before_it_hears_that_it_is_to_stop_is_done(store: Store) -> None:
    sweep = store.create_sweep(RULED, utc_now()).id
    _, lease = reported(store, sweep, [1.0, 3.0])
    Controller(store, sweep).step(0)
    assert asked_to_stop(store, sweep) == [1]
    ended, _ = store.finish(lease, Outcome(state=State.DONE), utc_now())
    assert (ended.state, ended.why_stopped, ended.metrics["loss"].last) == (State.DONE, None, 3.0)


def test_whoever_runs_a_trial_may_have_it_stopped(store: Store) -> None:
    sweep = store.create_sweep(RULED, utc_now()).id
    first, second = reported(store, sweep, [1.0, 1.0])
    controller = Controller(store, sweep)
    controller.stop(second.number, "patience: why")
    store.finish(first, Outcome(state=State.DONE), utc_now())
    ended, _ = store.finish(second, Outcome(state=State.STOPPED), utc_now())
    assert ended.why_stopped == "patience: why"
    controller.stop(first.number, "too late")
    assert store.changes(sweep).trials[0].state is State.DONE


@pytest.mark.parametrize("method", ["tpe", "bayes"])
def test_after_stops_a_controller_that_starts_anew_proposes_what_the_former_one_would_have(
    store: Store, method: str
) -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)})
    ruled = Sweep(space=space, goals=GRID.goals, method=method, seed=3, stopping="asha(eta=2)")
    sweep = store.create_sweep(ruled, utc_now()).id
    controller = Controller(store, sweep)
    states = []
    for _ in range(14):
        (lease,) = controller.step(1, Ask(agent="a"))
        level, state = lease.params["x"] + lease.params["y"], State.DONE
        for step in range(6):
            loss = level + 1 / (step + 1)
            store.report(lease, step + 1, [Report(step, {"loss": loss}, time())], utc_now())
            controller.step(0)
            if store.renew([lease], utc_now(), 10) == [Verdict.STOP]:
                state = State.STOPPED
                break
        store.finish(lease, Outcome(state=state), utc_now())
        states.append(state)
        following = controller.proposal()
        assert following is not None
        assert Controller(store, sweep).proposal() == following
    assert {State.DONE, State.STOPPED} == set(states)
