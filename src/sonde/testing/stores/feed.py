"""The change feed tells of every change, and the stamp that there was one."""

# ruff: noqa: D102 - a test is described by its name

from sonde.core.sweep import Control
from sonde.core.trial import Outcome, State, Trial
from sonde.store.protocol import Ask, Store
from sonde.testing.stores.parts import (
    DONE,
    add_trials,
    at,
    reports,
    sweep,
    with_trials,
)

__all__ = ["Feed"]


class Feed:
    """The change feed tells of every change, and the stamp that there was one."""

    def test_the_feed_tells_each_changed_trial_once_and_whole(self, store: Store) -> None:
        record = with_trials(store, 3)
        cursor = store.changes(record.id).version
        assert store.changes(record.id, cursor).trials == []
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        store.report(lease, 1, reports(0, 2), at(2))
        found = store.changes(record.id, cursor)
        assert [trial.number for trial in found.trials] == [0]
        assert found.trials[0] == store.changes(record.id).trials[0]
        assert found.record == store.get_sweep(record.id)
        assert found.version == found.record.version > cursor
        assert all(t.version <= found.version for t in store.changes(record.id).trials)

    def test_a_cursor_of_what_was_lost_brings_all_anew(self, store: Store) -> None:
        record = with_trials(store, 3)
        found = store.changes(record.id, store.changes(record.id).version + 7)
        assert found.anew
        assert found.trials == store.changes(record.id).trials
        assert not store.changes(record.id).anew
        assert not store.changes(record.id, found.version).anew

    def test_folding_the_feed_from_any_cursor_gives_what_a_full_load_gives(
        self, store: Store
    ) -> None:
        record = store.create_sweep(sweep(retries=1), at(0))
        folds: list[tuple[int, dict[int, Trial]]] = []

        def look() -> None:
            nonlocal folds
            folds.append((0, {}))
            for place, (cursor, seen) in enumerate(folds):
                news = store.changes(record.id, cursor)
                folds[place] = (news.version, seen | {t.number: t for t in news.trials})
            full = {trial.number: trial for trial in store.changes(record.id).trials}
            assert all(seen == full for _, seen in folds)
            assert list(full) == list(range(len(full)))

        look()
        record = add_trials(store, record, 3)
        look()
        first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
        look()
        store.report(first, 1, reports(0, 3), at(2))
        look()
        store.finish(first, Outcome(state=State.FAILED), at(3), Ask(agent="a"))
        look()
        store.finish(second, DONE, at(4))
        look()
        store.lease(record.id, Ask(agent="b", count=3), at(60))
        look()
        store.release(record.id, ["b"], at(61))
        look()
        store.update_sweep(record.id, at(62), control=Control.CANCELLED)
        look()

    def test_the_stamp_differs_after_each_change_and_only_then(self, store: Store) -> None:
        record = with_trials(store, 2)
        stamps = [store.stamp()]
        assert store.stamp() == stamps[0]
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        stamps.append(store.stamp())
        store.report(lease, 1, reports(0, 2), at(2))
        stamps.append(store.stamp())
        store.changes(record.id)
        store.curves(record.id)
        assert store.stamp() == stamps[-1]
        store.finish(lease, DONE, at(3))
        stamps.append(store.stamp())
        assert len(set(stamps)) == len(stamps)
