"""Files that an older sonde made are opened, read and gone on with."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from sonde.core.decision import Decision, NewTrial
from sonde.core.space import space_of
from sonde.core.sweep import Budget
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores import at, sweep
from sonde.testing.stores.parts import params


def made_before(path: Path) -> str:
    """Make a store of the first version of the schema with one trial; return its sweep."""
    store = SqliteStore(path)
    record = store.create_sweep(sweep(), at(0))
    store.commit(record.id, Decision(against=0, add=[NewTrial(params=params(0))]), at(0))
    store.close()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("DROP TABLE definition")
    raw.execute("ALTER TABLE standing DROP COLUMN workers")
    raw.execute("PRAGMA user_version=1")
    raw.close()
    return record.id


def test_a_file_from_before_definitions_had_versions_is_gone_on_with(tmp_path: Path) -> None:
    record = made_before(tmp_path / "old.db")
    store = SqliteStore(tmp_path / "old.db")
    assert [version.number for version in store.versions(record)] == [1]
    space = space_of({"new": [1, 2], "lr": "uniform(0, 1)"})
    definition = replace(store.get_sweep(record).sweep, space=space)
    store.update_sweep(record, at(1), definition=definition)
    assert [version.number for version in store.versions(record)] == [1, 2]
    store.close()
    again = SqliteStore(tmp_path / "old.db")
    limited = again.update_sweep(record, at(2), budget=Budget(workers=2))
    assert again.get_sweep(record).budget == limited.budget == Budget(workers=2)
    assert again.changes(record).trials[0].params == params(0)
    again.close()
