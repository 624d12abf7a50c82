"""A sweep in a transaction of a SQL store: rows are loaded when asked for, written at its end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sonde.core.trial import Report, State
from sonde.store.columns import (
    NUMBER_BITS,
    Packings,
    definition_text,
    inserted,
    joined,
    mutable,
    row_of,
    to_us,
)
from sonde.store.curves import Points
from sonde.store.packing import last_step, merge_reports, pack_params, pack_reports
from sonde.store.protocol import Definition
from sonde.store.rows import Head, Row

__all__ = ["ALL", "Session", "SqlBook"]

ALL = 2**31 - 1


class Session(Protocol):
    """A transaction, as the queries of `sonde/store/sql` are put to it by name.

    Attributes:
        first_version: Versions of sweeps below it were given by a server that another one has
            taken over from; it may have given more of them than are known here.
    """

    first_version: int

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what is found, all that was written before included."""

    def run(self, query: str, values: Sequence[Any]) -> None:
        """Write; it may be put off until the next `rows` or the end."""

    def run_many(self, query: str, several: Iterable[Sequence[Any]]) -> None:
        """Write several times."""


class SqlBook:
    """See `sonde.store.rows.Book`."""

    def __init__(self, session: Session, key: int, packings: Packings, head: Head) -> None:
        self.head = head
        self._session = session
        self._sweep = key
        self.packings = packings
        self._rows: dict[int, Row] = {}  # every row given out, so that each is one object
        self._new: list[Row] = []
        self._changed: dict[int, Row] = {}
        self._held: dict[int, Row] = {}

    def define(self, version: Definition) -> None:
        """Insert a version of the definition, and before the second one the first."""
        self.save_rows()  # they are packed by the one before
        self._session.run("insert_first_definition", (self._sweep,))
        text, parameters = definition_text(version.sweep)
        made = to_us(version.made)
        values = (self._sweep, version.number, version.first, made, version.why, text, parameters)
        self._session.run("insert_definition", values)
        names = [parameter.name for parameter in version.sweep.space.parameters]
        self.packings = self.packings.and_then(version.first, names)

    def row(self, number: int) -> Row | None:
        """Return a trial's row."""
        row = self._rows.get(number)
        if row is None and 0 <= number < 1 << NUMBER_BITS:
            found = self._load("row", self._key(number))
            row = found[0] if found else None
        return row

    def add(self, params: Mapping[str, Any], origin: str, now: datetime) -> Row:
        """Make the row of a further trial, waiting."""
        row = Row(sum(self.head.counts.values()), params, origin, now)
        self._rows[row.number] = row
        self._new.append(row)
        self.head.counts[State.WAITING] += 1
        self.changed(row)
        return row

    def waiting(self, count: int) -> Sequence[Row]:
        """Return waiting rows."""
        fresh = [row for row in self._new if row.state is State.WAITING]
        found: list[Row] = []
        if self.head.counts[State.WAITING] > len(fresh):
            self._save_changed()
            found = self._load("rows_waiting", self._sweep, count)
        return (found + fresh)[:count]  # numbers grow, so the new ones come last

    def lapsed(self, now: datetime, most: int | None = None) -> Sequence[Row]:
        """Return running rows whose lease ended."""
        self._save_changed()
        return self._load("rows_lapsed", self._sweep, to_us(now), ALL if most is None else most)

    def held_by(self, agents: Collection[str]) -> Sequence[Row]:
        """Return the running rows of agents."""
        self.save_rows()
        found: list[Row] = []
        for agent in set(agents):
            found += self._load("rows_of_agent", self._sweep, agent)
        return sorted(found, key=lambda row: row.number)

    def rows_in(self, *states: State) -> Sequence[Row]:
        """Return all rows in these states."""
        self.save_rows()
        found: list[Row] = []
        if State.WAITING in states:
            found += self._load("rows_waiting", self._sweep, ALL)
        if State.RUNNING in states:
            found += self._load("rows_running", self._sweep)
        if State.PAUSED in states and self.head.counts[State.PAUSED]:
            found += self._load("rows_paused", self._key(0), self._key(-1, self._sweep + 1))
        return sorted(found, key=lambda row: row.number)

    def changed(self, row: Row) -> None:
        """Note that a row is to be written."""
        self.head.version += 1
        row.version = self.head.version
        self._changed[row.number] = row

    def revalued(self, row: Row) -> None:
        """Write a row's values, which do not change otherwise."""
        values = pack_params(row.params, self.packings.of(row.number))
        self._session.run("revalue_trial", (values, self._key(row.number)))
        self.changed(row)

    def held(self, row: Row) -> None:
        """Note that a row's lease was prolonged."""
        self._held[row.number] = row

    def append(self, row: Row, reports: Sequence[Report]) -> None:
        """Insert a batch of reports."""
        values = (self._key(row.number), row.attempts, row.reported + 1, pack_reports(reports))
        self._session.run("insert_reports", values)

    def last_step(self, row: Row) -> int | None:
        """Return the step of the present attempt's last report."""
        if not row.reported:
            return None
        found = self._session.rows("last_reports", (self._key(row.number), row.attempts))
        return last_step(found[0][0])

    def carried(self, row: Row) -> Mapping[str, Points]:
        """Return the joined points of earlier attempts."""
        key = self._key(row.number)
        return joined(self._session.rows("earlier_reports", (key, row.attempts)))

    def seal(self, row: Row) -> None:
        """Merge the present attempt's batches into one."""
        if row.reported < 2:
            return
        key = self._key(row.number)
        batches = self._session.rows("attempt_reports", (key, row.attempts))
        if len(batches) > 1:
            first = batches[0][0]
            merged = merge_reports([data for _, data in batches])
            self._session.run("delete_reports", (key, row.attempts, first))
            self._session.run("replace_reports", (merged, first))

    def save_rows(self) -> None:
        """Write all that has changed of the trials."""
        new, self._new = self._new, []
        if new:
            for row in new:
                self._changed.pop(row.number, None)
            self._session.run_many(
                "insert_trial", [inserted(row, self._sweep, self.packings) for row in new]
            )
        self._save_changed()
        for row in self._held.values():
            if row.until is not None:
                held = (to_us(row.until), self._key(row.number))
                self._session.run("hold_trial", held)
        self._held.clear()

    def _save_changed(self) -> None:
        fresh = {row.number for row in self._new}
        rows = [row for number, row in self._changed.items() if number not in fresh]
        for row in rows:
            self._session.run("update_trial", (*mutable(row), self._key(row.number)))
            del self._changed[row.number]

    def _key(self, number: int, sweep: int | None = None) -> int:
        return ((self._sweep if sweep is None else sweep) << NUMBER_BITS) + number

    def _load(self, query: str, *values: Any) -> list[Row]:
        found = []
        for columns in self._session.rows(query, values):
            row = row_of(columns, self.packings)
            found.append(self._rows.setdefault(row.number, row))
        return found
