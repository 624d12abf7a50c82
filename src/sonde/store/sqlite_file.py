"""One SQLite file: opening it safely, transactions that never find it busy, durability.

One connection serves all threads of a process, one at a time. After a fork the child
opens its own and never touches its parent's, which it keeps from being closed.

What every transaction costs: one commit (an append to the write-ahead log), and for a
durable one at most one fdatasync (see `wal_sync`), with writers in line (`write_queue`).
"""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock, get_ident
from typing import Any
from weakref import WeakSet

from sonde.errors import StoreError
from sonde.store import sql
from sonde.store.sqlite_faults import fault, foreign, is_busy, newer, primary_code
from sonde.store.wal_sync import WalSync, sync_file
from sonde.store.write_queue import WriteQueue

__all__ = ["SqliteFile"]

_PATIENCE_S = 300.0  # for locks of programs that do not stand in line with us
_CHECKPOINT_PAGES = 4000  # 16 MB: the log is copied back rarely, and stays within one hash table
_FOR_OUR_EYES = (
    (re.compile(r"CREATE TABLE "), "CREATE TEMP TABLE "),
    (  # a view of that name is found before the table
        re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)[^;]*"),
        r"CREATE TEMP VIEW \1 AS SELECT *, NULL AS \2 FROM main.\1",
    ),
)
_MOST_FAULTS = 20
_ORPHANS = (
    (
        "SELECT count(*) FROM trial WHERE sweep NOT IN (SELECT key FROM sweep)",
        "trials are of a sweep that is not there",
    ),
    (
        "SELECT count(*) FROM reports WHERE trial NOT IN (SELECT key FROM trial)",
        "batches of reports are of a trial that is not there",
    ),
    (
        "SELECT count(*) FROM sweep WHERE key NOT IN (SELECT sweep FROM standing)",
        "sweeps have lost how they stand",
    ),
)
_inherited: list[sqlite3.Connection] = []  # of parents: kept open, as closing would be theirs


