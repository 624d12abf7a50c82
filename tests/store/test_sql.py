"""The SQL: migrations build the schema, queries are all used and use their indexes."""

import re
import sqlite3
from pathlib import Path

import pytest

import sonde.store
from sonde.store import sql
from sonde.store.sqlite import SqliteStore
from sonde.store.sqlite_file import statements


def shape(database: sqlite3.Connection) -> list[tuple[object, ...]]:
    found = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return sorted((*row[:3], words(row[3] or "")) for row in found)


def words(text: str) -> list[str]:
    return re.sub(r"[(),]", r" \g<0> ", re.sub(r"--[^\n]*", "", text)).split()


def test_the_migrations_build_the_schema(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "x.db").close()
    migrated, written = sqlite3.connect(tmp_path / "x.db"), sqlite3.connect(":memory:")
    written.executescript(sql.load_schema())
    assert shape(migrated) == shape(written) != []
    assert migrated.execute("PRAGMA application_id").fetchone() == (sql.APPLICATION_ID,)
    assert migrated.execute("PRAGMA user_version").fetchone() == (len(sql.load_migrations()),)
    assert migrated.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    migrated.close()
    written.close()


def test_migrations_are_numbered_from_1_without_gaps() -> None:
    files = sorted((Path(sql.__file__).parent / "migrations").glob("*.sql"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))


def test_a_script_is_split_into_its_statements() -> None:
    script = "-- a; b\nCREATE TABLE a (x); -- c\nINSERT INTO a\nVALUES (';');\n"
    assert len(list(statements(script))) == 2


def test_each_query_is_used_and_explained() -> None:
    text = (Path(sql.__file__).parent / "queries.sql").read_text("utf-8")
    source = "".join(
        file.read_text("utf-8") for file in Path(sonde.store.__file__).parent.glob("*.py")
    )
    for name in sql.load_queries():
        assert f'"{name}"' in source, name
        assert re.search(rf"-- name: {name}\n-- \S", text), name


@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("standing", "INTEGER PRIMARY KEY"),
        ("row", "INTEGER PRIMARY KEY"),
        ("rows_waiting", "trial_waiting"),
        ("rows_lapsed", "trial_running"),
        ("any_lapsed", "trial_running"),
        ("rows_running", "trial_running"),
        ("trials_all", "INTEGER PRIMARY KEY"),
        ("trials_since", "trial_by_version"),
        ("attempt_reports", "reports_by_trial"),
        ("sweep_reports", "reports_by_trial"),
    ],
)
def test_frequent_queries_go_by_an_index(query: str, by: str) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(sql.load_schema())
    text = sql.load_queries()[query]
    values = [0] * text.count("?")
    plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {text}", values))
    assert by in plan
    assert "SCAN trial" not in plan.replace("SCAN trial USING INDEX trial_running", "")
    database.close()
