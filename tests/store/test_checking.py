"""Stores are damaged in every way that files are, and checking says what is lost, and where."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from sonde.core.sweep import EarlierSweep
from sonde.core.trial import State
from sonde.store.checking import Finding, check_store
from sonde.store.copying import copy_sweep, missing_in
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, SweepRecord
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores.parts import DONE, at, reports, space, sweep, with_trials

LATER = at(50)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sonde.db"


@pytest.fixture
def whole(path: Path) -> SweepRecord:
    """A store with a sweep of eight trials that ended and two that wait, and a smaller one."""
    with closing(SqliteStore(path)) as store:
        taught = store.put_blob(b"taught")
        earlier = (EarlierSweep(id="aaaaaaaa", name="old", blob=taught),)
        record = with_trials(store, 10, earlier=earlier, name="digits")
        for lease in store.lease(record.id, Ask(agent="a", count=8, lease_s=99.0), at(1)):
            store.finish(lease, DONE, at(2), reports=reports(0, 3))
        with_trials(store, 1, name="small")
        return store.get_sweep(record.id)


def damaged(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def found(path: Path, now: datetime = LATER) -> list[Finding]:
    with closing(SqliteStore(path)) as store:
        return list(check_store(store, now))


def said(path: Path) -> list[tuple[str | None, int | None, str]]:
    return [(one.name, one.trial, one.what) for one in found(path)]


def test_of_a_whole_store_nothing_is_said(path: Path, whole: SweepRecord) -> None:
    assert said(path) == []
    with closing(SqliteStore(path)) as store:
        memory = MemoryStore()
        copy_sweep(store, memory, whole.id)
        assert list(check_store(memory, at(50))) == []


@pytest.mark.parametrize(
    ("statement", "trial", "what"),
    [
        ("UPDATE standing SET done = 9", None, "it counts 9 done trials, and there are 8"),
        ("DELETE FROM trial WHERE key % 4294967296 = 3", None, "trials are missing: 3"),
        ("DELETE FROM blob", None, "what it learnt from old is missing: blob "),
        ("UPDATE blob SET data = x'00'", None, "what it learnt from old is damaged: blob "),
        (
            "UPDATE reports SET data = substr(data, 1, 9) WHERE trial % 4294967296 = 2",
            2,
            "its curves cannot be read: ",
        ),
        (
            "DELETE FROM reports WHERE trial % 4294967296 = 1",
            1,
            "its curve of loss is gone: 4 points",
        ),
        ("UPDATE trial SET params = x'c1' WHERE key % 4294967296 = 5", 5, "it cannot be read: "),
        (
            "UPDATE trial SET metrics = NULL WHERE key % 4294967296 = 6",
            6,
            "it has a curve of loss, ",
        ),
        (
            "UPDATE trial SET state = 99 WHERE key % 4294967296 = 7",
            7,
            "it cannot be read: ",
        ),
        ("UPDATE sweep SET definition = '{' WHERE name = 'digits'", None, "its sweeps cannot be "),
    ],
)
def test_what_contradicts_itself_is_named_with_its_place(
    path: Path, whole: SweepRecord, statement: str, trial: int | None, what: str
) -> None:
    damaged(path, statement)
    findings = [one for one in found(path) if one.trial == trial and one.what.startswith(what)]
    assert findings
    assert all(one.is_fault for one in findings)


def test_a_summary_that_is_not_that_of_its_curve_is_found(path: Path, whole: SweepRecord) -> None:
    with closing(SqliteStore(path)) as store:
        batches = store.curves(whole.id, [4])
        assert len(batches[4]["loss"].steps) == 4
    damaged(
        path,
        "UPDATE reports SET data = (SELECT r.data FROM reports r WHERE r.trial % 4294967296 = 0)"
        " WHERE trial % 4294967296 = 4",
        "UPDATE trial SET metrics = (SELECT metrics FROM trial WHERE key % 4294967296 = 0)"
        " WHERE key % 4294967296 = 4",
    )
    assert said(path) == []  # alike in every trial, so far
    with closing(SqliteStore(path)) as store:
        record = store.get_sweep(whole.id)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(3))
        store.finish(lease, DONE, at(4), reports=reports(0, 6))
    damaged(
        path,
        "UPDATE reports SET data = (SELECT r.data FROM reports r WHERE r.trial % 4294967296 = 0)"
        " WHERE trial % 4294967296 = 8",
    )
    assert said(path) == [
        (
            "digits",
            8,
            "its curve of loss has 4 points, the last 3; its summary says 7 and 6",
        )
    ]


def test_versions_of_a_definition_that_are_lost_are_found(path: Path, whole: SweepRecord) -> None:
    with closing(SqliteStore(path)) as store:
        for retries in (1, 2):
            changed = replace(whole.sweep, retries=retries)
            store.update_sweep(whole.id, at(5), definition=changed)
    assert said(path) == []
    damaged(path, "DELETE FROM definition WHERE number = 2")
    assert [what for _, _, what in said(path)] == [
        "the versions of its definition are [1, 3], not 1 to 2"
    ]


def test_rows_that_belong_to_nothing_are_counted(path: Path, whole: SweepRecord) -> None:
    damaged(
        path,
        "DELETE FROM trial WHERE key % 4294967296 = 9",
        "DELETE FROM trial WHERE key % 4294967296 = 2",
    )
    whats = [what for _, _, what in said(path)]
    assert "1 batches of reports are of a trial that is not there" in whats
    assert "trials are missing: 2, 9" in whats


def test_a_lease_that_lapsed_is_a_note_and_no_fault(path: Path, whole: SweepRecord) -> None:
    with closing(SqliteStore(path)) as store:
        store.lease(whole.id, Ask(agent="b", lease_s=10.0), at(20))
    assert found(path, at(29)) == []
    assert found(path, at(75)) == [
        Finding(
            sweep=whole.id,
            name="digits",
            trial=8,
            what="its lease lapsed 45 s ago; nobody runs it",
            is_fault=False,
        )
    ]


def test_a_file_that_was_written_over_in_places_is_damaged_and_the_rest_can_be_saved(
    path: Path, whole: SweepRecord
) -> None:
    with closing(SqliteStore(path)) as store:
        for number in range(40):  # so that the file has pages to lose
            with_trials(store, 20, name=f"more-{number}")
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("PRAGMA page_size").fetchone()[0]
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'reports'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xa5" * page)
    findings = found(path)
    assert findings[0].what.startswith("the file is damaged: ")
    assert ("digits", 0) in {(one.name, one.trial) for one in findings}
    saved = path.with_name("saved.db")
    with closing(SqliteStore(path)) as store, closing(SqliteStore(saved)) as target:
        small = store.find_sweep("more-7").id
        (record,) = missing_in(target, store, [small])
        assert copy_sweep(store, target, record.id).record.trials == 20
        assert list(check_store(target, at(50))) == []


def test_a_trial_whose_curve_is_gone_is_copied_with_its_result(
    path: Path, whole: SweepRecord
) -> None:
    damaged(path, "DELETE FROM reports WHERE trial % 4294967296 = 2")
    saved = path.with_name("saved.db")
    with closing(SqliteStore(path)) as store, closing(SqliteStore(saved)) as target:
        before = store.changes(whole.id).trials[2]
        copied = copy_sweep(store, target, whole.id)
        after = target.changes(whole.id).trials[2]
        curves = target.curves(whole.id, [2])[2]
        assert list(check_store(target, LATER)) == []
    assert copied.remains == 1
    assert after.metrics.keys() == before.metrics.keys() == curves.keys()
    for name, summary in before.metrics.items():
        now = after.metrics[name]
        for kind in ("last", "min", "max", "last_step", "min_step", "max_step"):
            assert getattr(now, kind) == getattr(summary, kind)
        assert now.count == len(curves[name].steps) <= 3


def test_a_definition_that_says_nonsense_leaves_the_other_sweeps_readable(
    path: Path, whole: SweepRecord
) -> None:
    text = json.dumps({"no": "definition"})
    damaged(path, f"UPDATE sweep SET definition = '{text}' WHERE name = 'digits'",
            "UPDATE standing SET waiting = 5 WHERE sweep = 2")  # fmt: skip
    findings = said(path)
    assert findings[0][2].startswith("its sweeps cannot be listed: ")
    assert ("small", None, "it counts 5 waiting trials, and there are 1") in findings


def test_a_trial_of_parameters_that_its_version_does_not_have_is_found() -> None:
    store = MemoryStore()
    record = with_trials(store, 1)
    book = store._books[record.id]
    book.head.sweep = replace(
        book.head.sweep, space=replace(space(), parameters=space().parameters[:1])
    )
    assert [(one.trial, one.what, one.is_fault) for one in check_store(store, at(9))] == [
        (0, "version 1 of its definition has no layers, opt", True)
    ]
    assert store.changes(record.id).trials[0].state is State.WAITING
    assert sweep().space == space()
