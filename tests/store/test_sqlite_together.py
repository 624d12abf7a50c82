"""Calls that share a transaction of the SQLite store are each whole or nothing, and cost one."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sonde.core.trial import Lease, Outcome, Report, State
from sonde.errors import LeaseLostError, StoreError
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores import at, sweep

DONE = Outcome(state=State.DONE)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "sonde.db")) as store:
        yield store


def leases(store: SqliteStore, count: int) -> list[Lease]:
    """Trials under way."""
    record = store.create_sweep(sweep(), at(0))
    add = [NewTrial(params={"lr": n / 1024, "layers": n, "opt": "a"}) for n in range(2 * count)]
    store.commit(record.id, Decision(against=0, add=add), at(0))
    return list(store.lease(record.id, Ask(agent="a", count=count), at(1)))


def steps(store: SqliteStore, lease: Lease) -> list[int]:
    curves = store.curves(lease.sweep).get(lease.number, {})
    return list(curves["loss"].steps) if curves else []


def report(store: SqliteStore, lease: Lease, number: int) -> int:
    return store.report(lease, number, [Report(number, {"loss": 0.5}, 1.0)], at(2))


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_written_together_is_all_there_and_took_one_commit(
    store: SqliteStore, tmp_path: Path, durable: bool
) -> None:
    given = leases(store, 5)
    before, waits = _commits(tmp_path), store.file.syncs
    with store.together(durable=durable):
        for lease in given:
            assert report(store, lease, 1) == 1
            trial, more = store.finish(lease, DONE, at(3), Ask(agent="a"))
            assert trial.state is State.DONE
            assert len(more) == 1
    assert _commits(tmp_path) == before + 1
    assert store.file.syncs == waits + durable
    with closing(SqliteStore(tmp_path / "sonde.db")) as other:
        assert [steps(other, lease) for lease in given] == [[1]] * 5
        counts = other.get_sweep(given[0].sweep).counts
        assert (counts[State.DONE], counts[State.RUNNING]) == (5, 5)


def _commits(folder: Path) -> int:
    data = (folder / "sonde.db-queue").read_bytes()
    return int.from_bytes(data[:8], "little")


def test_one_that_is_refused_leaves_the_others_as_they_are(store: SqliteStore) -> None:
    first, second, third = leases(store, 3)
    store.finish(second, DONE, at(2))
    version = store.get_sweep(first.sweep).version
    with store.together(durable=True):
        report(store, first, 1)
        with pytest.raises(LeaseLostError):
            report(store, second, 1)
        with pytest.raises(ValueError, match="do not follow"):
            report(store, third, 7)
        report(store, third, 1)
    assert [steps(store, one) for one in (first, second, third)] == [[1], [], [1]]
    assert store.get_sweep(first.sweep).version == version + 2


def test_where_the_whole_is_not_kept_nothing_of_it_is(store: SqliteStore, tmp_path: Path) -> None:
    given = leases(store, 2)
    with pytest.raises(StoreError), store.together(durable=False):  # noqa: PT012 - the block's end
        for lease in given:
            report(store, lease, 1)
        raise sqlite3.OperationalError("database or disk is full")
    assert [steps(store, lease) for lease in given] == [[], []]
    assert report(store, given[0], 1) == 1


def test_another_thread_is_no_part_of_it_and_waits(store: SqliteStore) -> None:
    first, second = leases(store, 2)
    seen: list[list[int]] = []
    with pytest.raises(RuntimeError), store.together(durable=False):  # noqa: PT012 - the same
        report(store, first, 1)
        other = threading.Thread(target=lambda: seen.append([report(store, second, 1)]))
        reader = threading.Thread(target=lambda: seen.append(steps(store, first)))
        other.start()
        reader.start()
        raise RuntimeError
    other.join()
    reader.join()
    assert sorted(seen) == [[], [1]]
    assert (steps(store, first), steps(store, second)) == ([], [1])
