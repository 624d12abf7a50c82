"""The store in a SQLite file: the default, for all processes of one machine.

Its layout is in `sql/schema.sql`, its rules in `sonde.store.rules`, its operations in
`sonde.store.sql_store`, its transactions in `sonde.store.sqlite_file`. What begins or ends a
trial is on the disk before the call returns; reports are kept whatever process is killed, and
with the power cut up to the last of those.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from sonde.store.operations import NOTHING, Foresight
from sonde.store.sql import load_queries
from sonde.store.sql_book import Session, SqlBook
from sonde.store.sql_store import SqlStore
from sonde.store.sqlite_file import SqliteFile

__all__ = ["SqliteStore"]

_QUERIES = load_queries()
T = TypeVar("T")


class SqliteStore(SqlStore):
    """Sweeps in one SQLite file.

    Raises:
        StoreError: If the file cannot be opened, is none of ours, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path.absolute()
        self.url = f"sqlite:///{self.path}"
        self.file = SqliteFile(self.path)

    def stamp(self) -> object:
        """Return something that differs after any change by any process."""
        return self.file.stamp()

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()

    def together(self, *, durable: bool) -> AbstractContextManager[None]:
        """Return a block whose calls, all of this thread, are one transaction, each its own part.

        They cost a good deal less so. The answers hold once the block has ended without an error.

        Args:
            durable: Whether they shall outlast a power cut. Reports and renewals need not.
        """
        return self.file.together(durable=durable)

    def _read(self, question: Callable[[Session], T]) -> T:
        with self.file.reading() as db:
            return question(_Session(db))

    def _add(self, question: Callable[[Session], T]) -> T:
        with self.file.writing(durable=True) as db:
            return question(_Session(db))

    def _write(
        self,
        sweep: str,
        change: Callable[[SqlBook], T],
        foresight: Foresight = NOTHING,
        *,
        durable: bool = True,
    ) -> T:
        with self.file.writing(durable=durable) as db:
            session = _Session(db)
            lasting, head = self._head(session, sweep)
            book = SqlBook(session, lasting.key, lasting.packings, head)
            before = head.version
            answer = change(book)
            self._save(session, lasting, book, before)
            return answer


class _Session:
    """A connection inside of a transaction."""

    __slots__ = ("_execute", "_executemany")
    first_version = 0

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._executemany = connection.executemany

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what is found."""
        return self._execute(_QUERIES[query], values).fetchall()

    def run(self, query: str, values: Sequence[Any]) -> None:
        """Write."""
        self._execute(_QUERIES[query], values)

    def run_many(self, query: str, several: Iterable[Sequence[Any]]) -> None:
        """Write several times."""
        self._executemany(_QUERIES[query], several)