class SqliteFile:
    """A connection to one database file, made when first needed and again after a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.own_changes = 0
        self.durable = True  # False: nobody waits for the disk, as when a file is being filled
        self.is_readonly = False
        self._connection: sqlite3.Connection | None = None
        self._queue: WriteQueue | None = None
        self._sync: WalSync | None = None
        self._lock = Lock()
        self._closed = False
        self._together: tuple[int, sqlite3.Connection] | None = None  # whose block, and its own
        _opened.add(self)
        with self._lock, self._faults():
            self._live()

    @property
    def syncs(self) -> int:
        """How often this process has waited for the disk by itself, for benchmarks."""
        return self._sync.calls if self._sync else 0

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read from one state of the database."""
        together = self._together
        if together is not None and together[0] == get_ident():
            yield together[1]
            return
        with self._lock, self._faults():
            connection = self._live()
            connection.execute("BEGIN")
            try:
                # The first read takes the snapshot: from here on nothing can be busy.
                self._patiently(lambda: connection.execute("PRAGMA data_version").fetchone())
                yield connection
            finally:
                connection.execute("COMMIT")

    @contextmanager
    def together(self, *, durable: bool) -> Iterator[None]:
        """Make one transaction of all that this thread reads and writes in a block.

        What one of them does is kept with the block, or has changed nothing where it fails. It
        is on the disk when the block has ended, and if that is `durable`.
        """
        with self.writing(durable=durable) as connection:
            self._together = get_ident(), connection
            try:
                yield
            finally:
                self._together = None

    @contextmanager
    def writing(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Do one transaction: it is kept whole when this returns, or has changed nothing."""
        together = self._together
        if together is not None and together[0] == get_ident():
            with self._faults():
                yield from _part_of(together[1])
            return
        with self._lock, self._faults():
            connection = self._live()
            if self.is_readonly:
                raise fault(self.path, PermissionError(13, "read only"))
            queue, number = self._queue, None
            try:
                if queue is not None:
                    queue.enter()
                self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
                try:
                    yield connection
                    connection.execute("COMMIT")
                    if queue is not None:
                        number = queue.count_commit()
                except BaseException:
                    _roll_back(connection)
                    raise
            finally:
                if queue is not None:
                    queue.leave()
            self.own_changes += 1
            sync = self._sync
        if durable and self.durable and sync is not None:
            with self._faults():
                sync(number)

    def stamp(self) -> tuple[int, int]:
        """Return what differs after any change by us or others."""
        with self._lock, self._faults():
            connection = self._live()
            row = self._patiently(lambda: connection.execute("PRAGMA data_version")).fetchone()
            return int(row[0]), self.own_changes

    def faults(self) -> list[str]:
        """Return what is wrong with the file, a line each: its order, and rows of nothing."""
        lines: list[str] = []
        try:
            with self.reading() as db:
                for (text,) in db.execute(f"PRAGMA integrity_check({_MOST_FAULTS})").fetchall():
                    found = (
                        line for line in str(text).splitlines() if line[:3] not in {"ok", "***"}
                    )
                    lines += [f"the file is damaged: {line}" for line in found]
                for query, words in _ORPHANS:
                    (count,) = db.execute(query).fetchone()
                    if count:
                        lines.append(f"{count} {words}")
        except StoreError as error:
            lines.append(f"the file is damaged: {error}")
        return lines

    def backup(self, target: Path) -> None:
        """Copy the database into a file that is not there, as it is at one moment.

        Others may write meanwhile.

        Raises:
            StoreError: If the copy is damaged, as the file is.
        """
        with self._lock, self._faults(), closing(sqlite3.connect(target)) as copy:
            self._live().backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            if copy.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise StoreError(
                    f"{self.path}: it is damaged, and so would be its copy; "
                    "`sonde store check` says where, `sonde store copy` saves what is whole"
                )
        with target.open("rb") as file:
            sync_file(file.fileno())

    def close(self) -> None:
        """Close the connection; the last one of all processes folds the log into the database."""
        with self._lock:
            self._closed = True
            connection, self._connection = self._connection, None
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()
            if self._queue is not None:
                self._queue.close()
            if self._sync is not None:
                self._sync.close()

    def forget_parent(self) -> None:
        """Leave everything to the parent: called in a child right after a fork."""
        self._lock = Lock()  # another thread of the parent may have held it
        if self._connection is not None:
            _inherited.append(self._connection)
            self._connection = None
        if self._queue is not None:
            # Left open, it would keep a lock of the parent alive after the parent was killed.
            self._queue.close()
            self._queue = None
        if self._sync is not None:
            self._sync.abandon()
            self._sync = None

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise fault(self.path, error) from error

    def _live(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self.path}: the store is closed; open it again")
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _patiently(self, call: Callable[[], Any]) -> Any:
        """Try again while the database is busy: recovery, checkpoints, other programs."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.001 + os.urandom(1)[0] / 12_800)  # 1 to 21 ms

    def _open(self) -> sqlite3.Connection:
        path, folder = self.path, self.path.parent
        if path.is_dir():
            raise StoreError(
                f"{path}: it is a folder; name a file in it, as in --store {path / 'sonde.db'}"
            )
        if not folder.is_dir():
            raise StoreError(f"{folder}: there is no such folder; make it (`mkdir -p {folder}`)")
        is_there = path.exists()
        if is_there and path.stat().st_size:
            writable = os.access(path, os.W_OK) and os.access(folder, os.W_OK)
            connection = self._connect("rw") if writable else self._open_readonly()
            try:
                version = self._check_ours(connection)
                if not writable:
                    _complete(connection, version)
            except BaseException:
                connection.close()
                raise
            if not writable:
                self.is_readonly = True
                return connection
        else:
            connection = self._connect("rwc")
        try:
            self._prepare(connection, is_new=not is_there)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self, mode: str, path: Path | None = None) -> sqlite3.Connection:
        quoted = str(path or self.path)
        for sign in "%?#":
            quoted = quoted.replace(sign, f"%{ord(sign):02x}")
        uri = f"file:{quoted}?mode={mode}"
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=_PATIENCE_S / 10,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA trusted_schema=OFF")
        return connection

    def _open_readonly(self) -> sqlite3.Connection:
        """Open a file in a folder that we may not write, however it can be read."""
        connection = self._connect("ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if primary_code(error) not in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}:
                raise
        else:
            return connection
        # There is no index of the log, and none can be made. So nobody here writes to it now.
        log = Path(f"{self.path}-wal")
        if not log.exists() or not log.stat().st_size:
            return self._connect("ro&immutable=1")
        from shutil import copyfile
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="sonde-store-") as folder:
            copy = Path(folder) / self.path.name
            copyfile(self.path, copy)
            copyfile(log, f"{copy}-wal")
            memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            with closing(self._connect("rw", copy)) as whole:
                whole.backup(memory)
        return memory

    def _check_ours(self, connection: sqlite3.Connection) -> int:
        """Return the version of the store's schema, 0 for an empty database."""
        known = len(sql.load_migrations())

        def ask(text: str) -> int:
            return int(self._patiently(lambda: connection.execute(text)).fetchone()[0])

        connection.execute("BEGIN")  # one state for all three: it may just be made by another
        try:
            application, version = ask("PRAGMA application_id"), ask("PRAGMA user_version")
            tables = ask("SELECT count(*) FROM sqlite_master")
        finally:
            _roll_back(connection)
        if application != sql.APPLICATION_ID and (application or version or tables):
            raise foreign(self.path)
        if version > known:
            raise newer(self.path, version, known)
        return version

    def _prepare(self, connection: sqlite3.Connection, *, is_new: bool) -> None:
        self._queue = WriteQueue(Path(f"{self.path}-queue"))
        # Whoever opens first migrates; the others wait in line and find it done.
        self._queue.enter()
        try:
            mode = self._patiently(lambda: connection.execute("PRAGMA journal_mode")).fetchone()[0]
            if mode != "wal":
                mode = self._patiently(
                    lambda: connection.execute("PRAGMA journal_mode=WAL")
                ).fetchone()[0]
            version = self._check_ours(connection)
            for number, script in enumerate(sql.load_migrations()[version:], start=version + 1):
                self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
                try:
                    for statement in statements(script):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id={sql.APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version={number}")
                    connection.execute("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
        finally:
            self._queue.leave()
        # Where there is no shared memory there is no log: then SQLite waits for the disk.
        has_log = mode == "wal"
        connection.execute(f"PRAGMA synchronous={'NORMAL' if has_log else 'FULL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute("PRAGMA cache_size=-8000")
        self._sync = WalSync(Path(f"{self.path}-wal"), self._queue) if has_log else None
        if is_new:
            self._sync_folder()

    def _sync_folder(self) -> None:
        fd = os.open(self.path.parent, os.O_RDONLY)
        try:
            with suppress(OSError):  # some file systems cannot, and need not
                sync_file(fd)
        finally:
            os.close(fd)


def _complete(connection: sqlite3.Connection, version: int) -> None:
    """Give an older file that cannot be written, for our eyes, the tables and columns it lacks."""
    for script in sql.load_migrations()[max(version, 1) :]:
        for statement in statements(script):
            for change, instead in _FOR_OUR_EYES:
                statement = change.sub(instead, statement)
            connection.execute(statement)


def statements(script: str) -> Iterator[str]:
    """Split a script, as `executescript` would commit what is open before it begins."""
    text = ""
    for line in script.splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            yield text
            text = ""


_opened: WeakSet[SqliteFile] = WeakSet()


def _forget_parents() -> None:
    for file in list(_opened):
        file.forget_parent()


os.register_at_fork(after_in_child=_forget_parents)


def _part_of(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Give the connection for a part of a transaction that is undone by itself."""
    connection.execute("SAVEPOINT part")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite has done so by itself where the disk took no more
        connection.execute("ROLLBACK")
