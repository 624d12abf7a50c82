"""The operations that change a sweep, for every store whose transactions are `Book`s.

A store derives `BookStore` and says how a function changes a sweep: `_write` calls it inside
of a transaction, perhaps again where the first time came to nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import NotFoundError
from sonde.store import rules
from sonde.store.protocol import Ask, Decision, PastTrial, SweepRecord
from sonde.store.rows import Book, Head

__all__ = ["NOTHING", "BookStore", "Foresight", "gives_out"]

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


def gives_out(head: Head) -> bool:
    """Tell whether waiting trials are there and may be leased."""
    barred = {Control.PAUSED, Control.STOPPED, Control.CANCELLED}
    most = head.budget.workers
    is_full = most is not None and head.counts[State.RUNNING] >= most
    return head.counts[State.WAITING] > 0 and head.control not in barred and not is_full


class BookStore(ABC):
    """What a store does to a sweep; see `sonde.store.protocol`."""

    url: str

    @abstractmethod
    def _write(
        self,
        sweep: str,
        change: Callable[[Book], T],
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

    @abstractmethod
    def _is_any(self, sweep: str, now: datetime) -> bool:
        """Tell, without standing in line with those who write, whether there may be a lease."""

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

        def update(book: Book) -> SweepRecord:
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

    def put_trials(
        self,
        sweep: str,
        trials: Sequence[PastTrial],
        now: datetime,
        against: int | None = None,
    ) -> SweepRecord:
        """Add trials as they are elsewhere, all or none."""

        def put(book: Book) -> SweepRecord:
            rules.put_trials(book, trials, now, against)
            return book.head.record()

        return self._write(sweep, put)

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Apply a decision whole, or not at all, then lease if `ask` is given."""

        def apply(book: Book) -> tuple[SweepRecord, Sequence[Lease]]:
            rules.commit(book, decision, now)
            leases = rules.lease(book, ask, now) if ask else []
            return book.head.record(), leases

        return self._write(sweep, apply, _foresight(ask, now, trials=tuple(decision.verdicts)))

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, and running ones whose lease lapsed."""
        # Agents that find nothing ask often: they shall not stand in line with the writers.
        if not self._is_any(sweep, now):
            return []
        return self._write(sweep, lambda book: rules.lease(book, ask, now), _foresight(ask, now))

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases; return a verdict for each."""
        verdicts: dict[int, Verdict] = {}
        places = sorted(range(len(leases)), key=lambda at: leases[at].sweep)
        for sweep, group in groupby(places, key=lambda at: leases[at].sweep):
            held = [(at, leases[at]) for at in group]

            def hold(book: Book, held: Sequence[tuple[int, Lease]] = held) -> dict[int, Verdict]:
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

    def revalue(self, lease: Lease, params: Mapping[str, Any], now: datetime) -> Trial:
        """Give a running trial the values that it turned out to have."""
        return self._write(
            lease.sweep,
            lambda book: rules.revalue(book, lease, params, now).trial(),
            Foresight(trials=(lease.number,)),
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

        def end(book: Book) -> tuple[Trial, Sequence[Lease]]:
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
