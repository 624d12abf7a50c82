"""The store in a PostgreSQL database: for many machines.

Its layout is in `sql/postgresql/schema.sql`, its rules in `sonde.store.rules`, its operations in
`sonde.store.sql_store`. All that a call returned from is on the server's disk, unless its
administrator has chosen otherwise; and nothing is shown that is not.
"""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from sonde.errors import StoreError
from sonde.store.clocks import SKEW_S, skewed
from sonde.store.columns import head_of
from sonde.store.names import no_sweep
from sonde.store.operations import NOTHING, Foresight
from sonde.store.postgresql_line import Line, Statement
from sonde.store.postgresql_lines import Lines
from sonde.store.postgresql_session import ForesightBook, PostgresSession, foreseen
from sonde.store.postgresql_url import Address
from sonde.store.sql_book import Session, SqlBook
from sonde.store.sql_store import SqlStore

__all__ = ["STAMP_S", "PostgresStore"]

STAMP_S = 0.05
"""So old a stamp may be that `stamp` gives again without asking the server."""
T = TypeVar("T")


class PostgresStore(SqlStore):
    """Sweeps in one schema of a PostgreSQL database.

    Raises:
        StoreError: If it cannot be reached, is a read replica, is none of ours, or of a newer
            version.
    """

    def __init__(self, address: Address) -> None:
        super().__init__()
        self.url = address.url
        self.lines = Lines(address)
        self._stamp: tuple[float, object] | None = None
        self._known_since = 0

    @property
    def on_wait(self) -> Callable[[StoreError], None] | None:
        """See `sonde.store.waiting.Waiting`."""
        return self.lines.on_wait

    @on_wait.setter
    def on_wait(self, told: Callable[[StoreError], None] | None) -> None:
        self.lines.on_wait = told

    def stamp(self) -> object:
        """Return something that differs after any change by any process.

        Own changes show at once, those of other processes within `STAMP_S`.
        """
        seen = self._stamp
        if seen is not None and time.monotonic() - seen[0] < STAMP_S:
            return seen[1]
        asked = time.monotonic()
        (found,) = self.lines.call(lambda line: line.ask([("stamp", ())])[0])
        stamp = (*found, self.lines.losses)
        self._stamp = asked, stamp
        return stamp

    def close(self) -> None:
        """Hang up."""
        self._stamp = None
        self.lines.close()

    def _read(self, question: Callable[[Session], T]) -> T:
        def look(line: Line) -> T:
            line.ask([("begin_reading", ())])
            answer = question(PostgresSession(line))
            asked: list[Statement] = [("commit", ())]
            if line.is_durable:
                asked.append(("is_unsettled", ()))
            found = line.ask(asked)
            if line.is_durable and found[-1][0][0]:
                # Another's change that is not on the disk yet may have been read.
                line.ask([("settle", (line.durable,))])
            return answer

        return self._call(look)

    def _add(self, question: Callable[[Session], T]) -> T:
        def add(line: Line) -> T:
            line.ask([("begin", ()), ("lock_layout", ())])
            session = PostgresSession(line)
            answer = question(session)
            session.commit()
            self._stamp = None
            return answer

        return self._call(add)

    def _write(
        self,
        sweep: str,
        change: Callable[[SqlBook], T],
        foresight: Foresight = NOTHING,
        *,
        durable: bool = True,
    ) -> T:
        def write(line: Line) -> T:
            if foresight.now is not None and abs(line.ahead_s) > SKEW_S:
                raise skewed(self.lines.address.place, line.ahead_s)
            session = PostgresSession(line)
            lasting = self._known.get(sweep) or self._read_lasting(session, sweep)
            # What need not be durable elsewhere is no more done a second time by being sent again.
            token = int.from_bytes(os.urandom(7), "big") if durable else 0
            lock: Statement = ("locked_standing", (lasting.key,))
            if token:
                lock = ("signed_standing", (line.writer, token, lasting.key))
            statements = [("begin", ()), lock, *foreseen(lasting.key, foresight)]
            _, standing, *found = line.ask(statements)
            if not standing:
                self._known.pop(sweep, None)
                raise no_sweep(sweep)
            if standing[0][3] != lasting.edition:
                lasting = self._read_lasting(session, sweep, standing[0][3])
            head = head_of(sweep, lasting, standing[0])
            rows = found[0] if found else ()
            book = ForesightBook(session, lasting.key, lasting.packings, head, foresight, rows)
            # Above all that a server gave which this one has taken over from, lost ones included.
            before = head.version = max(head.version, line.first_version)
            answer = change(book)
            self._save(session, lasting, book, before)
            if not session.is_written:
                return answer  # and whoever lent the line ends the transaction
            if token:
                line.token, line.answer = token, answer
            session.commit()
            line.token = None
            self._stamp = None
            return answer

        return self._call(write)

    def _call(self, act: Callable[[Line], T]) -> T:
        def act_knowing(line: Line) -> T:
            # What was seen before a server fell need not be there when it is back.
            if self._known_since != self.lines.losses:
                self._known_since = self.lines.losses
                self._known.clear()
            return act(line)

        return self.lines.call(act_knowing)
