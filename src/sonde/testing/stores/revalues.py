"""A running trial is given the values that its program turned out to want."""

# ruff: noqa: D102 - a test is described by its name

import pytest

from sonde.core.decision import Decision
from sonde.core.trial import State
from sonde.errors import LeaseLostError
from sonde.store.protocol import Ask, Store
from sonde.testing.stores.parts import DONE, at, leased, params, reports, typed

__all__ = ["Revalues"]


class Revalues:
    """A running trial is given other values than it was leased with."""

    def test_a_trial_keeps_the_values_that_it_turned_out_to_have(self, store: Store) -> None:
        record, lease = leased(store, trials=2)
        store.report(lease, 1, reports(0, 1), at(2))
        version = store.get_sweep(record.id).version
        found = {"units": [8, 2**70], "lr": 0.5, "opt": None}
        trial = store.revalue(lease, found, at(3))
        assert typed(trial.params) == typed(found)
        assert list(trial.params) == ["units", "lr", "opt"]
        (changed,) = store.changes(record.id, version).trials
        assert changed == trial
        assert changed.state is State.RUNNING
        store.finish(lease, DONE, at(4), reports=reports(2, 2), first=3)
        first, second = store.changes(record.id).trials
        assert typed(first.params) == typed(found)
        assert first.metrics["loss"].count == 3
        assert second.params == params(1)

    def test_the_next_attempt_has_the_values_that_the_last_one_found(self, store: Store) -> None:
        record, lease = leased(store)
        store.revalue(lease, {"lr": 0.25}, at(2))
        (again,) = store.lease(record.id, Ask(agent="b"), at(99))
        assert (again.attempt, again.params) == (2, {"lr": 0.25})

    def test_the_same_values_again_change_nothing(self, store: Store) -> None:
        record, lease = leased(store)
        store.revalue(lease, {"lr": 0.25}, at(2))
        before = store.get_sweep(record.id)
        store.revalue(lease, {"lr": 0.25}, at(3))
        assert store.get_sweep(record.id) == before

    def test_it_is_no_decision_so_that_none_is_refused_for_it(self, store: Store) -> None:
        record, lease = leased(store)
        store.revalue(lease, {"lr": 0.25}, at(2))
        store.commit(record.id, Decision(against=record.revision), at(3))

    def test_whoever_lost_the_trial_cannot_say_what_it_is(self, store: Store) -> None:
        record, lease = leased(store)
        store.lease(record.id, Ask(agent="b"), at(99))
        with pytest.raises(LeaseLostError):
            store.revalue(lease, {"lr": 0.25}, at(100))
        assert store.changes(record.id).trials[0].params == params(0)
