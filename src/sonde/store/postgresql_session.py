"""A transaction of the PostgreSQL store: two round trips, one that reads and one that writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sonde.core.trial import State
from sonde.store.columns import NUMBER_BITS, Packings, row_of, to_us
from sonde.store.operations import Foresight
from sonde.store.postgresql_line import Line, Statement
from sonde.store.rows import Head, Row
from sonde.store.sql_book import SqlBook

__all__ = ["ForesightBook", "PostgresSession", "foreseen"]


class PostgresSession:
    """See `sonde.store.sql_book.Session`. What is written waits for the next round trip."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.first_version = line.first_version
        self.is_written = False
        self._put_off: list[Statement] = []

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what is found, all that was written before included."""
        put_off, self._put_off = self._put_off, []
        return self.line.ask([*put_off, (query, values)])[-1]

    def run(self, query: str, values: Sequence[Any]) -> None:
        """Write with the next round trip."""
        self.is_written = True
        self._put_off.append((query, values))

    def run_many(self, query: str, several: Iterable[Sequence[Any]]) -> None:
        """Write several times."""
        self.is_written = True
        self._put_off += [(query, values) for values in several]

    def commit(self) -> None:
        """Write what is left and keep it all; return when it is on the disk."""
        last: list[Statement] = [("commit", ())]
        if self.line.is_durable:
            last.append(("settle", (self.line.durable,)))
        put_off, self._put_off = self._put_off, []
        self.line.ask([*put_off, *last])


def foreseen(sweep: int, foresight: Foresight) -> list[Statement]:
    """Return the statement that reads what is foreseen, if anything is."""
    keys = [(sweep << NUMBER_BITS) + n for n in foresight.trials if 0 <= n < 1 << NUMBER_BITS]
    if foresight.now is not None:
        limits = (keys or [-1], sweep, to_us(foresight.now), sweep, foresight.count)
        return [("rows_foreseen", limits)]
    return [("rows_known", (keys,))] if keys else []


class ForesightBook(SqlBook):
    """A book that has read already what most transactions want."""

    def __init__(
        self,
        session: PostgresSession,
        key: int,
        packings: Packings,
        head: Head,
        foresight: Foresight,
        found: Sequence[tuple[Any, ...]],
    ) -> None:
        super().__init__(session, key, packings, head)
        self._foresight = foresight
        waiting = []
        for columns in found:
            row = row_of(columns, packings)
            if row.number not in self._rows:
                self._rows[row.number] = row
            if row.state is State.WAITING:
                waiting.append(row.number)
        self._asked_for = frozenset(foresight.trials)
        # All that wait up to this number are known; None: all there are.
        self._known_to = max(waiting) if len(waiting) >= foresight.count and waiting else None

    def row(self, number: int) -> Row | None:
        """Return a trial's row."""
        if number in self._asked_for and number not in self._rows:
            return None
        return super().row(number)

    def lapsed(self, now: datetime, most: int | None = None) -> Sequence[Row]:
        """Return running rows whose lease ended."""
        if now != self._foresight.now:
            return super().lapsed(now, most)
        rows = [
            row
            for row in self._rows.values()
            if row.state is State.RUNNING and row.until is not None and row.until <= now
        ]
        return sorted(rows, key=lambda row: row.number)

    def waiting(self, count: int) -> Sequence[Row]:
        """Return waiting rows."""
        if self._foresight.now is None or count > self._foresight.count:
            return super().waiting(count)
        known = sorted(n for n, row in self._rows.items() if row.state is State.WAITING)
        last = self._known_to
        if last is not None and sum(number <= last for number in known) < count:
            return super().waiting(count)
        return [self._rows[number] for number in known[:count]]
