"""The controller role: load, decide, commit."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sonde.controller import Controller, utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, State
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
