"""A sweep is edited while controllers are at work on it, here and elsewhere."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sonde.controller import Controller
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, State
from sonde.store import open_store
from sonde.store.protocol import Ask, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD = {"lr": "1e-5..1:log", "opt": ["adam", "sgd"]}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with_file = open_store(str(tmp_path / "s.db"))
    yield with_file
    with_file.close()


def made(store: Store, written: Mapping[str, Any] = OLD, **given: Any) -> str:
    sweep = Sweep(space=space_of(written), goals=(Goal(metric="loss"),), seed=3, **given)
    return store.create_sweep(sweep, NOW).id


def edit(store: Store, sweep: str, written: Mapping[str, Any], **given: Any) -> None:
    """Edit as another process would, which knows nothing of ours."""
    other = open_store(store.url)
    definition = replace(other.get_sweep(sweep).sweep, space=space_of(written), **given)
    other.update_sweep(sweep, NOW, definition=definition)
    other.close()


def run(controller: Controller, count: int) -> list[Mapping[str, Any]]:
    """Run trials one after the other; return their values."""
    tried = []
    for _ in range(count):
        leases = controller.step(1, Ask(agent="a"))
        if not leases:
            break
        tried.append(leases[0].params)
        end(controller.store, leases[0])
    return tried


def end(store: Store, lease: Lease) -> None:
    loss = float(str(lease.params.get("lr", 0.5)))
    store.finish(lease, Outcome(state=State.DONE, values={"loss": loss}), NOW)


@pytest.mark.parametrize("method", ["random", "quasirandom", "tpe", "cmaes", "evolution", "bayes"])
def test_a_controller_at_work_proposes_what_one_that_starts_after_the_edit_does(
    store: Store, method: str
) -> None:
    sweep = made(store, method=method)
    at_work = Controller(store, sweep)
    run(at_work, 12)
    new = {"lr": "1e-4..1e-2:log", "opt": ["adam", "sgd", "lion"], "beta": "uniform(0, 1)"}
    edit(store, sweep, new, backfill={"beta": 0.9})
    for _ in range(3):
        ours, theirs = at_work.proposal(), Controller(store, sweep).proposal()
        assert ours == theirs
        assert ours is not None
        assert space_of(new).admits(ours.params)
        run(at_work, 1)


def test_nothing_outside_of_the_new_space_is_begun_once_it_was_edited(store: Store) -> None:
    sweep = made(store, method="random", budget=Budget(trials=10))
    controller = Controller(store, sweep)
    (running,) = controller.step(4, Ask(agent="a"))  # three more wait
    edit(store, sweep, {"lr": "1e-7..1e-6:log", "opt": ["adam", "sgd"]})
    tried = run(controller, 20)
    assert all(1e-7 <= params["lr"] <= 1e-6 for params in tried)
    end(store, running)
    assert controller.refresh()
    counts = controller.history.counts
    # What was withdrawn is given back to the budget.
    assert (counts[State.DONE], counts[State.CANCELLED]) == (10, 3)
    assert controller.record.control is Control.DONE
    assert controller.record.reason == "budget of 10 trials"


def test_a_grid_goes_on_with_what_is_new_and_repeats_nothing(store: Store) -> None:
    sweep = made(store, {"a": [1, 2], "b": [1, 2]}, method="grid")
    controller = Controller(store, sweep)
    assert len(run(controller, 9)) == 4
    wider = {"a": [1, 2, 3], "b": [1, 2], "c": ["x", "y"]}
    edit(store, sweep, wider, backfill={"c": "x"})
    store.update_sweep(sweep, NOW, control=Control.RUNNING)
    tried = run(controller, 99)
    points = {(p["a"], p["b"], p["c"]) for p in tried}
    assert len(tried) == len(points) == 12 - 4
    assert points.isdisjoint({(a, b, "x") for a in (1, 2) for b in (1, 2)})


def test_what_was_withdrawn_is_tried_after_all_when_the_space_has_it_again(store: Store) -> None:
    sweep = made(store, {"a": [1, 2, 3]}, method="grid")
    controller = Controller(store, sweep)
    (first,) = controller.step(3, Ask(agent="a"))
    end(store, first)
    edit(store, sweep, {"a": [1]})
    assert run(controller, 9) == []
    edit(store, sweep, {"a": [1, 2, 3]})
    store.update_sweep(sweep, NOW, control=Control.RUNNING)
    assert run(controller, 9) == [{"a": 2}, {"a": 3}]


def test_more_repeats_are_made_of_what_was_begun_and_lies_in_the_space(store: Store) -> None:
    sweep = made(store, {"a": [1, 2, 3]}, method="grid")
    controller = Controller(store, sweep)
    run(controller, 2)
    edit(store, sweep, {"a": [2, 3]}, repeats=2)
    store.update_sweep(sweep, NOW, control=Control.RUNNING)
    assert run(controller, 9) == [{"a": 2}, {"a": 3}, {"a": 3}]


def test_another_method_and_another_rule_are_at_work_at_once(store: Store) -> None:
    sweep = made(store, {"a": [1, 2, 3, 4]}, method="random")
    controller = Controller(store, sweep)
    tried = run(controller, 1)
    edit(store, sweep, {"a": [1, 2, 3, 4]}, method="grid", stopping="median")
    left = [{"a": a} for a in (1, 2, 3, 4) if {"a": a} not in tried]
    assert run(controller, 9) == left
    assert controller.judge is not None
