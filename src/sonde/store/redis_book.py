"""A sweep in a transaction of the Redis store.

What it reads is of one state of the sweep; what it changes is gathered as commands, which the
server then runs all at once, or not at all.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from sonde.core.sweep import Control
from sonde.core.trial import Report, State
from sonde.store.columns import Lasting, joined, to_us
from sonde.store.curves import Points
from sonde.store.operations import NOTHING, Foresight
from sonde.store.packing import last_step, merge_reports, pack, pack_reports, unpack
from sonde.store.protocol import Definition
from sonde.store.redis_rows import (
    INDICES,
    head_fields,
    packed_definition,
    packed_row,
    packed_standing,
    row_from,
)
from sonde.store.rows import Head, Row

__all__ = [
    "NEVER",
    "Page",
    "RedisBook",
    "Want",
]

NEVER = -1
"""The edition of what was never read."""
_AT_ONCE = 1000  # pairs in one command: a script's stack holds some 8000 values
_ALL = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What to read of a sweep; see `lua/read.lua`."""

    edition: int = NEVER
    numbers: tuple[int, ...] = ()
    waiting: int = 0
    lapsed: int | bool = False
    states: tuple[str, ...] = ()
    after: int | bool = False
    live: tuple[int, ...] = ()
    sealed: tuple[int, ...] = ()

    @classmethod
    def foreseen(cls, edition: int, foresight: Foresight = NOTHING) -> "Want":
        """Return what a transaction will read."""
        leasing = foresight.now is not None
        return cls(
            edition=edition,
            numbers=foresight.trials,
            waiting=foresight.count,
            lapsed=to_us(foresight.now) if leasing and foresight.now else False,
            live=foresight.attempt[:1] if foresight.attempt else (),
        )

    def packed(self, tx: bytes | None = None) -> bytes:
        """Return it as the script takes it, of whatever state or of one.

        Numbers are texts: those of Lua are doubles.
        """
        return pack(
            {
                "tx": False if tx is None else tx.decode(),
                "edition": str(self.edition),
                "numbers": [str(number) for number in self.numbers],
                "waiting": self.waiting,
                "lapsed": self.lapsed is not False and str(self.lapsed),
                "states": self.states,
                "after": self.after is not False and str(self.after),
                "live": [str(number) for number in self.live],
                "sealed": [str(number) for number in self.sealed],
            }
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What was read, all in one state of the sweep."""

    tx: bytes
    turn: bytes
    standing: bytes
    lasting: list[Any]  # empty where its edition was known
    rows: list[bytes | None]
    waiting: list[bytes]
    lapsed: list[bytes]
    in_states: list[bytes]
    after: list[bytes]
    live: list[list[bytes]]
    sealed: list[bytes | None]


_NO_PAGE = Page(b"", b"", b"", [], [], [], [], [], [], [], [])


@dataclass(slots=True)
class _Batches:
    """Reports of the attempt that runs, as far as this transaction knows them."""

    count: int = 0  # reports in `new`
    new: list[bytes] = field(default_factory=list)


class RedisBook:
    """See `sonde.store.rows.Book`.

    Args:
        read: Reads more of the same state.
        page: What was read already.
        foresight: What that was read for.
    """

    def __init__(
        self,
        read: Callable[[Want], Page],
        lasting: Lasting,
        head: Head,
        page: Page,
        foresight: Foresight,
    ) -> None:
        self.head = head
        self._read = read
        self._lasting = lasting
        self.packings = lasting.packings
        self._page = page
        self._foresight = foresight
        self._before = head.version
        self._is_new = False
        self._rows: dict[int, Row] = {}  # every row given out, so that each is one object
        self._was: dict[int, State | None] = {}  # in what state it is kept; None: not yet
        self._changed: dict[int, Row] = {}
        self._held: dict[int, Row] = {}
        self._definitions: list[bytes] = []
        self._batches: dict[int, _Batches] = {}
        self._sealed: dict[int, list[bytes]] = {}  # what each trial's sealed reports become
        self._dropped: set[int] = set()  # whose live batches are sealed now
        for number, data in zip(foresight.trials, page.rows, strict=True):
            self._take(number, data)

    @classmethod
    def new(cls, sweep_id: str, lasting: Lasting) -> "RedisBook":
        """Return that of a sweep that is to be made: control state running, revision 0."""
        head = Head(
            id=sweep_id,
            name=lasting.name,
            sweep=lasting.sweep,
            control=Control.RUNNING,
            budget=lasting.sweep.budget,
            created=lasting.created,
            updated=lasting.created,
            tags=lasting.tags,
            facts=lasting.facts,
        )
        book = cls(_nothing_more, lasting, head, _NO_PAGE, NOTHING)
        book._is_new = True
        return book

    def define(self, version: Definition) -> None:
        """Keep a version of the definition, and before the second one the first."""
        if len(self.packings.names) == 1:
            created = to_us(self.head.created)
            self._definitions.append(packed_definition(1, 0, created, "", self.head.sweep))
        made = to_us(version.made)
        self._definitions.append(
            packed_definition(version.number, version.first, made, version.why, version.sweep)
        )
        names = [parameter.name for parameter in version.sweep.space.parameters]
        self.packings = self.packings.and_then(version.first, names)

    def row(self, number: int) -> Row | None:
        """Return a trial's row."""
        row = self._rows.get(number)
        if row is None and 0 <= number < sum(self.head.counts.values()):
            (data,) = self._read(Want(numbers=(number,))).rows
            row = self._take(number, data)
        return row

    def add(self, params: Mapping[str, Any], origin: str, now: datetime) -> Row:
        """Make the row of a further trial, waiting."""
        row = Row(sum(self.head.counts.values()), params, origin, now)
        self._rows[row.number] = row
        self._was[row.number] = None
        self.head.counts[State.WAITING] += 1
        self.changed(row)
        return row

    def waiting(self, count: int) -> Sequence[Row]:
        """Return waiting rows."""
        # Of those that are kept as waiting, some may have left in this transaction.
        gone = sum(
            was is State.WAITING and self._rows[number].state is not State.WAITING
            for number, was in self._was.items()
        )
        wanted, found, read = count + gone, self._page.waiting, self._foresight.count
        if len(found) >= read and wanted > read:
            found = self._read(Want(waiting=min(wanted, _ALL))).waiting
        kept = [self._taken(data) for data in found]
        both = (*kept, *self._rows.values())
        return _in_order(row for row in both if row.state is State.WAITING)[:count]

    def held_by(self, agents: Collection[str]) -> Sequence[Row]:
        """Return the running rows of agents."""
        return [row for row in self.rows_in(State.RUNNING) if row.agent in agents]

    def lapsed(self, now: datetime, most: int | None = None) -> Sequence[Row]:
        """Return running rows whose lease ended."""
        if self._foresight.now == now:
            found = self._page.lapsed
        else:
            found = self._read(Want(lapsed=to_us(now))).lapsed
        kept = [self._taken(data) for data in found]
        ours = [row for row in self._rows.values() if row.until is not None]
        return _in_order(
            row
            for row in (*kept, *ours)
            if row.state is State.RUNNING and (row.until is None or row.until <= now)
        )

    def rows_in(self, *states: State) -> Sequence[Row]:
        """Return all rows in these states."""
        wanted = tuple(INDICES[state] for state in states if self.head.counts[state])
        found = self._read(Want(states=wanted)).in_states if wanted else []
        kept = [self._taken(data) for data in found]
        return _in_order(row for row in (*kept, *self._rows.values()) if row.state in states)

    def changed(self, row: Row) -> None:
        """Note that a row is to be written."""
        self.head.version += 1
        row.version = self.head.version
        self._changed[row.number] = row

    def revalued(self, row: Row) -> None:
        """Note that a row is to be written; it is written whole."""
        self.changed(row)

    def held(self, row: Row) -> None:
        """Note that a row's lease was prolonged."""
        self._held[row.number] = row

    def append(self, row: Row, reports: Sequence[Report]) -> None:
        """Keep a batch of reports."""
        batches = self._batches.setdefault(row.number, _Batches())
        batches.new.append(pack_reports(reports))
        batches.count += len(reports)

    def last_step(self, row: Row) -> int | None:
        """Return the step of the present attempt's last report."""
        if not row.reported:
            return None
        batches = self._batches.get(row.number)
        return last_step((batches.new if batches else self._live(row.number))[-1])

    def carried(self, row: Row) -> Mapping[str, Points]:
        """Return the joined points of earlier attempts."""
        return joined(enumerate(self._sealed_of(row.number)))

    def seal(self, row: Row) -> None:
        """Put the present attempt's batches into one, behind those of earlier attempts."""
        if not row.reported:
            return
        batches = self._batches.pop(row.number, None) or _Batches()
        whole = batches.new
        if batches.count < row.reported:
            whole = self._live(row.number) + whole
            self._dropped.add(row.number)
        merged = merge_reports(whole) if len(whole) > 1 else whole[0]
        is_first = row.attempts == 1 or self._was[row.number] is None
        before = [] if is_first else self._sealed_of(row.number)
        self._sealed[row.number] = [*before, merged]

    def commands(self, key: str) -> list[list[Any]]:
        """Return what keeps all changes; nothing if there are none.

        Args:
            key: Of the sweep's head.
        """
        for number in list(self._batches):
            if self._rows[number].state is not State.RUNNING:  # written as it was elsewhere
                self.seal(self._rows[number])
        commands: list[list[Any]] = []
        if self._definitions:
            commands.append(["RPUSH", f"{key}:definitions", *self._definitions])
        rows = self._changed
        commands += _many("HSET", f"{key}:trials", (
            (str(number), packed_row(row, self.packings)) for number, row in rows.items()
        ))  # fmt: skip
        commands += _many("ZADD", f"{key}:versions", (
            (str(row.version), str(number)) for number, row in rows.items()
        ))  # fmt: skip
        for state, index in INDICES.items():
            left = [
                str(number)
                for number, row in rows.items()
                if self._was[number] is state and row.state is not state
            ]
            for at in range(0, len(left), _AT_ONCE):
                commands.append(["ZREM", f"{key}:{index}", *left[at : at + _AT_ONCE]])
            commands += _many("ZADD", f"{key}:{index}", (
                (str(_score(row)), str(number))
                for number, row in (rows | self._held).items()
                if row.state is state and (row.until is not None or self._was[number] is not state)
            ))  # fmt: skip
        for number in self._dropped:
            commands.append(["DEL", f"{key}:live:{number}"])
        commands += _many("HSET", f"{key}:reports", (
            (str(number), pack(batches)) for number, batches in self._sealed.items()
        ))  # fmt: skip
        for number, batches in self._batches.items():
            commands.append(["RPUSH", f"{key}:live:{number}", *batches.new])
        return commands + self._head_command(key)

    def _head_command(self, key: str) -> list[list[Any]]:
        head, lasting = self.head, self._lasting
        if self._is_new:
            return [["HSET", key, *head_fields(head)]]
        if head.version == self._before:
            return []
        told = (head.reason, head.notes, head.tags)
        if told == (lasting.reason, lasting.notes, lasting.tags) and head.sweep is lasting.sweep:
            return [["HSET", key, "standing", packed_standing(head, lasting.edition)]]
        return [["HSET", key, *head_fields(head)]]

    def _live(self, number: int) -> list[bytes]:
        foreseen = self._foresight.attempt
        if foreseen is not None and foreseen[0] == number:
            return self._page.live[0]
        return self._read(Want(live=(number,))).live[0]

    def _sealed_of(self, number: int) -> list[bytes]:
        if number not in self._sealed:
            (data,) = self._read(Want(sealed=(number,))).sealed
            return [] if data is None else list(unpack(data))
        return self._sealed[number]

    def _take(self, number: int, data: bytes | None) -> Row | None:
        if data is None:
            return None
        row = row_from(data, self.packings)
        self._was.setdefault(number, row.state)
        return self._rows.setdefault(number, row)

    def _taken(self, data: bytes) -> Row:
        row = row_from(data, self.packings)
        self._was.setdefault(row.number, row.state)
        return self._rows.setdefault(row.number, row)


def _nothing_more(want: Want) -> Page:
    raise AssertionError(f"a sweep that is not there has been read: {want}")


def _score(row: Row) -> int:
    return row.number if row.until is None else to_us(row.until)


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows, each once, lowest number first."""
    return sorted({row.number: row for row in rows}.values(), key=lambda row: row.number)


def _many(name: str, key: str, pairs: Iterable[tuple[Any, Any]]) -> list[list[Any]]:
    """Return a command with many pairs, in parts that a script can take."""
    flat = list(chain.from_iterable(pairs))
    return [[name, key, *flat[at : at + 2 * _AT_ONCE]] for at in range(0, len(flat), 2 * _AT_ONCE)]
