"""Reports are kept, once each, and curves are joined."""

# ruff: noqa: D102 - a test is described by its name

import math

import pytest

from sonde.core.metric import Summary
from sonde.core.trial import Report
from sonde.errors import (
    LeaseLostError,
)
from sonde.store.protocol import Ask, Store
from sonde.testing.stores.parts import (
    DONE,
    at,
    leased,
    reports,
    with_trials,
)

__all__ = ["Reports"]


class Reports:
    """Reports are kept, once each, and curves are joined."""

    def test_reports_are_summed_up(self, store: Store) -> None:
        record, lease = leased(store)
        values = [3.0, 1.0, math.nan, 2.0]
        given = [Report(step, {"loss": v}, 1.5 + step) for step, v in enumerate(values)]
        assert store.report(lease, 1, given[:1], at(2)) == 1
        assert store.report(lease, 2, given[1:], at(3)) == 4
        (trial,) = store.changes(record.id).trials
        assert trial.metrics == {"loss": Summary(4, 2.0, 1.0, 3.0, 6.0, 3, 3, 1, 0)}
        curve = store.curves(record.id)[0]["loss"]
        assert list(curve.steps) == [0, 1, 2, 3]
        assert repr(list(curve.values)) == repr(values)
        assert list(curve.times) == [1.5, 2.5, 3.5, 4.5]

    def test_a_batch_that_is_sent_again_changes_nothing(self, store: Store) -> None:
        record, lease = leased(store)
        store.report(lease, 1, reports(0, 4), at(2))
        before = store.changes(record.id)
        assert store.report(lease, 1, reports(0, 4), at(3)) == 5
        assert store.report(lease, 2, reports(1, 2), at(3)) == 5
        assert store.report(lease, 6, [], at(3)) == 5
        assert store.changes(record.id) == before
        assert store.report(lease, 4, reports(3, 7), at(4)) == 8
        assert list(store.curves(record.id)[0]["loss"].steps) == list(range(8))

    @pytest.mark.parametrize("first", [0, -3, 7, 99])
    def test_a_batch_that_leaves_a_gap_is_refused(self, store: Store, first: int) -> None:
        record, lease = leased(store)
        store.report(lease, 1, reports(0, 4), at(2))
        before = store.changes(record.id)
        with pytest.raises(ValueError, match="from 6"):
            store.report(lease, first, reports(0, 1), at(3))
        assert store.changes(record.id) == before

    def test_a_lapsed_lease_that_nobody_took_may_report(self, store: Store) -> None:
        _, lease = leased(store)
        assert store.report(lease, 1, reports(0, 1), at(60)) == 2

    def test_an_ended_trial_takes_no_reports(self, store: Store) -> None:
        _, lease = leased(store)
        store.finish(lease, DONE, at(2))
        with pytest.raises(LeaseLostError):
            store.report(lease, 1, reports(0, 1), at(3))

    @pytest.mark.parametrize(
        ("first", "last", "joined"),
        [(0, 2, [0, 1, 2]), (3, 6, [0, 1, 2, 3, 4, 5, 6]), (9, 9, [0, 1, 2, 3, 4, 9])],
        ids=["from the start", "from a checkpoint", "after a gap"],
    )
    def test_a_further_attempt_replaces_the_curve_from_its_first_step_on(
        self, store: Store, first: int, last: int, joined: list[int]
    ) -> None:
        record, old = leased(store)
        store.report(old, 1, reports(0, 4), at(2))
        store.report(old, 6, reports(0, 1, metric="other"), at(2))
        (new,) = store.lease(record.id, Ask(agent="b"), at(60))
        assert list(store.curves(record.id)[0]["loss"].steps) == [0, 1, 2, 3, 4]
        store.report(new, 1, reports(first, first, shift=100), at(61))
        if last > first:
            store.report(new, 2, reports(first + 1, last, shift=100), at(61))
        values = [step + 100 if first <= step <= last else step for step in joined]
        found = store.curves(record.id)[0]
        assert list(found["loss"].steps) == joined
        assert list(found["loss"].values) == values
        assert list(found["other"].steps) == [0, 1]
        points = list(zip(joined, map(float, values), strict=True))
        for trial in (store.changes(record.id).trials[0], store.finish(new, DONE, at(62))[0]):
            assert trial.metrics["loss"] == Summary.of(points)
            assert trial.metrics["other"].count == 2
        assert list(store.curves(record.id)[0]["loss"].values) == values

    def test_attempts_are_joined_one_after_the_other(self, store: Store) -> None:
        record = with_trials(store, 1)
        for attempt, steps in enumerate([(0, 9), (5, 7), (0, 1)]):
            (lease,) = store.lease(record.id, Ask(agent="a"), at(60 * attempt))
            store.report(lease, 1, reports(*steps, shift=attempt / 4), at(60 * attempt))
        curve = store.curves(record.id)[0]["loss"]
        assert (list(curve.steps), list(curve.values)) == ([0, 1], [0.5, 1.5])

    def test_curves_are_given_for_the_trials_and_metrics_that_are_asked_for(
        self, store: Store
    ) -> None:
        record = with_trials(store, 4)
        for lease in store.lease(record.id, Ask(agent="a", count=3), at(1)):
            if lease.number != 1:
                store.report(lease, 1, reports(0, 1), at(2))
                store.report(lease, 3, reports(0, 1, metric="acc"), at(2))
        assert {n: set(c) for n, c in store.curves(record.id).items()} == {
            0: {"loss", "acc"},
            2: {"loss", "acc"},
        }
        assert set(store.curves(record.id, trials=[2, 3, 99])) == {2}
        assert set(store.curves(record.id, metrics=["acc", "no"])[0]) == {"acc"}
        assert store.curves(record.id, metrics=["no"]) == {}
