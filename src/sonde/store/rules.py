"""The rules of every store, written once: who may do what to a trial, and what follows.

Each function is the inside of one transaction on one sweep's `Book`. It checks first and
changes afterwards, so that what it refuses has changed nothing. What the operations
promise is written in `sonde.store.protocol`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Any
from zlib import crc32

from sonde.core.lineage import is_proposed
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import (
    ENDED,
    WHY_STOPPED,
    WITHDRAWN,
    Lease,
    Outcome,
    Report,
    State,
    Verdict,
    check_transition,
)
from sonde.errors import ConflictError, LeaseLostError, NotFoundError, ReportsLostError
from sonde.store.curves import updated
from sonde.store.protocol import Ask, Decision, Definition, PastTrial, SweepRecord
from sonde.store.rows import Book, Head, Row

__all__ = [
    "commit",
    "finish",
    "lease",
    "put_sweep",
    "put_trials",
    "release",
    "renew",
    "report",
    "revalue",
    "update",
]

_LEASING = (Control.RUNNING, Control.DONE)
_SPARE = 64  # lapsed trials that are read beside those that may be leased, to be settled
_ENDING = (Control.STOPPED, Control.CANCELLED)
_by_number = attrgetter("number")


def put_sweep(
    book: Book,
    record: SweepRecord,
    versions: Sequence[Definition],
    trials: Iterable[PastTrial],
) -> None:
    """Fill the book of a sweep that was just made with the first of its definitions."""
    head = book.head
    for version in versions[1:]:
        book.define(version)
        head.sweep = version.sweep
    _write(book, trials)
    head.control, head.reason, head.budget = record.control, record.reason, record.budget
    head.revision, head.notes, head.tags = record.revision, record.notes, record.tags
    head.version += 1
    head.updated = record.updated


def put_trials(
    book: Book, trials: Sequence[PastTrial], now: datetime, against: int | None = None
) -> None:
    """Write those of the trials that are new, as they are."""
    head = book.head
    there = sum(head.counts.values())
    fresh = [past for past in trials if past.trial.number >= there]
    for number, past in enumerate(fresh, start=there):
        _check_past(past, number)
    if fresh and against is not None:
        _check_revision(head, against)
    if fresh:
        head.revision += 1
        head.version += 1
        head.updated = now
        _write(book, fresh)


def update(
    book: Book,
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
) -> None:
    """Change what is given of a sweep."""
    head = book.head
    if against is not None:
        _check_revision(head, against)
    if control is not None or budget is not None or definition is not None:
        head.revision += 1
    if definition is not None:
        _define(book, definition, now, why)
    if budget is not None:
        head.budget = budget
    if control is not None:
        _set_control(book, control, reason or "", now)
    elif reason is not None:
        head.reason = reason
    if notes is not None:
        head.notes = notes
    if tags is not None:
        head.tags = tuple(tags)
    head.version += 1
    head.updated = now


def commit(book: Book, decision: Decision, now: datetime) -> None:
    """Apply a decision."""
    head = book.head
    _check_revision(head, decision.against)
    if decision.verdicts:
        total = sum(head.counts.values()) + len(decision.add)
        for number, verdict in decision.verdicts.items():
            if not 0 <= number < total:
                raise NotFoundError(f"sweep {head.id} has no trial {number}")
            if verdict is Verdict.LOST:
                raise ValueError(f"trial {number}: `lost` is no verdict that one can decide")
    head.revision += 1
    head.version += 1
    head.updated = now
    for new in decision.add:
        book.add(new.params, new.origin, now)
    for number, verdict in decision.verdicts.items():
        row = book.row(number)
        if row is not None:
            _tell(book, row, verdict, now, decision.reasons.get(number))
    if decision.control is not None:
        _set_control(book, decision.control, decision.reason, now)


def lease(book: Book, ask: Ask, now: datetime) -> list[Lease]:
    """Settle lapsed leases and lease what is free, lowest number first."""
    head = book.head
    free: list[Row] = []
    if head.counts[State.RUNNING]:
        # All of them where they are counted, or none shall stay; else after an outage each of
        # thousands of agents would read thousands.
        is_counted = head.budget.workers is not None or head.control in _ENDING
        for row in book.lapsed(now, None if is_counted else max(ask.count, 0) + _SPARE):
            if row.asked is not Verdict.GO_ON or head.control in _ENDING:
                _give_back(book, row, now)
                head.updated = now
            else:
                free.append(row)
    count = ask.count
    if head.budget.workers is not None:
        # What has lapsed runs nowhere, and is counted once it is leased again.
        count = min(count, head.budget.workers - (head.counts[State.RUNNING] - len(free)))
    if head.control not in _LEASING or count < 1:
        return []
    if head.counts[State.WAITING]:
        if free:
            free = sorted([*free, *book.waiting(count)], key=_by_number)
        else:
            free = list(book.waiting(count))
    if not free:
        return []
    until = now + timedelta(seconds=ask.lease_s)
    head.updated = now
    return [_begin(book, row, ask.agent, until, now) for row in free[:count]]


def renew(book: Book, held: Lease, now: datetime, lease_s: float) -> Verdict:
    """Hold on to a lease, if it is still one."""
    row = book.row(held.number)
    if row is None or not _is_held(row, held):
        return Verdict.LOST
    row.until = now + timedelta(seconds=lease_s)
    book.held(row)
    return row.asked


def report(book: Book, held: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
    """Keep those of the reports that are new."""
    row = _held(book, held)
    new = _unknown(row, first, reports)
    if new:
        _append(book, row, new)
        book.changed(row)
        book.head.updated = now
    return row.reported


def revalue(book: Book, held: Lease, params: Mapping[str, Any], now: datetime) -> Row:
    """Give a trial other values."""
    row = _held(book, held)
    if dict(row.params) != dict(params) or list(row.params) != list(params):
        row.params = dict(params)
        book.revalued(row)
        book.head.updated = now
    return row


def finish(
    book: Book,
    held: Lease,
    outcome: Outcome,
    now: datetime,
    reports: Sequence[Report] = (),
    first: int = 1,
) -> Row:
    """Keep the last reports that are new, and end an attempt."""
    digest = _digest(outcome)
    row = book.row(held.number)
    if row is not None and row.attempts == held.attempt and row.outcome == digest:
        return row
    row = _held(book, held)
    check_transition(State.RUNNING, outcome.state)
    new = _unknown(row, first, reports) if reports else ()
    failures, state = row.failures, outcome.state
    if state is State.FAILED:
        failures += 1
    if row.asked is Verdict.CANCEL:
        state = State.CANCELLED
    elif row.asked is Verdict.STOP:
        # A failed one is not run again either, but stays what it is: failed.
        if state in {State.WAITING, State.PAUSED}:
            state = State.STOPPED
    elif state is State.FAILED and failures <= book.head.sweep.retries:
        state = State.WAITING
    if new:
        _append(book, row, new)
    if outcome.values:
        last = book.last_step(row)
        step = 0 if last is None else last + 1
        _append(book, row, [Report(step, outcome.values, now.timestamp())])
    row.failures = failures
    row.error = outcome.error
    why = row.facts.get(WHY_STOPPED) if state is State.STOPPED else None
    row.facts = outcome.facts if why is None else {**outcome.facts, WHY_STOPPED: why}
    row.outcome = digest
    book.seal(row)
    _move(book, row, state, now)
    book.head.updated = now
    return row


def release(book: Book, agents: Sequence[str], now: datetime) -> int:
    """Give back what these agents hold."""
    gone = frozenset(agents)
    rows = book.held_by(gone)
    for row in rows:
        _give_back(book, row, now)
    if rows:
        book.head.updated = now
    return len(rows)


def _write(book: Book, trials: Iterable[PastTrial]) -> None:
    rows: list[tuple[int, Row]] = []
    there = sum(book.head.counts.values())
    for number, past in enumerate(trials, start=there):
        _check_past(past, number)
        rows.append((past.trial.version, _put(book, past)))
    rows.sort(key=itemgetter(0))  # stable: in the order of their numbers where that says nothing
    for _, row in rows:
        book.changed(row)


def _check_past(past: PastTrial, number: int) -> None:
    trial = past.trial
    if trial.number != number:
        raise ValueError(f"trial {trial.number} does not follow trial {number - 1}")
    if not trial.attempts and (trial.state is State.RUNNING or past.reports):
        raise ValueError(
            f"trial {number}: it was never leased, so it cannot be running or have reports"
        )


def _put(book: Book, past: PastTrial) -> Row:
    trial, counts = past.trial, book.head.counts
    row = book.add(trial.params, trial.origin, trial.created)
    counts[row.state] -= 1
    counts[trial.state] += 1
    row.state = trial.state
    row.attempts, row.failures = trial.attempts, trial.failures
    row.agent, row.asked = trial.agent, trial.asked
    row.started, row.finished = trial.started, trial.finished
    row.error, row.facts = trial.error, trial.facts
    if row.state is State.RUNNING:
        row.until = past.until or trial.started or trial.created
    if past.reports:
        _append(book, row, past.reports)
    return row


def _check_revision(head: Head, against: int) -> None:
    if head.revision != against:
        raise ConflictError(
            f"sweep {head.id}: the decision was made from revision {against}, but the "
            f"sweep is at {head.revision}; read it again and decide anew"
        )


def _define(book: Book, definition: Sweep, now: datetime, why: str) -> None:
    """Make a definition the present one, and withdraw what waits outside of its space."""
    head = book.head
    version = head.sweep.version
    if replace(definition, version=version) == head.sweep:
        return
    total = sum(head.counts.values())
    if not total:
        head.sweep = replace(definition, version=1)
        return
    new = replace(definition, version=version + 1)
    book.define(Definition(number=version + 1, sweep=new, made=now, first=total, why=why))
    head.sweep = new
    if head.counts[State.WAITING]:
        for row in book.rows_in(State.WAITING):
            is_ours = is_proposed(row.origin) and not row.attempts
            if is_ours and not definition.space.admits(row.params):
                row.facts = {**row.facts, WITHDRAWN: version + 1}
                _move(book, row, State.CANCELLED, now)


def _unknown(row: Row, first: int, reports: Sequence[Report]) -> Sequence[Report]:
    """Return those of reports number `first` and on that the store does not have."""
    if first < 1 or first > row.reported + 1:
        raise ReportsLostError(
            f"trial {row.number}: reports from number {first} on do not follow number "
            f"{row.reported}; send them from {row.reported + 1}"
        )
    return reports[row.reported + 1 - first :]


def _is_held(row: Row, held: Lease) -> bool:
    # By whom: a number and an attempt may be given a second time by a server that has taken over
    # from one without knowing all that it gave.
    ours = row.attempts == held.attempt and row.agent == held.agent
    return ours and row.state is State.RUNNING


def _held(book: Book, held: Lease) -> Row:
    row = book.row(held.number)
    if row is None:
        # It was there when it was leased: the server that had it was lost, and it was with it.
        raise LeaseLostError(f"sweep {held.sweep} has no trial {held.number}; end the work on it")
    if not _is_held(row, held):
        raise LeaseLostError(
            f"trial {row.number} of sweep {book.head.id}: attempt {held.attempt} no longer holds "
            f"it: it is {row.state} after {row.attempts} attempts; end the work on it"
        )
    return row


def _begin(book: Book, row: Row, agent: str, until: datetime, now: datetime) -> Lease:
    if row.attempts:
        if row.state is State.RUNNING:
            book.seal(row)
        row.carried = tuple(row.metrics)
    if row.state is not State.RUNNING:
        counts = book.head.counts
        counts[row.state] -= 1
        counts[State.RUNNING] += 1
        row.state = State.RUNNING
    row.attempts += 1
    row.agent = agent
    row.until = until
    row.started = now
    row.reported = 0
    row.outcome = None
    book.changed(row)
    return Lease(
        sweep=book.head.id,
        number=row.number,
        attempt=row.attempts,
        agent=agent,
        until=until,
        params=row.params,
        definition=book.head.sweep.version,
        origin=row.origin,
    )


def _append(book: Book, row: Row, reports: Sequence[Report]) -> None:
    carried = {}
    if row.carried:
        came = {name for one in reports for name in one.metrics}
        if not came.isdisjoint(row.carried):
            before = book.carried(row)
            carried = {name: before[name] for name in row.carried if name in came}
            row.carried = tuple(name for name in row.carried if name not in came)
    book.append(row, reports)
    row.reported += len(reports)
    row.metrics = updated(row.metrics, reports, carried)


def _give_back(book: Book, row: Row, now: datetime) -> None:
    book.seal(row)
    after = {Verdict.STOP: State.STOPPED, Verdict.CANCEL: State.CANCELLED}
    _move(book, row, after.get(row.asked, State.WAITING), now)


def _tell(book: Book, row: Row, verdict: Verdict, now: datetime, reason: str | None = None) -> None:
    if row.state is State.RUNNING:
        # To cancel outranks to stop: it is what the user said last, or louder.
        if verdict is Verdict.CANCEL or (verdict, row.asked) == (Verdict.STOP, Verdict.GO_ON):
            row.asked = verdict
            if reason is not None:
                row.facts = {**row.facts, WHY_STOPPED: reason}
            book.changed(row)
    elif row.state is State.PAUSED:
        after = {Verdict.STOP: State.STOPPED, Verdict.CANCEL: State.CANCELLED}
        _move(book, row, after.get(verdict, State.WAITING), now)
    elif row.state is State.WAITING and verdict is not Verdict.GO_ON:
        _move(book, row, State.CANCELLED, now)


def _set_control(book: Book, control: Control, reason: str, now: datetime) -> None:
    book.head.control = control
    book.head.reason = reason
    if control is Control.CANCELLED:
        for row in book.rows_in(State.WAITING, State.RUNNING, State.PAUSED):
            _tell(book, row, Verdict.CANCEL, now)


def _move(book: Book, row: Row, state: State, now: datetime) -> None:
    counts = book.head.counts
    counts[row.state] -= 1
    counts[state] += 1
    row.state = state
    row.until = None
    if state in ENDED:
        row.finished = now
    book.changed(row)


def _digest(outcome: Outcome) -> int:
    told = (outcome.state.value, dict(outcome.values), outcome.error)
    return crc32(repr(told).encode("utf-8", "surrogatepass"))
