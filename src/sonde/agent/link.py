"""The agent's link to the store: what it tells and hears, also through outages.

A store that does not answer stops no training. What is to be told is kept and told again,
with pauses that grow to a few seconds, until the store has it.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from sonde.agent.pace import pace_of
from sonde.agent.running import RunningTrial
from sonde.core.trial import Lease, Outcome, State, Trial, Verdict
from sonde.errors import LeaseLostError, NotFoundError, ReportsLostError, StoreError
from sonde.store import is_served
from sonde.store.protocol import Ask, Store, SweepRecord

__all__ = ["Link", "patiently"]

_REPORT_S = 0.25  # reports are gathered for so long
_REPORTS = 2000  # at most in one batch
_VERDICT_S = 0.4  # between two renewals that only look for verdicts
T = TypeVar("T")
_PATIENCE_S = 60.0  # with a server, before the first trial
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)


class Link:
    """One agent's dealings with one sweep.

    Attributes:
        record: The sweep as it was last read.
        pace: How often to ask.
        is_gone: Whether the sweep is no longer in the store.
    """

    def __init__(self, store: Store, sweep: str, agent: str, note: Callable[[str], None]) -> None:
        self.store, self.agent = store, agent
        self.pace = pace_of(is_served=is_served(store.url))
        self.record: SweepRecord = patiently(store, lambda: store.get_sweep(sweep))
        self.is_gone = False
        self._note = note
        self._failures = 0
        self._retry_at = 0.0
        self._renewed_at = time.monotonic()
        self._heard = self.record.revision  # the revision whose verdicts we know
        self._stamp: object = None
        self._doubt: int | None = None  # the sweep's version before a call that got no answer

    @property
    def sweep(self) -> str:
        """Its id."""
        return self.record.id

    @property
    def stamp(self) -> object:
        """The store's stamp as of the last look."""
        return self._stamp

    @property
    def _lease_s(self) -> float:
        return max(self.record.sweep.lease_s, self.pace.least_lease_s)

    @property
    def is_up(self) -> bool:
        """Whether the store may be asked now."""
        return time.monotonic() >= self._retry_at

    @property
    def has_trouble(self) -> bool:
        """Whether the last call failed."""
        return self._failures > 0

    def ask(self, count: int) -> Ask:
        """Return a wish for so many trials."""
        return Ask(agent=self.agent, count=count, lease_s=self._lease_s)

    def attempt(self, call: Callable[[], T], otherwise: T) -> T:
        """Call the store; on an outage, note it, set a pause and return `otherwise`."""
        if not self.is_up:
            return otherwise
        try:
            result = call()
        except LeaseLostError:
            raise
        except ReportsLostError as error:
            raise LeaseLostError(str(error)) from error
        except NotFoundError as error:
            if not self.is_gone:
                self._note(f"the sweep is gone: {error}")
            self.is_gone = True
            return otherwise
        except StoreError as error:
            if self._doubt is None:
                self._doubt = self.record.version
            if not self._failures:
                self._note(f"the store does not answer, trying again: {error}")
            pause = _PAUSES[min(self._failures, len(_PAUSES) - 1)]
            self._failures += 1
            self._retry_at = time.monotonic() + pause
            return otherwise
        if self._failures:
            self._note("the store answers again")
            self._failures = 0
        return result

    def look(self) -> bool:
        """Read the sweep again if anything changed; tell whether something did."""
        stamp = self.attempt(self.store.stamp, None)
        if stamp is None or stamp == self._stamp:
            return False
        record = self.attempt(lambda: self.store.get_sweep(self.sweep), None)
        if record is None:
            return False
        self._stamp = stamp
        self.record = record
        return True

    def read_again(self) -> bool:
        """Read the sweep again whatever its stamp says; tell whether it was had."""
        record = self.attempt(lambda: self.store.get_sweep(self.sweep), None)
        if record is not None:
            self.record = record
        return record is not None

    def lease(self, count: int) -> Sequence[Lease]:
        """Lease up to so many trials."""
        ask = self.ask(count)
        return self.attempt(lambda: self.store.lease(self.sweep, ask, _now()), ())

    @property
    def may_have_lost(self) -> bool:
        """Whether a call got no answer, so that we may hold leases of which we do not know."""
        return self._doubt is not None

    def unheard(self, held: Collection[tuple[int, int]]) -> Sequence[Lease]:
        """Return the leases that we hold and have not heard of: their answers were lost.

        Args:
            held: Number and attempt of each that we know.
        """
        doubt, none = self._doubt or 0, None
        changes = self.attempt(lambda: self.store.changes(self.sweep, doubt), none)
        if changes is None:
            return ()
        self._doubt = None
        return [
            Lease(
                sweep=self.sweep,
                number=trial.number,
                attempt=trial.attempts,
                agent=self.agent,
                until=_now(),
                params=trial.params,
                definition=changes.record.sweep.version,
                origin=trial.origin,
            )
            for trial in changes.trials
            if trial.state is State.RUNNING
            and trial.agent == self.agent
            and (trial.number, trial.attempts) not in held
        ]

    def give_back(self, lease: Lease) -> None:
        """Give back what is not to be run here; if that fails it will lapse."""
        given = Outcome(state=State.WAITING)
        with suppress(LeaseLostError):
            self.attempt(lambda: self.store.finish(lease, given, _now()), None)

    def report(self, trial: RunningTrial) -> None:
        """Tell what a trial reported, if enough has gathered."""
        while trial.unsent and not trial.lost:
            since = trial.unsent_since
            due = since is None or time.monotonic() - since >= _REPORT_S
            if not due and len(trial.unsent) < _REPORTS:
                return
            try:
                if not self._send(trial):
                    return
            except LeaseLostError:
                trial.end(Verdict.LOST)
        trial.unsent_since = None

    def _send(self, trial: RunningTrial) -> bool:
        """Send one batch; tell whether it arrived."""
        lease, first = trial.lease, trial.acknowledged + 1
        batch = tuple(trial.unsent[:_REPORTS])
        last = self.attempt(lambda: self.store.report(lease, first, batch, _now()), None)
        if last is None:
            return False
        trial.sent(last)
        return True

    def finish(
        self, trial: RunningTrial, ask: Ask | None
    ) -> tuple[Trial | None, Sequence[Lease]] | None:
        """Tell how a trial ended, and lease; None if it has to be tried again.

        The trial is as the store has it now; None where the lease was lost.
        """
        outcome = trial.outcome
        if outcome is None or trial.lost:
            return None, ()
        try:
            while len(trial.unsent) > _REPORTS:
                if not self._send(trial):
                    return None
            none: tuple[Trial, Sequence[Lease]] | None = None
            lease, first, last = trial.lease, trial.acknowledged + 1, tuple(trial.unsent)
            done = self.attempt(
                lambda: self.store.finish(lease, outcome, _now(), ask, reports=last, first=first),
                none,
            )
        except LeaseLostError:
            trial.lost = True
            return None, ()
        return done

    def renew(self, trials: Sequence[RunningTrial]) -> None:
        """Hold on to leases when it is time, or when there may be verdicts; pass those on."""
        now = time.monotonic()
        lease_s = self.record.sweep.lease_s
        revised = self.record.revision != self._heard and now - self._renewed_at >= _VERDICT_S
        if not revised and now - self._renewed_at < lease_s / 3:
            return
        revision = self.record.revision
        held = [trial for trial in trials if not trial.lost]
        verdicts: Sequence[Verdict] | None = ()
        if held:
            leases = [trial.lease for trial in held]
            verdicts = self.attempt(lambda: self.store.renew(leases, _now(), self._lease_s), None)
        if verdicts is None:
            return
        self._renewed_at, self._heard = now, revision
        for trial, verdict in zip(held, verdicts, strict=True):
            if verdict is not Verdict.GO_ON:
                trial.end(verdict)


def patiently(store: Store, call: Callable[[], T], note: Callable[[str], None] | None = None) -> T:
    """Call a store until it answers, for a minute if it is a server: it may be started again.

    Args:
        store: That is called.
        call: What is called.
        note: Told once, if it has to be waited for.

    Raises:
        StoreError: If it does not answer.
    """
    patience_s = _PATIENCE_S if is_served(store.url) else 0.0
    until = time.monotonic() + patience_s
    while True:
        try:
            return call()
        except (LeaseLostError, NotFoundError):
            raise
        except StoreError as error:
            if time.monotonic() >= until:
                raise
            if note is not None:
                note(f"{error}; trying again for {patience_s:.0f} s")
                note = None
            time.sleep(_PAUSES[1])


def _now() -> datetime:
    return datetime.now(UTC)
