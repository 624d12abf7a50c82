"""What stores in SQL databases have in common: the operations, as transactions on named queries.

A store derives `SqlStore` and says how it reads and writes: `_read` and `_write` call a
function inside of a transaction, perhaps again where the first time came to nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sonde.core.sweep import Budget, Control, Sweep, sweep_from_json
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import NotFoundError
from sonde.store import names, rules
from sonde.store.columns import (
    Lasting,
    definition_text,
    from_us,
    head_of,
    joined,
    lasting_of,
    span,
    standing_of,
    to_us,
    trials_of,
)
from sonde.store.curves import to_curves
from sonde.store.protocol import Ask, Changes, Curve, Decision, Definition, SweepRecord
from sonde.store.rows import Head
from sonde.store.sql_book import Session, SqlBook

__all__ = ["NOTHING", "Foresight", "SqlStore"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a transaction will read, so that a store may read all of it at once.

    Attributes:
        trials: Numbers of trials.
        attempt: The trial and the attempt whose reports will be merged.
        now: When leases lapse; None: nothing will be leased.
        count: So many waiting trials at most.
    """

    trials: tuple[int, ...] = ()
    attempt: tuple[int, int] | None = None
    now: datetime | None = None
    count: int = 0


NOTHING = Foresight()


class SqlStore:
    """The operations of a store; see `sonde.store.protocol`."""

    url: str

    def __init__(self) -> None:
        self._known: dict[str, Lasting] = {}

    def _read(self, question: Callable[[Session], T]) -> T:
        """Return what a function reads of one state of the database."""
        raise NotImplementedError

    def _write(
        self,
        sweep: str,
        change: Callable[[SqlBook], T],
        foresight: Foresight = NOTHING,
        *,
        durable: bool = True,
    ) -> T:
        """Return what a function does to a sweep, once it is kept whole; or nothing is changed.

        Args:
            sweep: Its id.
            change: May be called again, with the book as it then is.
            foresight: What it will read.
            durable: Whether it outlasts a power cut. Reports and renewals need not.
        """
        raise NotImplementedError

    def _add(self, question: Callable[[Session], T]) -> T:
        """As `_read`, and write what concerns no sweep that is there already."""
        raise NotImplementedError

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
        definition, parameters = definition_text(sweep)
        recorded, tags = json.dumps(dict(facts or {})), json.dumps(list(sweep.tags))
        own = names.new_id()

        def named(sweep_id: str) -> str:
            return sweep.name or names.made_name(sweep, sweep_id)

        def create(session: Session) -> SweepRecord:
            pairs = session.rows("sweep_names")
            ids, taken = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
            if own in ids and named(own) in taken:
                return self._head(session, own)[1].record()  # kept, but the answer was lost
            if sweep.name is not None and sweep.name in taken:
                raise names.name_taken(sweep.name)
            sweep_id = own
            while (
                sweep_id in ids or (name := sweep.name or names.made_name(sweep, sweep_id)) in taken
            ):
                sweep_id = names.new_id()
            values = (sweep_id, name, definition, parameters, to_us(now), tags, recorded)
            session.run("insert_sweep", values)
            ((key, *_),) = session.rows("sweep", (sweep_id,))
            budget = sweep.budget
            changing = (key, Control.RUNNING.value, to_us(now), budget.trials, budget.time_s)
            session.run("insert_standing", changing)
            return self._head(session, sweep_id)[1].record()

        return self._add(create)

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now."""
        return self._read(lambda session: self._head(session, sweep)[1].record())

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""

        def look(session: Session) -> list[SweepRecord]:
            ids = [sweep_id for sweep_id, _ in session.rows("sweep_names")]
            return [self._head(session, sweep_id)[1].record() for sweep_id in ids]

        return self._read(look)

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means."""

        def look(session: Session) -> SweepRecord:
            pairs = [(sweep_id, name) for sweep_id, name in session.rows("sweep_names")]
            return self._head(session, names.meant(text, pairs))[1].record()

        return self._read(look)

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

        def update(book: SqlBook) -> SweepRecord:
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

        return self._write(sweep, update)

    def versions(self, sweep: str) -> Sequence[Definition]:
        """Return all versions of the definition, oldest first."""

        def look(session: Session) -> tuple[Lasting, list[tuple[Any, ...]]]:
            lasting, _ = self._head(session, sweep)
            return lasting, session.rows("definitions", (lasting.key,))

        lasting, found = self._read(look)
        versions = [
            Definition(
                number=number,
                sweep=sweep_from_json(json.loads(text)),
                made=from_us(made),
                first=first,
                why=why,
            )
            for number, first, made, why, text in found
        ]
        return versions or [Definition(number=1, sweep=lasting.sweep, made=lasting.created)]

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Apply a decision whole, or not at all, then lease if `ask` is given."""

        def apply(book: SqlBook) -> tuple[SweepRecord, Sequence[Lease]]:
            rules.commit(book, decision, now)
            leases = rules.lease(book, ask, now) if ask else []
            return book.head.record(), leases

        return self._write(sweep, apply, _foresight(ask, now, trials=tuple(decision.verdicts)))

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, and running ones whose lease lapsed."""

        # Agents that find nothing ask often: they shall not stand in line with the writers.
        def is_any(session: Session) -> bool:
            lasting, head = self._head(session, sweep)
            if head.counts[State.WAITING] and head.control not in {
                Control.PAUSED,
                Control.STOPPED,
                Control.CANCELLED,
            }:
                return True
            return bool(session.rows("any_lapsed", (lasting.key, to_us(now)))[0][0])

        if not self._read(is_any):
            return []
        return self._write(sweep, lambda book: rules.lease(book, ask, now), _foresight(ask, now))

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases; return a verdict for each."""
        verdicts: dict[int, Verdict] = {}
        places = sorted(range(len(leases)), key=lambda at: leases[at].sweep)
        for sweep, group in groupby(places, key=lambda at: leases[at].sweep):
            held = [(at, leases[at]) for at in group]

            def hold(book: SqlBook, held: Sequence[tuple[int, Lease]] = held) -> dict[int, Verdict]:
                return {at: rules.renew(book, lease, now, lease_s) for at, lease in held}

            numbers = tuple(lease.number for _, lease in held)
            try:
                verdicts |= self._write(sweep, hold, Foresight(trials=numbers), durable=False)
            except NotFoundError:
                continue
        return [verdicts.get(at, Verdict.LOST) for at in range(len(leases))]

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Keep reports of an attempt; update summaries."""
        return self._write(
            lease.sweep,
            lambda book: rules.report(book, lease, first, reports, now),
            Foresight(trials=(lease.number,)),
            durable=False,
        )

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

        def end(book: SqlBook) -> tuple[Trial, Sequence[Lease]]:
            row = rules.finish(book, lease, outcome, now, reports, first)
            # Taken before leasing: with a retry due, the next lease may be on the same trial.
            trial = row.trial()
            return trial, rules.lease(book, ask, now) if ask else []

        attempt = (lease.number, lease.attempt) if first > 1 or not reports else None
        return self._write(
            lease.sweep, end, _foresight(ask, now, trials=(lease.number,), attempt=attempt)
        )

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Give back the trials of agents that are known to be dead."""
        return self._write(sweep, lambda book: rules.release(book, agents, now))

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""

        def look(session: Session) -> tuple[Lasting, Head, list[tuple[Any, ...]]]:
            lasting, head = self._head(session, sweep)
            if after <= 0:
                return lasting, head, session.rows("trials_all", span(lasting.key))
            return lasting, head, session.rows("trials_since", (lasting.key, after))

        lasting, head, found = self._read(look)
        trials = trials_of(found, lasting.packings)
        if after > 0:
            trials.sort(key=lambda trial: trial.number)
        return Changes(version=head.version, record=head.record(), trials=trials)

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric."""

        def look(session: Session) -> tuple[int, list[tuple[Any, ...]]]:
            first, last = span(self._head(session, sweep)[0].key)
            if trials is None:
                return first, session.rows("sweep_reports", (first, last))
            batches: list[tuple[Any, ...]] = []
            for number in sorted(set(trials)):
                batches += session.rows("trial_reports", (first + number,))
            return first, batches

        first, batches = self._read(look)
        found = {}
        for key, group in groupby(batches, key=lambda batch: batch[0]):
            curves = to_curves(joined((attempt, data) for _, attempt, data in group), metrics)
            if curves:
                found[key - first] = curves
        return found

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256."""
        from hashlib import sha256  # loads OpenSSL

        hashed = sha256(data)
        self._add(lambda session: session.run("insert_blob", (hashed.digest(), data)))
        return hashed.hexdigest()

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key."""
        try:
            hashed = bytes.fromhex(key)
        except ValueError:
            hashed = b""
        found = self._read(lambda session: session.rows("blob", (hashed,)))
        if not found:
            raise NotFoundError(f"the store has nothing under the key '{key}'")
        return bytes(found[0][0])

    def _head(
        self, session: Session, sweep_id: str, query: str = "standing"
    ) -> tuple[Lasting, Head]:
        lasting = self._known.get(sweep_id) or self._read_lasting(session, sweep_id)
        found = session.rows("standing", (lasting.key,))
        if not found:  # the transaction that made it was undone, or the file replaced
            self._known.pop(sweep_id, None)
            raise names.no_sweep(sweep_id)
        edition = found[0][3]
        if edition != lasting.edition:
            lasting = self._read_lasting(session, sweep_id, edition)
        return lasting, head_of(sweep_id, lasting, found[0])

    def _read_lasting(self, session: Session, sweep_id: str, edition: int = 0) -> Lasting:
        found = session.rows("sweep", (sweep_id,))
        if not found:
            raise names.no_sweep(sweep_id)
        key = found[0][0]
        several = [(first, text) for first, text in session.rows("packings", (key,))]
        lasting = self._known[sweep_id] = lasting_of(edition, found[0], several)
        return lasting

    def _save(self, session: Session, lasting: Lasting, book: SqlBook, before: int) -> None:
        """Write back what has changed of a sweep that was at the version `before`."""
        book.save_rows()
        head = book.head
        if head.version == before:
            return
        edition = lasting.edition
        if (head.reason, head.notes, head.tags) != (lasting.reason, lasting.notes, lasting.tags):
            edition += 1
            tags = json.dumps(list(head.tags))
            session.run("update_sweep", (head.reason, head.notes, tags, lasting.key))
        if head.sweep is not lasting.sweep:
            edition = lasting.edition + 1
            text = definition_text(head.sweep)
            session.run("update_definition", (*text, lasting.key))
        session.run("update_standing", standing_of(head, edition, lasting.key))


def _foresight(
    ask: Ask | None,
    now: datetime,
    *,
    trials: tuple[int, ...] = (),
    attempt: tuple[int, int] | None = None,
) -> Foresight:
    if ask is None:
        return Foresight(trials=trials, attempt=attempt)
    return Foresight(trials=trials, attempt=attempt, now=now, count=max(ask.count, 0))
