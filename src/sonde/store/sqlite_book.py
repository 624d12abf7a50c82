"""A sweep in a SQLite transaction: rows are loaded when asked for, and written back at its end."""

import gc
import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.sweep import Sweep, sweep_to_json
from sonde.core.trial import Report, State, Trial, Verdict
from sonde.store.curves import Points, concatenate, join
from sonde.store.packing import (
    last_step,
    merge_reports,
    pack,
    pack_metrics,
    pack_params,
    pack_reports,
    unpack,
    unpack_metrics,
    unpack_params,
    unpack_reports,
)
from sonde.store.protocol import Definition
from sonde.store.rows import Head, Row
from sonde.store.sql import load_queries

__all__ = [
    "QUERIES",
    "STATES",
    "Packings",
    "SqliteBook",
    "definition_text",
    "from_us",
    "joined",
    "to_us",
    "trials_of",
]

QUERIES = load_queries()
STATES = (State.WAITING, State.RUNNING, State.PAUSED, State.DONE, State.STOPPED, State.FAILED,
          State.CANCELLED)  # fmt: skip
_VERDICTS = (Verdict.GO_ON, Verdict.STOP, Verdict.CANCEL)
_STATE_CODES = {state: code for code, state in enumerate(STATES)}
_VERDICT_CODES = {verdict: code for code, verdict in enumerate(_VERDICTS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NUMBER_BITS = 32


def to_us(time: datetime) -> int:
    """Return microseconds since the epoch."""
    return (time - _EPOCH) // _US


def from_us(us: int) -> datetime:
    """Return the time of `to_us`."""
    # Exact: it rounds to microseconds, and a double tells them apart for 280 years to come.
    return datetime.fromtimestamp(us / 1e6, UTC)


@dataclass(frozen=True, slots=True)
class Packings:
    """By which parameters the params of a sweep's trials are packed.

    Attributes:
        firsts: The number of the first trial of each version of the definition, ascending.
        names: The parameters of each version.
    """

    firsts: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def last(self) -> tuple[str, ...]:
        """Those of new trials."""
        return self.names[-1]

    def of(self, number: int) -> tuple[str, ...]:
        """Those of a trial."""
        if len(self.names) == 1:
            return self.names[0]
        return self.names[bisect_right(self.firsts, number) - 1]

    def and_then(self, first: int, names: Sequence[str]) -> "Packings":
        """Return them with those of a further version."""
        return Packings((*self.firsts, first), (*self.names, tuple(names)))


def definition_text(sweep: Sweep) -> tuple[str, str]:
    """Return a definition, and its parameters' names, as the tables have them."""
    parameters = [parameter.name for parameter in sweep.space.parameters]
    return json.dumps(sweep_to_json(sweep)), json.dumps(parameters)


class SqliteBook:
    """See `sonde.store.rows.Book`."""

    def __init__(
        self, connection: sqlite3.Connection, key: int, packings: Packings, head: Head
    ) -> None:
        self.head = head
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._sweep = key
        self.packings = packings
        self._rows: dict[int, Row] = {}  # every row given out, so that each is one object
        self._new: list[Row] = []
        self._changed: dict[int, Row] = {}
        self._held: dict[int, Row] = {}

    def define(self, version: Definition) -> None:
        """Insert a version of the definition, and before the second one the first."""
        self.save_rows()  # they are packed by the one before
        self._execute(QUERIES["insert_first_definition"], (self._sweep,))
        text, parameters = definition_text(version.sweep)
        made = to_us(version.made)
        values = (self._sweep, version.number, version.first, made, version.why, text, parameters)
        self._execute(QUERIES["insert_definition"], values)
        names = [parameter.name for parameter in version.sweep.space.parameters]
        self.packings = self.packings.and_then(version.first, names)

    def row(self, number: int) -> Row | None:
        """Return a trial's row."""
        row = self._rows.get(number)
        if row is None and 0 <= number < 1 << _NUMBER_BITS:
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

    def lapsed(self, now: datetime) -> Sequence[Row]:
        """Return running rows whose lease ended."""
        self._save_changed()
        return self._load("rows_lapsed", self._sweep, to_us(now))

    def rows_in(self, *states: State) -> Sequence[Row]:
        """Return all rows in these states."""
        self.save_rows()
        found: list[Row] = []
        if State.WAITING in states:
            found += self._load("rows_waiting", self._sweep, -1)
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

    def held(self, row: Row) -> None:
        """Note that a row's lease was prolonged."""
        self._held[row.number] = row

    def append(self, row: Row, reports: Sequence[Report]) -> None:
        """Insert a batch of reports."""
        values = (self._key(row.number), row.attempts, row.reported + 1, pack_reports(reports))
        self._execute(QUERIES["insert_reports"], values)

    def last_step(self, row: Row) -> int | None:
        """Return the step of the present attempt's last report."""
        if not row.reported:
            return None
        found = self._execute(QUERIES["last_reports"], (self._key(row.number), row.attempts))
        return last_step(found.fetchone()[0])

    def carried(self, row: Row) -> Mapping[str, Points]:
        """Return the joined points of earlier attempts."""
        key = self._key(row.number)
        batches = self._execute(QUERIES["earlier_reports"], (key, row.attempts)).fetchall()
        return joined(batches)

    def seal(self, row: Row) -> None:
        """Merge the present attempt's batches into one."""
        if row.reported < 2:
            return
        key = self._key(row.number)
        batches = self._execute(QUERIES["attempt_reports"], (key, row.attempts)).fetchall()
        if len(batches) > 1:
            first = batches[0][0]
            merged = merge_reports([data for _, data in batches])
            self._execute(QUERIES["delete_reports"], (key, row.attempts, first))
            self._execute(QUERIES["replace_reports"], (merged, first))

    def save_rows(self) -> None:
        """Write all that has changed of the trials."""
        new, self._new = self._new, []
        if new:
            for row in new:
                self._changed.pop(row.number, None)
            self._executemany(QUERIES["insert_trial"], map(self._inserted, new))
        self._save_changed()
        for row in self._held.values():
            if row.until is not None:
                held = (to_us(row.until), self._key(row.number))
                self._execute(QUERIES["hold_trial"], held)
        self._held.clear()

    def _save_changed(self) -> None:
        fresh = {row.number for row in self._new}
        rows = [row for number, row in self._changed.items() if number not in fresh]
        for row in rows:
            self._execute(QUERIES["update_trial"], (*_mutable(row), self._key(row.number)))
            del self._changed[row.number]

    def _inserted(self, row: Row) -> tuple[Any, ...]:
        return (
            *_mutable(row),
            self._key(row.number),
            self._sweep,
            None if row.origin == "method" else row.origin,
            to_us(row.created),
            pack_params(row.params, self.packings.of(row.number)),
        )

    def _key(self, number: int, sweep: int | None = None) -> int:
        return ((self._sweep if sweep is None else sweep) << _NUMBER_BITS) + number

    def _load(self, query: str, *values: Any) -> list[Row]:
        found = []
        for columns in self._execute(QUERIES[query], values).fetchall():
            row = _row(columns, self.packings)
            found.append(self._rows.setdefault(row.number, row))
        return found


def _mutable(row: Row) -> tuple[Any, ...]:
    return (
        _STATE_CODES[row.state],
        row.version,
        row.attempts,
        row.failures,
        row.agent,
        _VERDICT_CODES[row.asked],
        None if row.until is None else to_us(row.until),
        row.reported,
        row.outcome,
        None if row.started is None else to_us(row.started),
        None if row.finished is None else to_us(row.finished),
        row.error,
        pack_metrics(row.metrics),
        pack(row.carried) if row.carried else None,
        pack(row.facts) if row.facts else None,
    )


def _row(columns: tuple[Any, ...], packings: Packings) -> Row:
    (key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
     created, started, finished, error, params, metrics, carried, facts) = columns  # fmt: skip
    number = key & 0xFFFFFFFF
    return Row(
        number=number,
        params=unpack_params(params, packings.of(number)),
        origin=origin or "method",
        created=from_us(created),
        state=STATES[state],
        metrics=unpack_metrics(metrics),
        attempts=attempts,
        failures=failures,
        agent=agent,
        asked=_VERDICTS[asked],
        started=None if started is None else from_us(started),
        finished=None if finished is None else from_us(finished),
        error=error,
        facts={} if facts is None else unpack(facts),
        version=version,
        until=None if until is None else from_us(until),
        reported=reported,
        carried=() if carried is None else tuple(unpack(carried)),
        outcome=outcome,
    )


def trials_of(found: Iterable[tuple[Any, ...]], packings: Packings) -> list[Trial]:
    """Return trials from the columns of the queries `trials_all` and `trials_since`.

    This is where loading spends its time, so it makes trials without a `Row` in between, and
    without the collector, which would go through all of them again and again to free nothing.
    """
    with _uncollected():
        return _trials_of(found, packings)


@contextmanager
def _uncollected() -> Iterator[None]:
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _trials_of(found: Iterable[tuple[Any, ...]], packings: Packings) -> list[Trial]:
    names_of = packings.of
    return [
        Trial(
            number=key & 0xFFFFFFFF,
            state=STATES[state],
            params=unpack_params(params, names_of(key & 0xFFFFFFFF)),
            metrics=unpack_metrics(metrics),
            attempts=attempts,
            failures=failures,
            agent=agent,
            asked=_VERDICTS[asked],
            origin=origin or "method",
            created=from_us(created),
            started=None if started is None else from_us(started),
            finished=None if finished is None else from_us(finished),
            error=error,
            facts={} if facts is None else unpack(facts),
            version=version,
        )
        for (key, state, params, metrics, attempts, failures, agent, asked, origin, created,
             started, finished, error, facts, version) in found
    ]  # fmt: skip


def joined(batches: Iterable[tuple[int, bytes]]) -> dict[str, Points]:
    """Return the joined points of one trial from its (attempt, data) in order."""
    attempts: dict[int, list[dict[str, Points]]] = {}
    for attempt, data in batches:
        attempts.setdefault(attempt, []).append(unpack_reports(data))
    return join(concatenate(parts) for parts in attempts.values())
