"""What stores in SQL databases have in common: the operations, as transactions on named queries.

A store derives `SqlStore` and says how it reads and writes: `_read`, `_add` and `_write` call
a function inside of a transaction, perhaps again where the first time came to nothing.
"""

import json
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sonde.core.sweep import Control, Sweep, sweep_from_json
from sonde.core.trial import Trial
from sonde.errors import NotFoundError
from sonde.store import names, rules
from sonde.store.columns import (
    Lasting,
    definition_text,
    from_us,
    head_of,
    joined,
    lasting_of,
    limits_of,
    row_of,
    span,
    standing_of,
    to_us,
    trials_of,
)
from sonde.store.curves import to_curves
from sonde.store.operations import BookStore, gives_out
from sonde.store.protocol import Changes, Curve, Definition, PastTrial, SweepRecord
from sonde.store.rows import Head
from sonde.store.sql_book import ALL, Session, SqlBook

__all__ = ["SqlStore"]

T = TypeVar("T")


class SqlStore(BookStore):
    """The operations of a store; see `sonde.store.protocol`."""

    def __init__(self) -> None:
        self._known: dict[str, Lasting] = {}

    @abstractmethod
    def _read(self, question: Callable[[Session], T]) -> T:
        """Return what a function reads of one state of the database."""

    @abstractmethod
    def _add(self, question: Callable[[Session], T]) -> T:
        """As `_read`, and write what concerns no sweep that is there already."""

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
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
            sweep_id, name = own, named(own)
            while sweep_id in ids or name in taken:
                sweep_id = names.new_id()
                name = named(sweep_id)
            _insert(session, sweep_id, name, sweep, now, facts or {})
            return self._head(session, sweep_id)[1].record()

        return self._add(create)

    def put_sweep(
        self, record: SweepRecord, versions: Sequence[Definition], trials: Collection[PastTrial]
    ) -> SweepRecord:
        """Add a sweep as it is elsewhere, whole."""
        tries = 0

        def put(session: Session) -> SweepRecord:
            nonlocal tries
            tries += 1
            pairs = [(sweep_id, name) for sweep_id, name in session.rows("sweep_names")]
            if tries > 1 and (record.id, record.name) in pairs:
                return self._head(session, record.id)[1].record()  # kept, but the answer was lost
            names.check_free(record.id, record.name, pairs)
            sweep, made = versions[0].sweep, record.created
            _insert(session, record.id, record.name, sweep, made, record.facts)
            lasting, head = self._head(session, record.id)
            book = SqlBook(session, lasting.key, lasting.packings, head)
            before = head.version
            rules.put_sweep(book, record, versions, trials)
            self._save(session, lasting, book, before)
            return head.record()

        return self._add(put)

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

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""

        def look(session: Session) -> tuple[Lasting, Head, bool, list[tuple[Any, ...]]]:
            lasting, head = self._head(session, sweep)
            is_void = after > head.version or 0 < after < session.first_version <= head.version
            if after <= 0 or is_void:
                return lasting, head, is_void, session.rows("trials_all", span(lasting.key))
            return lasting, head, False, session.rows("trials_since", (lasting.key, after))

        lasting, head, anew, found = self._read(look)
        trials = trials_of(found, lasting.packings)
        if after > 0:
            trials.sort(key=lambda trial: trial.number)
        return Changes(version=head.version, record=head.record(), trials=trials, anew=anew)

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

    def sweep_ids(self) -> list[str]:
        """Return the ids of all sweeps, also of those that cannot be read."""
        return self._read(lambda session: [str(row[0]) for row in session.rows("sweep_names")])

    def one_trial(self, sweep: str, number: int) -> Trial | None:
        """Return a trial, or None if there is no row of it."""

        def look(session: Session) -> Trial | None:
            lasting, _ = self._head(session, sweep)
            found = session.rows("row", (span(lasting.key)[0] + number,))
            return row_of(found[0], lasting.packings).trial() if found else None

        return self._read(look)

    def lapsed(self, sweep: str, now: datetime) -> list[tuple[int, datetime]]:
        """Return running trials whose lease has lapsed by now, and when."""

        def look(session: Session) -> list[tuple[int, datetime]]:
            lasting, _ = self._head(session, sweep)
            found = session.rows("rows_lapsed", (lasting.key, to_us(now), ALL))
            rows = [row_of(columns, lasting.packings) for columns in found]
            return [(row.number, row.until) for row in rows if row.until is not None]

        return self._read(look)

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

    def _is_any(self, sweep: str, now: datetime) -> bool:
        """Tell whether there may be something to lease."""

        def look(session: Session) -> bool:
            lasting, head = self._head(session, sweep)
            return gives_out(head) or bool(
                session.rows("any_lapsed", (lasting.key, to_us(now)))[0][0]
            )

        return self._read(look)

    def _head(self, session: Session, sweep_id: str) -> tuple[Lasting, Head]:
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


def _insert(
    session: Session,
    sweep_id: str,
    name: str,
    sweep: Sweep,
    now: datetime,
    facts: Mapping[str, Any],
) -> None:
    """Insert a sweep without trials."""
    definition, parameters = definition_text(sweep)
    recorded, tags = json.dumps(dict(facts)), json.dumps(list(sweep.tags))
    values = (sweep_id, name, definition, parameters, to_us(now), tags, recorded)
    session.run("insert_sweep", values)
    ((key, *_),) = session.rows("sweep", (sweep_id,))
    changing = (key, Control.RUNNING.value, to_us(now), *limits_of(sweep.budget))
    session.run("insert_standing", changing)
