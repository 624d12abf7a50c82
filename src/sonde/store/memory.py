"""The store in memory: the reference for all others, and the quick one for one process.

It is thread-safe and ends with its process. Data is handed out as it is kept, without
copies: whoever changes a mapping that came from a store is on their own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from heapq import heappop, heappush
from threading import RLock
from typing import Any

from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import NotFoundError, StoreError
from sonde.store import names, rules
from sonde.store.curves import Points, join, points_of, to_curves
from sonde.store.protocol import (
    Ask,
    Changes,
    Curve,
    Decision,
    Definition,
    PastTrial,
    SweepRecord,
)
from sonde.store.rows import Head, Row

__all__ = ["MemoryStore"]


class MemoryStore:
    """Sweeps in this process's memory."""

    def __init__(self) -> None:
        self.url = "memory:"
        self._books: dict[str, _Book] = {}
        self._blobs: dict[str, bytes] = {}
        self._lock = RLock()
        self._changes = 0
        self._closed = False

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
        with self._lock:
            self._check_open()
            taken = {book.head.name for book in self._books.values()}
            if sweep.name is not None and sweep.name in taken:
                raise names.name_taken(sweep.name)
            while True:
                key = names.new_id()
                name = sweep.name or names.made_name(sweep, key)
                if key not in self._books and name not in taken:
                    break
            head = Head(
                id=key,
                name=name,
                sweep=sweep,
                control=Control.RUNNING,
                budget=sweep.budget,
                created=now,
                updated=now,
                tags=sweep.tags,
                facts=dict(facts or {}),
            )
            self._books[key] = _Book(head)
            self._changes += 1
            return head.record()

    def put_sweep(
        self, record: SweepRecord, versions: Sequence[Definition], trials: Collection[PastTrial]
    ) -> SweepRecord:
        """Add a sweep as it is elsewhere, whole."""
        first = versions[0].sweep
        head = Head(
            id=record.id,
            name=record.name,
            sweep=first,
            control=Control.RUNNING,
            budget=first.budget,
            created=record.created,
            updated=record.created,
            facts=dict(record.facts),
        )
        book = _Book(head)
        rules.put_sweep(book, record, versions, trials)
        with self._lock:
            self._check_open()
            pairs = [(one.head.id, one.head.name) for one in self._books.values()]
            names.check_free(record.id, record.name, pairs)
            self._books[record.id] = book
            self._changes += 1
            return head.record()

    def put_trials(
        self,
        sweep: str,
        trials: Sequence[PastTrial],
        now: datetime,
        against: int | None = None,
    ) -> SweepRecord:
        """Add trials as they are elsewhere, all or none."""
        with self._writing(sweep) as book:
            rules.put_trials(book, trials, now, against)
            return book.head.record()

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now."""
        with self._lock:
            return self._book(sweep).head.record()

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""
        with self._lock:
            self._check_open()
            records = [book.head.record() for book in self._books.values()]
        return sorted(records, key=lambda record: record.created)

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means."""
        with self._lock:
            self._check_open()
            pairs = [(book.head.id, book.head.name) for book in self._books.values()]
            return self._books[names.meant(text, pairs)].head.record()

    def update_sweep(
        self,
        sweep: str,
        now: datetime,
        *,
        control: Control | None = None,
        reason: str | None = None,
        budget: Budget | None = None,
        definition: Sweep | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
        why: str = "",
        against: int | None = None,
    ) -> SweepRecord:
        """Change what is given."""
        with self._writing(sweep) as book:
            rules.update(
                book,
                now,
                control=control,
                reason=reason,
                budget=budget,
                definition=definition,
                notes=notes,
                tags=tags,
                why=why,
                against=against,
            )
            return book.head.record()

    def versions(self, sweep: str) -> Sequence[Definition]:
        """Return all versions of the definition, oldest first."""
        with self._lock:
            book = self._book(sweep)
            return book.versions.copy() or [_first(book.head)]

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Apply a decision whole, or not at all, then lease if `ask` is given."""
        with self._lock:
            book = self._book(sweep)
            rules.commit(book, decision, now)
            leases = rules.lease(book, ask, now) if ask else ()
            self._changes += 1
            return book.head.record(), leases

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, and running ones whose lease lapsed."""
        with self._writing(sweep) as book:
            return rules.lease(book, ask, now)

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases; return a verdict for each."""
        with self._lock:
            self._check_open()
            self._changes += 1
            return [
                rules.renew(self._books[held.sweep], held, now, lease_s)
                if held.sweep in self._books
                else Verdict.LOST
                for held in leases
            ]

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Keep reports of an attempt; update summaries."""
        with self._writing(lease.sweep) as book:
            return rules.report(book, lease, first, reports, now)

    def revalue(self, lease: Lease, params: Mapping[str, Any], now: datetime) -> Trial:
        """Give a running trial the values that it turned out to have."""
        with self._writing(lease.sweep) as book:
            return book.trial(rules.revalue(book, lease, params, now))

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        now: datetime,
        ask: Ask | None = None,
        *,
        reports: Sequence[Report] = (),
        first: int = 1,
    ) -> tuple[Trial, Sequence[Lease]]:
        """Keep the last reports, end an attempt, then lease if `ask` is given."""
        with self._lock:
            book = self._book(lease.sweep)
            row = rules.finish(book, lease, outcome, now, reports, first)
            # Taken before leasing: with a retry due, the next lease may be on the same trial.
            trial = book.trial(row)
            leases = rules.lease(book, ask, now) if ask else ()
            self._changes += 1
            return trial, leases

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Give back the trials of agents that are known to be dead."""
        with self._writing(sweep) as book:
            return rules.release(book, agents, now)

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""
        with self._lock:
            book = self._book(sweep)
            version = book.head.version
            trials, anew = [], after > version
            for row in reversed(book.recent.values()):
                if row.version <= after and not anew:
                    break
                trials.append(book.trial(row))
            trials.sort(key=lambda trial: trial.number)
            return Changes(version=version, record=book.head.record(), trials=trials, anew=anew)

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric."""
        with self._lock:
            book = self._book(sweep)
            numbers = sorted(book.attempts if trials is None else set(trials))
            found = {}
            for number in numbers:
                curves = to_curves(book.joined(number), metrics)
                if curves:
                    found[number] = curves
            return found

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256."""
        from hashlib import sha256  # loads OpenSSL

        key = sha256(data).hexdigest()
        with self._lock:
            self._check_open()
            self._blobs[key] = bytes(data)
            self._changes += 1
        return key

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key."""
        with self._lock:
            self._check_open()
            if key not in self._blobs:
                raise NotFoundError(f"the store has nothing under the key '{key}'")
            return self._blobs[key]

    def stamp(self) -> object:
        """Return something that differs after any change."""
        self._check_open()
        return self._changes

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._closed = True
            self._books.clear()
            self._blobs.clear()

    @contextmanager
    def _writing(self, sweep: str) -> Iterator["_Book"]:
        with self._lock:
            yield self._book(sweep)
            self._changes += 1

    def _book(self, sweep: str) -> "_Book":
        book = self._books.get(sweep)
        if book is None:
            self._check_open()
            raise names.no_sweep(sweep)
        return book

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("memory: the store is closed; open it again")


