"""The desk remembers sweeps, but not without end, and what it forgot it reads again."""

from collections.abc import Callable

import pytest

from cli_stores import add_sweep, add_trial
from sonde.errors import StoreError
from sonde.server import desk as desks
from sonde.server.desk import Desk
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Changes


def _noting(after: list[int], store: MemoryStore) -> Callable[..., Changes]:
    """A change feed that notes from which version on it was read."""
    changes = store.changes

    def noted(sweep: str, version: int = 0) -> Changes:
        after.append(version)
        return changes(sweep, version)

    return noted


PARAMS = {"lr": 0.1, "opt": "adam"}


def test_what_was_not_asked_for_the_longest_is_forgotten_and_read_again(
    monkeypatch: pytest.MonkeyPatch, store: MemoryStore
) -> None:
    monkeypatch.setattr(desks, "MOST_TRIALS", 3)
    desk = Desk(store)
    for name in ("one", "two", "three"):
        sweep = add_sweep(store, name=name).id
        for _ in range(2):
            add_trial(store, sweep, PARAMS, [0.5])
    seen = {}
    for name in ("one", "two", "one", "three"):
        with desk.sweep(name) as (record, history):
            assert (record.name, len(history.trials)) == (name, 2)
            seen[name] = history
    with desk.sweep("three") as (_, history):
        assert history is seen["three"]
    with desk.sweep("two") as (_, history):
        assert history is not seen["two"]
        assert len(history.trials) == 2
    desk.close()


def test_a_page_that_outlives_what_it_was_told_from_gets_all_again(store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5])
    desk, other = Desk(store), Desk(store)
    with desk.columns(sweep) as columns:
        version, edition = columns.version, columns.edition
        assert len(columns.block(version, edition)) < len(columns.block())
    with other.columns(sweep) as columns:  # after a restart
        assert columns.version == version
        assert len(columns.block(version, edition)) == len(columns.block())
    desk.close()
    other.close()


def test_what_changed_last_is_read_before_anybody_asks(
    monkeypatch: pytest.MonkeyPatch, store: MemoryStore
) -> None:
    monkeypatch.setattr(desks, "SOON_TRIALS", 3)
    for name in ("old", "large", "new"):
        sweep = add_sweep(store, name=name).id
        for _ in range(4 if name == "large" else 2):
            add_trial(store, sweep, PARAMS, [0.5])
    desk = Desk(store)
    desk.foresee()
    read: list[int] = []
    monkeypatch.setattr(store, "changes", _noting(read, store))
    for name in ("new", "old", "large"):
        with desk.columns(name) as columns:
            assert columns.count == (4 if name == "large" else 2)
    assert [after > 0 for after in read] == [True, False, False], "only the new one was known"
    desk.close()


def test_a_store_that_cannot_be_read_yet_is_read_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, store: MemoryStore
) -> None:
    def locked() -> None:
        raise StoreError("the store is locked")

    desk = Desk(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "list_sweeps", locked)
        desk.foresee()
    sweep = add_sweep(store).id
    with desk.sweep(sweep) as (record, _):
        assert record.id == sweep
    desk.close()
