"""Opening: which store a URL means, and what is said when it cannot be had."""

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sonde.errors import ConfigError, StoreError, StoreVersionError
from sonde.store import default_path, open_store
from sonde.store.memory import MemoryStore
from sonde.store.sql import load_migrations
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores import at, sweep


def path_of(url: str | None, start: Path) -> Path:
    store = open_store(url, start=start)
    assert isinstance(store, SqliteStore)
    store.close()
    assert store.url == f"sqlite:///{store.path}"
    return store.path


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SONDE_STORE", raising=False)


def test_each_form_of_url_opens_its_store(tmp_path: Path) -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    assert path_of("sqlite:///a.db", tmp_path) == tmp_path / "a.db"
    assert path_of(f"sqlite:///{tmp_path}/b ü.db", Path("/")) == tmp_path / "b ü.db"
    assert path_of("c.db", tmp_path) == tmp_path / "c.db"
    assert path_of(f"{tmp_path}/100%#?.db", Path("/")) == tmp_path / "100%#?.db"


def test_the_environment_names_the_store_where_no_url_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONDE_STORE", "sqlite:///env.db")
    assert path_of(None, tmp_path) == tmp_path / "env.db"
    assert path_of("flag.db", tmp_path) == tmp_path / "flag.db"


@pytest.mark.parametrize(
    ("there", "start", "found"),
    [
        ([".sonde", "a/.git", "a/b"], "a/b", ".sonde"),
        (["a/.sonde", "a/b/.git"], "a/b", "a/.sonde"),
        ([".git", "a/pyproject.toml", "a/b"], "a/b", "a/.sonde"),
        ([".git", "a/b"], "a/b", ".sonde"),
    ],
)
def test_the_default_is_the_nearest_projects_own(
    tmp_path: Path, there: list[str], start: str, found: str
) -> None:
    for folder in there:
        (tmp_path / folder).mkdir(parents=True)
    assert default_path(tmp_path / start) == tmp_path / found / "sonde.db"


def test_the_default_store_is_never_committed_to_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert path_of(None, tmp_path) == tmp_path / ".sonde" / "sonde.db"
    assert (tmp_path / ".sonde" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://h/db?schema=9", "'9' cannot be the name of a schema; use letters"),
        ("postgresql:///db?hots=x", "no URL of a PostgreSQL database .*hots"),
        ("postgresql:db", "'postgresql:db' is no URL of a PostgreSQL database"),
        ("redis://h?colour=red", "the option colour is unknown; write redis://HOST"),
        ("mysql://h/db", "'mysql://h/db' is no kind of store that is known; use"),
        ("sqlite:", "names no file; write sqlite:///relative.db"),
        ("sqlite:///", "names no file"),
        ("sqlite://host", "names no file"),
        ("", "the URL is empty"),
    ],
)
def test_a_url_of_no_store_is_refused_with_what_is_known(
    tmp_path: Path, url: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        open_store(url, start=tmp_path)
    assert list(tmp_path.iterdir()) == []


def foreign(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos (id)")
    db.close()


def newer(path: Path) -> None:
    SqliteStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()


def corrupt(path: Path) -> None:
    store = SqliteStore(path)
    store.create_sweep(sweep(), at(0))
    store.close()
    data = bytearray(path.read_bytes())
    data[100:] = b"\xa5" * (len(data) - 100)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda p: p.write_text("hello " * 999), StoreError, "no SQLite database.*another file"),
        (lambda p: p.write_bytes(b"\x00" * 5000), StoreError, "no SQLite database"),
        (foreign, StoreError, "database of another program.*another file"),
        (newer, StoreVersionError, "version 99.*versions up to 3.*upgrade"),
        (corrupt, StoreError, "damaged.*restore"),
        (lambda p: p.mkdir(), StoreError, "it is a folder; name a file in it"),
    ],
    ids=["text", "zeros", "foreign", "newer", "corrupt", "folder"],
)
def test_what_is_no_store_of_ours_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], object], kind: type[StoreError], message: str
) -> None:
    path = tmp_path / "x.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(kind, match=message) as refusal:
        open_store(str(path))
    assert str(path) in str(refusal.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such folder; make it"):
        open_store(str(tmp_path / "no" / "x.db"))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    assert path_of("x.db", tmp_path) == tmp_path / "x.db"


def test_opening_the_front_of_stores_loads_no_driver() -> None:
    program = (
        "import sys, sonde.store\n"
        "print(sorted({'sqlite3', 'msgspec', 'json', 'numpy'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder to be locked, that is not below one of ours only."""
    folder = Path(tempfile.mkdtemp(prefix="sonde-locked-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def as_nobody(call: Callable[[], list[str]]) -> list[str]:
    """Return what `call` returns in a child that may not write everywhere, as root may."""
    here, there = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        there.send(call())

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(100)
    assert process.exitcode == 0
    said: list[str] = here.recv()
    return said


def refused(call: Callable[[], object]) -> str:
    try:
        call()
    except StoreError as error:
        return str(error)
    return "not refused"


@pytest.mark.parametrize("schema", [1, len(load_migrations())], ids="schema {}".format)
@pytest.mark.parametrize("with_log", [False, True], ids=["closed", "after a crash"])
def test_a_store_in_a_folder_that_cannot_be_written_is_read_and_says_so_to_writers(
    locked: Path, with_log: bool, schema: int
) -> None:
    path = locked / "x.db"
    store = SqliteStore(path)
    store.create_sweep(sweep(name="mnist"), at(0))
    if schema == 1:  # an older sonde made it
        with store.file.writing(durable=True) as database:
            database.execute("DROP TABLE definition")
            database.execute("ALTER TABLE standing DROP COLUMN workers")
            database.execute("PRAGMA user_version=1")
    if with_log:  # what a power cut leaves: a log that was not folded in, and no index of it
        log = Path(f"{path}-wal").read_bytes()
        data = path.read_bytes()
        store.close()
        path.write_bytes(data)
        Path(f"{path}-wal").write_bytes(log)
    else:
        store.close()
    for file in locked.iterdir():
        file.chmod(0o444)
    locked.chmod(0o555)
    before = {file: file.read_bytes() for file in locked.iterdir()}

    def look() -> list[str]:
        store = SqliteStore(path)
        (record,) = store.list_sweeps()
        assert list(store.changes(record.id).trials) == []
        assert store.stamp() == store.stamp()
        return [record.name, refused(lambda: store.create_sweep(sweep(), at(0)))]

    name, refusal = as_nobody(look)
    assert name == "mnist"
    assert refusal.startswith(f"{path}: it cannot be written; give yourself write access")
    assert {file: file.read_bytes() for file in locked.iterdir()} == before


def test_a_new_store_in_a_folder_that_cannot_be_written_is_refused(locked: Path) -> None:
    locked.chmod(0o555)
    paths = (locked / "x.db", locked / ".sonde" / "sonde.db")
    refusals = as_nobody(lambda: [refused(lambda: open_store(str(path))) for path in paths])  # noqa: B023
    for path, refusal in zip(paths, refusals, strict=True):
        assert refusal.startswith(str(path))
        assert "write" in refusal
        assert "--store" in refusal
    assert list(locked.iterdir()) == []