class _Book:
    """One sweep; see `sonde.store.rows.Book`."""

    __slots__ = (
        "attempts", "due", "frozen", "head", "lapsing", "late", "queue", "recent", "rows",
        "running", "versions",
    )  # fmt: skip

    def __init__(self, head: Head) -> None:
        self.head = head
        self.versions: list[Definition] = []  # empty until there is a second one
        self.rows: list[Row] = []
        self.recent: dict[int, Row] = {}  # in the order of their versions
        self.frozen: dict[int, Trial] = {}
        self.queue: list[int] = []  # a heap of numbers; some have left waiting since
        self.running: dict[int, Row] = {}
        # When to look at running ones: no later than their leases lapse, and seldom much before.
        self.lapsing: list[tuple[datetime, int]] = []  # a heap, with entries that hold no more
        self.due: dict[int, datetime] = {}  # of each running one: its entry that holds
        self.late: list[int] = []  # a heap of those that were found to have lapsed
        self.attempts: dict[int, dict[int, list[Report]]] = {}  # number -> attempt -> reports

    def trial(self, row: Row) -> Trial:
        """Return the trial as it is, made once after each change."""
        trial = self.frozen.get(row.number)
        if trial is None:
            trial = self.frozen[row.number] = row.trial()
        return trial

    def joined(self, number: int, before: int | None = None) -> dict[str, Points]:
        """Return a trial's joined points, of all attempts or of those before one."""
        attempts = self.attempts.get(number, {})
        return join(points_of(attempts[a]) for a in attempts if before is None or a < before)

    def define(self, version: Definition) -> None:
        if not self.versions:
            self.versions.append(_first(self.head))
        self.versions.append(version)

    def row(self, number: int) -> Row | None:
        return self.rows[number] if 0 <= number < len(self.rows) else None

    def add(self, params: Mapping[str, Any], origin: str, now: datetime) -> Row:
        row = Row(len(self.rows), dict(params), origin, now)
        self.rows.append(row)
        self.head.counts[State.WAITING] += 1
        self.changed(row)
        return row

    def waiting(self, count: int) -> Sequence[Row]:
        queue, rows = self.queue, self.rows
        found: list[Row] = []
        while queue and len(found) < count:
            row = rows[queue[0]]
            if row.state is State.WAITING and (not found or found[-1] is not row):
                found.append(row)
                if len(found) == count:
                    break  # it stays in the heap, and is passed over once it runs
            heappop(queue)
        for row in found[: count - 1]:
            heappush(queue, row.number)
        return found

    def lapsed(self, now: datetime, most: int | None = None) -> Sequence[Row]:
        heap, due, late = self.lapsing, self.due, self.late
        while heap and heap[0][0] <= now:
            at, number = heappop(heap)
            if due.get(number) == at:
                del due[number]
                heappush(late, number)
        found: list[Row] = []
        again: list[int] = []
        while late and (most is None or len(found) < most):
            number = heappop(late)
            row = self.running.get(number)
            if row is None or (again and again[-1] == number):
                continue
            until = _until(row)
            if until <= now:
                found.append(row)
                again.append(number)  # it stays so until somebody does something about it
            elif number not in due:  # prolonged, or asked by somebody whose clock is behind
                due[number] = until
                heappush(heap, (until, number))
        for number in again:
            heappush(late, number)
        return found

    def held_by(self, agents: Collection[str]) -> Sequence[Row]:
        return [row for row in self.rows_in(State.RUNNING) if row.agent in agents]

    def rows_in(self, *states: State) -> Sequence[Row]:
        if states == (State.RUNNING,):
            return sorted(self.running.values(), key=lambda row: row.number)
        return [row for row in self.rows if row.state in states]

    def changed(self, row: Row) -> None:
        head, number = self.head, row.number
        head.version += 1
        row.version = head.version
        self.frozen.pop(number, None)
        self.recent.pop(number, None)
        self.recent[number] = row
        if row.state is State.RUNNING:
            self.running[number] = row
            self.held(row)
        else:
            self.running.pop(number, None)
            self.due.pop(number, None)
            if row.state is State.WAITING:
                heappush(self.queue, number)

    def revalued(self, row: Row) -> None:
        self.changed(row)

    def held(self, row: Row) -> None:
        """See to it that a lease is looked at in time, also one that was made shorter."""
        until, due = _until(row), self.due.get(row.number)
        if due is None or until < due:
            self.due[row.number] = until
            heappush(self.lapsing, (until, row.number))

    def append(self, row: Row, reports: Sequence[Report]) -> None:
        self.attempts.setdefault(row.number, {}).setdefault(row.attempts, []).extend(reports)

    def last_step(self, row: Row) -> int | None:
        reports = self.attempts.get(row.number, {}).get(row.attempts)
        return reports[-1].step if reports else None

    def carried(self, row: Row) -> Mapping[str, Points]:
        return self.joined(row.number, before=row.attempts)

    def seal(self, row: Row) -> None:
        """Nothing to do: the reports are in memory as they came."""


def _until(row: Row) -> datetime:
    """Return when a running trial's lease lapses."""
    return row.until or row.created


def _first(head: Head) -> Definition:
    return Definition(number=1, sweep=head.sweep, made=head.created)
