"""The store in a SQLite file: the default, for all processes of one machine.

Its layout is in `sql/schema.sql`, its rules in `sonde.store.rules`, its transactions in
`sonde.store.sqlite_file`. What begins or ends a trial is on the disk before the call
returns; reports are kept whatever process is killed, and with the power cut up to the
last of those.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sonde.core.sweep import Budget, Control, Sweep, sweep_from_json
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import NotFoundError
from sonde.store import names, rules
from sonde.store.curves import to_curves
from sonde.store.protocol import Ask, Changes, Curve, Decision, Definition, SweepRecord
from sonde.store.rows import Head
from sonde.store.sqlite_book import (
    QUERIES,
    STATES,
    Packings,
    SqliteBook,
    definition_text,
    from_us,
    joined,
    to_us,
    trials_of,
)
from sonde.store.sqlite_file import SqliteFile

__all__ = ["SqliteStore"]


@dataclass(frozen=True, slots=True)
class _Lasting:
    """What of a sweep rarely changes: kept in memory until its edition is raised."""

    edition: int
    key: int
    packings: Packings
    sweep: Sweep
    name: str
    created: datetime
    reason: str
    notes: str
    tags: tuple[str, ...]
    facts: Mapping[str, Any]


class SqliteStore:
    """Sweeps in one SQLite file.

    Raises:
        StoreError: If the file cannot be opened, is none of ours, or of a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.url = f"sqlite:///{self.path}"
        self.file = SqliteFile(self.path)
        self._known: dict[str, _Lasting] = {}

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
        definition, parameters = definition_text(sweep)
        recorded, tags = json.dumps(dict(facts or {})), json.dumps(list(sweep.tags))
        with self.file.writing(durable=True) as db:
            pairs = db.execute(QUERIES["sweep_names"]).fetchall()
            ids, taken = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
            if sweep.name is not None and sweep.name in taken:
                raise names.name_taken(sweep.name)
            while True:
                sweep_id = names.new_id()
                name = sweep.name or names.made_name(sweep, sweep_id)
                if sweep_id not in ids and name not in taken:
                    break
            values = (sweep_id, name, definition, parameters, to_us(now), tags, recorded)
            key = db.execute(QUERIES["insert_sweep"], values).lastrowid
            budget = sweep.budget
            changing = (key, Control.RUNNING.value, to_us(now), budget.trials, budget.time_s)
            db.execute(QUERIES["insert_standing"], changing)
            return self._head(db, sweep_id)[1].record()

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now."""
        with self.file.reading() as db:
            return self._head(db, sweep)[1].record()

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""
        with self.file.reading() as db:
            ids = [sweep_id for sweep_id, _ in db.execute(QUERIES["sweep_names"]).fetchall()]
            return [self._head(db, sweep_id)[1].record() for sweep_id in ids]

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means."""
        with self.file.reading() as db:
            sweep_id = names.meant(text, db.execute(QUERIES["sweep_names"]).fetchall())
            return self._head(db, sweep_id)[1].record()

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
        with self.file.reading() as db:
            lasting, _ = self._head(db, sweep)
            found = db.execute(QUERIES["definitions"], (lasting.key,)).fetchall()
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
        with self._writing(sweep) as book:
            rules.commit(book, decision, now)
            leases = rules.lease(book, ask, now) if ask else []
            return book.head.record(), leases

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, and running ones whose lease lapsed."""
        # Agents that find nothing ask often: they shall not stand in line with the writers.
        with self.file.reading() as db:
            lasting, head = self._head(db, sweep)
            if not head.counts[State.WAITING] or head.control in {
                Control.PAUSED,
                Control.STOPPED,
                Control.CANCELLED,
            }:
                lapsed = db.execute(QUERIES["any_lapsed"], (lasting.key, to_us(now)))
                if not lapsed.fetchone()[0]:
                    return []
        with self._writing(sweep) as book:
            return rules.lease(book, ask, now)

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases; return a verdict for each."""
        verdicts: dict[int, Verdict] = {}
        places = sorted(range(len(leases)), key=lambda at: leases[at].sweep)
        for sweep, group in groupby(places, key=lambda at: leases[at].sweep):
            try:
                with self._writing(sweep, durable=False) as book:
                    for at in group:
                        verdicts[at] = rules.renew(book, leases[at], now, lease_s)
            except NotFoundError:
                continue
        return [verdicts.get(at, Verdict.LOST) for at in range(len(leases))]

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Keep reports of an attempt; update summaries."""
        with self._writing(lease.sweep, durable=False) as book:
            return rules.report(book, lease, first, reports, now)

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
        with self._writing(lease.sweep) as book:
            row = rules.finish(book, lease, outcome, now, reports, first)
            # Taken before leasing: with a retry due, the next lease may be on the same trial.
            trial = row.trial()
            return trial, rules.lease(book, ask, now) if ask else []

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Give back the trials of agents that are known to be dead."""
        with self._writing(sweep) as book:
            return rules.release(book, agents, now)

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""
        with self.file.reading() as db:
            lasting, head = self._head(db, sweep)
            if after <= 0:
                found = db.execute(QUERIES["trials_all"], _span(lasting.key))
            else:
                found = db.execute(QUERIES["trials_since"], (lasting.key, after))
            trials = trials_of(found, lasting.packings)
        if after > 0:
            trials.sort(key=lambda trial: trial.number)
        return Changes(version=head.version, record=head.record(), trials=trials)

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric."""
        batches: list[tuple[int, int, bytes]] = []
        with self.file.reading() as db:
            first, last = _span(self._head(db, sweep)[0].key)
            if trials is None:
                batches = db.execute(QUERIES["sweep_reports"], (first, last)).fetchall()
            else:
                for number in sorted(set(trials)):
                    batches += db.execute(QUERIES["trial_reports"], (first + number,)).fetchall()
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
        with self.file.writing(durable=True) as db:
            db.execute(QUERIES["insert_blob"], (hashed.digest(), data))
        return hashed.hexdigest()

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key."""
        try:
            hashed = bytes.fromhex(key)
        except ValueError:
            hashed = b""
        with self.file.reading() as db:
            found = db.execute(QUERIES["blob"], (hashed,)).fetchone()
        if found is None:
            raise NotFoundError(f"the store has nothing under the key '{key}'")
        return bytes(found[0])

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

    @contextmanager
    def _writing(self, sweep: str, *, durable: bool = True) -> Iterator[SqliteBook]:
        with self.file.writing(durable=durable) as db:
            lasting, head = self._head(db, sweep)
            book = SqliteBook(db, lasting.key, lasting.packings, head)
            before = head.version
            yield book
            book.save_rows()
            if head.version != before:
                self._save_head(db, lasting, head)

    def _head(self, db: sqlite3.Connection, sweep_id: str) -> tuple[_Lasting, Head]:
        lasting = self._known.get(sweep_id) or self._read_lasting(db, sweep_id)
        found = db.execute(QUERIES["standing"], (lasting.key,)).fetchone()
        if found is None:  # the transaction that made it was undone, or the file replaced
            self._known.pop(sweep_id, None)
            raise names.no_sweep(sweep_id)
        (control, revision, version, edition, updated, trials, time_s, *counts) = found
        if edition != lasting.edition:
            lasting = self._read_lasting(db, sweep_id, edition)
        head = Head(
            id=sweep_id,
            name=lasting.name,
            sweep=lasting.sweep,
            control=Control(control),
            budget=Budget(trials=trials, time_s=time_s),
            created=lasting.created,
            updated=from_us(updated),
            reason=lasting.reason,
            revision=revision,
            version=version,
            counts=dict(zip(STATES, counts, strict=True)),
            notes=lasting.notes,
            tags=lasting.tags,
            facts=lasting.facts,
        )
        return lasting, head

    def _read_lasting(self, db: sqlite3.Connection, sweep_id: str, edition: int = 0) -> _Lasting:
        found = db.execute(QUERIES["sweep"], (sweep_id,)).fetchone()
        if found is None:
            raise names.no_sweep(sweep_id)
        key, name, definition, parameters, created, reason, notes, tags, facts = found
        several = db.execute(QUERIES["packings"], (key,)).fetchall() or [(0, parameters)]
        lasting = _Lasting(
            edition=edition,
            key=key,
            packings=Packings(
                tuple(first for first, _ in several),
                tuple(tuple(json.loads(names)) for _, names in several),
            ),
            sweep=sweep_from_json(json.loads(definition)),
            name=name,
            created=from_us(created),
            reason=reason,
            notes=notes,
            tags=tuple(json.loads(tags)),
            facts=json.loads(facts),
        )
        self._known[sweep_id] = lasting
        return lasting

    def _save_head(self, db: sqlite3.Connection, lasting: _Lasting, head: Head) -> None:
        edition = lasting.edition
        if (head.reason, head.notes, head.tags) != (lasting.reason, lasting.notes, lasting.tags):
            edition += 1
            tags = json.dumps(list(head.tags))
            db.execute(QUERIES["update_sweep"], (head.reason, head.notes, tags, lasting.key))
        if head.sweep is not lasting.sweep:
            edition = lasting.edition + 1
            text = definition_text(head.sweep)
            db.execute(QUERIES["update_definition"], (*text, lasting.key))
        changing = (
            head.control.value,
            head.revision,
            head.version,
            edition,
            to_us(head.updated),
            head.budget.trials,
            head.budget.time_s,
            *(head.counts[state] for state in STATES),
            lasting.key,
        )
        db.execute(QUERIES["update_standing"], changing)


def _span(key: int) -> tuple[int, int]:
    """Return the first and the last key that a trial of a sweep can have."""
    return key << 32, (key << 32) + 0xFFFFFFFF
