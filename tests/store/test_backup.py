"""A backup is a store by itself, whole, as it was at one moment while others wrote."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from sonde.errors import ConfigError, StoreError
from sonde.store.backup import back_up
from sonde.store.checking import check_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores.parts import DONE, at, params, reports, sweep, with_trials


def test_a_backup_made_while_agents_write_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "sonde.db"
    with closing(SqliteStore(path)) as store:
        record = with_trials(store, 5)
    is_over = threading.Event()

    def work() -> None:
        with closing(SqliteStore(path)) as own:
            while not is_over.is_set():
                now = own.get_sweep(record.id)
                add = [NewTrial(params=params(now.trials))]
                ask = Ask(agent="a", lease_s=99.0)
                _, (lease, *_) = own.commit(
                    record.id, Decision(against=now.revision, add=add), at(1), ask
                )
                own.finish(lease, DONE, at(2), reports=reports(0, 20))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        with closing(SqliteStore(path)) as store:
            copies = [tmp_path / f"copy-{number}.db" for number in range(5)]
            sizes = [back_up(store, copy) for copy in copies]
    finally:
        is_over.set()
        thread.join()
    assert sizes == [copy.stat().st_size for copy in copies]
    counts = []
    for copy in copies:
        assert not list(tmp_path.glob(f"{copy.name}-*"))
        with closing(SqliteStore(copy)) as store:
            assert list(check_store(store, at(3))) == []
            counts.append(store.get_sweep(record.id).trials)
    assert counts == sorted(counts)


def test_a_store_that_is_no_file_is_kept_in_one(tmp_path: Path) -> None:
    memory = MemoryStore()
    records = [with_trials(memory, count) for count in (3, 0)]
    told: list[tuple[int, int]] = []
    back_up(memory, tmp_path / "kept.db", lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2)]
    assert [file.name for file in tmp_path.iterdir()] == ["kept.db"]
    with closing(SqliteStore(tmp_path / "kept.db")) as store:
        assert [record.id for record in store.list_sweeps()] == [record.id for record in records]
        assert [trial.params for trial in store.changes(records[0].id).trials] == [
            params(0), params(1), params(2)
        ]  # fmt: skip


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    memory, path = MemoryStore(), tmp_path / "kept.db"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="it is there already; name another"):
        back_up(memory, path)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigError, match="there is no folder"):
        back_up(memory, tmp_path / "nowhere" / "kept.db")


def test_of_a_damaged_file_no_backup_is_made(tmp_path: Path) -> None:
    path = tmp_path / "sonde.db"
    with closing(SqliteStore(path)) as store:
        for _ in range(30):
            store.create_sweep(sweep(), at(0))
        store.put_blob(b"x" * 100_000)
    data = bytearray(path.read_bytes())
    data[4096 * 3 + 8 : 4096 * 3 + 400] = b"\xa5" * 392
    path.write_bytes(data)
    kept = tmp_path / "kept.db"
    with closing(SqliteStore(path)) as store, pytest.raises(StoreError, match="damaged"):
        back_up(store, kept)
    assert [file.name for file in tmp_path.glob("*kept*")] == []
