"""Values, times and bytes come back as they were; a closed store says that it is."""

# ruff: noqa: D102 - a test is described by its name

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sonde.core.trial import Outcome, Report, State
from sonde.errors import (
    NotFoundError,
    StoreError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.testing.stores.parts import (
    DONE,
    at,
    leased,
    params,
    sweep,
    typed,
)

__all__ = ["Values"]


class Values:
    """Values, times and bytes come back as they were; a closed store says that it is."""

    @pytest.mark.parametrize(
        "given",
        [
            {"lr": 1e-5, "layers": 8, "opt": "adam"},
            {"lr": 0.1, "layers": 1},
            {},
            {"lr": -0.0, "layers": 10**30, "opt": None},
            {"lr": -(2**64), "layers": True, "opt": [1, [2.5, {"a": None}]]},
            {"lr": math.inf, "layers": {"b": [], "a": {}}, "opt": "ü漢🜁\x00"},
            {"opt": "\udce4", "layers": 2**64},
            {"elsewhere": 1, "lr": 0.5, "0": "zero"},
            {"elsewhere": 10**30, "layers": 2},
        ],
    )
    def test_values_come_back_as_they_were(self, store: Store, given: dict[str, Any]) -> None:
        record = store.create_sweep(sweep(), at(0))
        decision = Decision(against=0, add=[NewTrial(params=given)])
        _, (lease,) = store.commit(record.id, decision, at(1), Ask(agent="a"))
        outcome = Outcome(state=State.DONE, facts=given)
        trial, _ = store.finish(lease, outcome, at(2))
        (kept,) = store.changes(record.id).trials
        for found in (lease.params, trial.params, kept.params, kept.facts):
            assert typed(found) == typed(given)

    @pytest.mark.parametrize(
        "values",
        [[0.0, -0.0, math.nan], [math.inf, -math.inf, 1e308], [5e-324, 1, True]],
    )
    def test_metric_values_come_back_as_floats_to_the_bit(
        self, store: Store, values: list[float]
    ) -> None:
        record, lease = leased(store)
        given = [Report(step, {"m": value}, 0.0) for step, value in enumerate(values)]
        store.report(lease, 1, given, at(2))
        store.finish(lease, DONE, at(3))
        found = list(store.curves(record.id)[0]["m"].values)
        assert repr(found) == repr([float(value) for value in values])
        last = store.changes(record.id).trials[0].metrics["m"].last
        assert repr(last) == repr(float(values[-1]))

    @pytest.mark.parametrize(
        "steps", [[2**31, 2**40, 2**53], [10**30, 0, -5], [7, 7, 7], [0, 10, 20, 30], [9, 3]]
    )
    def test_steps_of_any_size_and_order_come_back(self, store: Store, steps: list[int]) -> None:
        record, lease = leased(store)
        for number, step in enumerate(steps, start=1):
            store.report(lease, number, [Report(step, {"a": 1.0, "ü": 2.0}, 1e9)], at(2))
        for _ in range(2):
            curves = store.curves(record.id)[0]
            assert list(curves["a"].steps) == list(curves["ü"].steps) == steps
            store.finish(lease, DONE, at(3))

    @pytest.mark.parametrize("time", [0.0, -1.5, 1795268209.495133, 1e300, math.inf])
    def test_times_of_reports_come_back(self, store: Store, time: float) -> None:
        record, lease = leased(store)
        store.report(lease, 1, [Report(0, {"a": 1.0}, 1.0), Report(1, {"a": 1.0}, time)], at(2))
        assert list(store.curves(record.id)[0]["a"].times) == [1.0, time]

    def test_reports_of_different_metrics_each_keep_their_steps(self, store: Store) -> None:
        record, lease = leased(store)
        given: Sequence[Mapping[str, float]] = [{"a": 1}, {"b": 2, "a": 3}, {}, {"b": 4}]
        batch = [Report(step * 2, metrics, step) for step, metrics in enumerate(given)]
        store.report(lease, 1, batch[:2], at(2))
        store.report(lease, 3, batch[2:], at(2))
        for _ in range(2):
            curves = store.curves(record.id)[0]
            assert (list(curves["a"].steps), list(curves["a"].values)) == ([0, 2], [1, 3])
            assert (list(curves["b"].steps), list(curves["b"].values)) == ([2, 6], [2, 4])
            assert list(curves["b"].times) == [1, 3]
            store.finish(lease, DONE, at(3))

    def test_microseconds_of_times_are_kept(self, store: Store) -> None:
        now = datetime(2031, 7, 8, 9, 10, 11, 123457, tzinfo=UTC)
        record = store.create_sweep(sweep(), now)
        assert store.get_sweep(record.id).created == now

    def test_what_is_handed_in_may_be_changed_afterwards(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        mine = params(0)
        store.commit(record.id, Decision(against=0, add=[NewTrial(params=mine)]), at(1))
        mine["lr"] = 99.0
        assert store.changes(record.id).trials[0].params == params(0)

    @pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 999])
    def test_bytes_are_kept_under_their_hash(self, store: Store, data: bytes) -> None:
        key = store.put_blob(data)
        assert store.put_blob(data) == key
        assert store.get_blob(key) == data
        assert len(key) == 64

    @pytest.mark.parametrize("key", ["0" * 64, "", "no such key"])
    def test_a_key_that_is_not_there_is_said(self, store: Store, key: str) -> None:
        with pytest.raises(NotFoundError):
            store.get_blob(key)

    def test_a_closed_store_says_so(self, store: Store) -> None:
        record, lease = leased(store)
        store.close()
        calls: list[Callable[[], object]] = [
            lambda: store.get_sweep(record.id),
            lambda: store.finish(lease, DONE, at(2)),
            store.list_sweeps,
            store.stamp,
            lambda: store.create_sweep(sweep(), at(3)),
        ]
        store.close()
        for call in calls:
            with pytest.raises(StoreError, match="closed"):
                call()
