"""A witness between everybody and a store, who holds each answer to what always holds.

It keeps some 60 bytes a trial of its own, made only from what the store has acknowledged, and
compares: one lease at a time, ended is ended, no state or attempt goes backwards, budgets and
limits are kept, stopped stays stopped, of two decisions one wins, and what was acknowledged is
what is there. It knows the promises (`sonde.store.protocol`) and none of the rules by which a
store keeps them. Reports are taken to count their steps by one.
"""

from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sonde.core.decision import Decision
from sonde.core.sweep import Control
from sonde.core.trial import ENDED, Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import ConflictError, LeaseLostError
from sonde.store.protocol import Ask, Changes, Store, SweepRecord

__all__ = ["BrokenPromiseError", "Witness"]

_STATES = tuple(State)
_CODE = {state: code for code, state in enumerate(_STATES)}
_WAITING, _RUNNING = _CODE[State.WAITING], _CODE[State.RUNNING]
_ENDED = frozenset(_CODE[state] for state in ENDED)
_ASKED = {Verdict.GO_ON: 0, Verdict.STOP: 1, Verdict.CANCEL: 2}
_LEASING = (Control.RUNNING, Control.DONE)
_AFTER: Mapping[State, frozenset[State]] = {  # what an outcome may come to
    State.DONE: frozenset({State.DONE, State.CANCELLED}),
    State.STOPPED: frozenset({State.STOPPED, State.CANCELLED}),
    State.FAILED: frozenset({State.FAILED, State.WAITING, State.CANCELLED}),
    State.CANCELLED: frozenset({State.CANCELLED}),
    State.PAUSED: frozenset({State.PAUSED, State.STOPPED, State.CANCELLED}),
    State.WAITING: frozenset({State.WAITING, State.STOPPED, State.CANCELLED}),
}


class BrokenPromiseError(AssertionError):
    """A store, or a controller, did what may never be."""


class Witness:
    """The operations that change a sweep, and its change feed, watched; all others as they are.

    Args:
        store: Which is watched.
        sweep: Its only sweep that is worked on, without trials yet.
        metric: The one that trials report.
        sample: Of one trial in so many the whole curve is kept, to be compared in `audit`.

    Attributes:
        url: The store's.
        checks: How many answers were held to the promises.
    """

    def __init__(self, store: Store, sweep: str, metric: str, *, sample: int = 100) -> None:
        self.store, self.sweep, self.metric, self.sample = store, sweep, metric, sample
        self.url = store.url
        self.checks = 0
        self.record = store.get_sweep(sweep)
        self.counts = dict.fromkeys(range(len(_STATES)), 0)
        self._state = bytearray()
        self._asked = bytearray()
        self._outcome = bytearray()  # code of the state that the last attempt's outcome said
        self._attempts = array("H")
        self._reported = array("H")  # of the present attempt
        self._points = array("H")  # of the joined curve
        self._last = array("d")
        self._until = array("d")
        self._params = array("q")  # hashes
        self._version = array("q")  # as last seen
        self._curves: dict[int, dict[int, float]] = {}
        self._running: set[int] = set()
        self._latest = 0.0  # the latest time that a call was made at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return len(self._state)

    # -- deciding -----------------------------------------------------------------------

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Hold a commit to it."""
        self._at(now)
        is_stale = decision.against != self.record.revision
        try:
            record, leases = self.store.commit(sweep, decision, now, ask)
        except ConflictError:
            self._must(is_stale, "a decision that was made from the present revision is refused")
            raise
        self._must(not is_stale, "a decision is applied that was made from an older revision")
        self._must(record.revision == self.record.revision + 1, "a commit is a revision")
        for new in decision.add:
            self._add(new.params)
        for number, verdict in decision.verdicts.items():
            self._tell(number, verdict)
        if decision.control is Control.CANCELLED:
            self._cancel_all()
        self._follow(record, decided=True)
        self._leased(leases, ask, now)
        return record, leases

    def update_sweep(self, sweep: str, now: datetime, **given: Any) -> SweepRecord:
        """Hold a change of the sweep to it."""
        self._at(now)
        record = self.store.update_sweep(sweep, now, **given)
        control = given.get("control")
        self._must(control is None or record.control is control, "a control state is kept")
        if control is Control.CANCELLED:
            self._cancel_all()
        self._follow(record, decided=True)
        return record

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Hold what is read of the sweep to it."""
        record = self.store.get_sweep(sweep)
        self._follow(record)
        return record

    # -- running ------------------------------------------------------------------------

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Hold leases to it."""
        self._at(now)
        leases = self.store.lease(sweep, ask, now)
        self._leased(leases, ask, now)
        return leases

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold verdicts to it."""
        self._at(now)
        verdicts = self.store.renew(leases, now, lease_s)
        for held, verdict in zip(leases, verdicts, strict=True):
            number = held.number
            if verdict is Verdict.LOST:
                self._lost(held, "is told that it is lost")
                continue
            self._must_hold(held, "its lease is renewed")
            told = _ASKED[verdict]
            self._must(told == self._asked[number], f"trial {number} is told '{verdict}'")
            self._until[number] = now.timestamp() + lease_s
        return verdicts

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Hold reports to it."""
        self._at(now)
        try:
            last = self.store.report(lease, first, reports, now)
        except LeaseLostError:
            self._lost(lease, "has its reports refused")
            raise
        self._must_hold(lease, "its reports are kept")
        self._heard(lease.number, first, reports)
        self._must(last == self._reported[lease.number], f"trial {lease.number}: it has {last}")
        return last

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
        """Hold an end to it."""
        self._at(now)
        number = lease.number
        try:
            trial, leases = self.store.finish(
                lease, outcome, now, ask, reports=reports, first=first
            )
        except LeaseLostError:
            self._lost(lease, "has its end refused")
            raise
        if self._holds(lease):
            self._heard(number, first, reports)
            is_legal = trial.state in _AFTER[outcome.state]
            self._must(is_legal, f"trial {number} ended as {outcome.state} and is {trial.state}")
            if self._asked[number] == _ASKED[Verdict.CANCEL]:
                is_gone = trial.state is State.CANCELLED
                self._must(is_gone, f"trial {number} was cancelled and is {trial.state}")
            self._move(number, _CODE[trial.state])
            self._outcome[number] = _CODE[outcome.state] + 1
        else:
            is_again = (
                self._attempts[number] == lease.attempt
                and self._outcome[number] == _CODE[outcome.state] + 1
            )
            self._must(is_again, f"trial {number}: attempt {lease.attempt} ends what it lost")
        self._saw(trial)
        self._leased(leases, ask, now)
        return trial, leases

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Hold a release to it; what it gives back is learned from the feed."""
        self._at(now)
        count = self.store.release(sweep, agents, now)
        if count:
            before = self.record.version
            self._read(self.store.changes(sweep, before), released=frozenset(agents))
        return count

    # -- reading ------------------------------------------------------------------------

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Hold the change feed to it."""
        changes = self.store.changes(sweep, after)
        self._must(
            all(trial.version > after for trial in changes.trials), "the feed tells what is new"
        )
        self._read(changes)
        return changes

    def audit(self, store: Store | None = None) -> None:
        """Compare everything that was acknowledged with everything that is there.

        Args:
            store: The same store as another process has it; None: the one that is watched.
        """
        there = self.store if store is None else store
        changes = there.changes(self.sweep)
        self._must(len(changes.trials) == self.trials, "every trial is there")
        for number, trial in enumerate(changes.trials):
            self._must(trial.number == number, "numbers are dense")
            known = hash(tuple(trial.params.items())) == self._params[number]
            self._must(known, f"trial {number} has the values that it was added with")
        self._read(changes)
        numbers = sorted(self._curves)
        found = there.curves(self.sweep, numbers, [self.metric])
        for number in numbers:
            curve = found.get(number, {}).get(self.metric)
            kept = {} if curve is None else dict(zip(curve.steps, curve.values, strict=True))
            self._must(kept == self._curves[number], f"trial {number} has every point of its curve")

    # -- what is known ------------------------------------------------------------------

    def _must(self, truth: bool, what: str) -> None:
        if not truth:
            raise BrokenPromiseError(f"not so: {what}")

    def _at(self, now: datetime) -> None:
        self.checks += 1
        self._latest = max(self._latest, now.timestamp())

    def _add(self, params: Mapping[str, Any]) -> None:
        self._state.append(_WAITING)
        self._asked.append(0)
        self._outcome.append(0)
        self._attempts.append(0)
        self._reported.append(0)
        self._points.append(0)
        self._last.append(0.0)
        self._until.append(0.0)
        self._params.append(hash(tuple(params.items())))
        self._version.append(0)
        self.counts[_WAITING] += 1

    def _move(self, number: int, code: int) -> None:
        before = self._state[number]
        self._must(before not in _ENDED or before == code, f"trial {number} ended twice")
        self.counts[before] -= 1
        self.counts[code] += 1
        self._state[number] = code
        if code == _RUNNING:
            self._running.add(number)
        else:
            self._running.discard(number)

    def _tell(self, number: int, verdict: Verdict) -> None:
        if self._state[number] == _RUNNING:
            self._asked[number] = max(self._asked[number], _ASKED[verdict])
        elif self._state[number] == _WAITING and verdict is not Verdict.GO_ON:
            self._move(number, _CODE[State.CANCELLED])

    def _cancel_all(self) -> None:
        for number in range(self.trials):
            self._tell(number, Verdict.CANCEL)

    def _follow(self, record: SweepRecord, *, decided: bool = False) -> None:
        """Compare a record with the one before, and with what is known."""
        before = self.record
        self._must(record.version >= before.version, "versions grow")
        if not decided:
            same = record.revision == before.revision and record.control is before.control
            self._must(same, "a sweep is changed only by whoever changes it")
        self._must(record.trials == self.trials, f"there are {self.trials} trials, not lost ones")
        most = record.budget.trials
        if most is not None:
            self._must(record.trials <= most, f"{record.trials} trials, where {most} are allowed")
        self.record = record

    def _leased(self, leases: Sequence[Lease], ask: Ask | None, now: datetime) -> None:
        if not leases:
            return
        self._must(ask is not None and len(leases) <= ask.count, "no more are leased than asked")
        is_open = self.record.control in _LEASING
        self._must(is_open, f"a trial is leased while the sweep is {self.record.control}")
        for lease in leases:
            number = lease.number
            self._must(number < self.trials, f"trial {number} was never added")
            state = self._state[number]
            self._must(state not in _ENDED, f"trial {number} is leased after its end")
            is_free = state == _WAITING or self._until[number] <= now.timestamp()
            self._must(is_free, f"trial {number} is leased to two agents at once")
            follows = lease.attempt == self._attempts[number] + 1
            self._must(follows, f"trial {number}: attempts count up by one")
            known = hash(tuple(lease.params.items())) == self._params[number]
            self._must(known, f"trial {number} is leased with the values that it was added with")
            self._move(number, _RUNNING)
            self._attempts[number] = lease.attempt
            self._until[number] = lease.until.timestamp()
            self._reported[number] = self._outcome[number] = 0
        most = self.record.budget.workers
        if most is not None:
            # One whose lease lapsed runs nowhere; where some did, who counts is not known here.
            running = self.counts[_RUNNING]
            if running > most:
                running = sum(self._until[at] > now.timestamp() for at in self._running)
            self._must(running <= most, f"{running} trials run, where {most} may")

    def _holds(self, held: Lease) -> bool:
        number = held.number
        return self._state[number] == _RUNNING and self._attempts[number] == held.attempt

    def _must_hold(self, held: Lease, what: str) -> None:
        self._must(
            self._holds(held),
            f"trial {held.number}: {what}, though attempt {held.attempt} does not hold it",
        )

    def _lost(self, held: Lease, what: str) -> None:
        # A lapsed one may have been given back, which the feed will tell.
        is_lost = not self._holds(held) or self._until[held.number] <= self._latest
        self._must(is_lost, f"trial {held.number}: attempt {held.attempt} holds it and {what}")

    def _heard(self, number: int, first: int, reports: Sequence[Report]) -> None:
        """Take in reports that were acknowledged."""
        for report in reports[self._reported[number] + 1 - first :]:
            step, value = report.step, report.metrics[self.metric]
            if not self._reported[number]:
                self._points[number] = min(self._points[number], step)
            self._reported[number] += 1
            self._points[number] += 1
            self._last[number] = value
            if number % self.sample == 0:
                kept = self._curves.setdefault(number, {})
                for later in [at for at in kept if at >= step]:
                    del kept[later]
                kept[step] = value

    def _read(self, changes: Changes, released: frozenset[str] = frozenset()) -> None:
        self._follow(changes.record)
        last = -1
        for trial in changes.trials:
            self._must(last < trial.number, "the feed is in the order of the numbers")
            self._must(trial.version <= changes.version, "the feed's version is the latest")
            last = trial.number
            self._settle(trial, released)
            self._saw(trial)
        counts = changes.record.counts
        for state, code in _CODE.items():
            here = self.counts[code]
            there = counts.get(state, 0)
            self._must(here == there, f"{here} trials are {state}, and {there} are counted")

    def _settle(self, trial: Trial, released: frozenset[str]) -> None:
        """Follow what a store may do by itself: give back what lapsed, or was released."""
        number, code = trial.number, _CODE[trial.state]
        if self._state[number] != _RUNNING or code == _RUNNING:
            return
        is_lapsed = self._until[number] <= self._latest or trial.agent in released
        self._must(is_lapsed, f"trial {number} is {trial.state}, though its agent holds it")
        after = (State.WAITING, State.STOPPED, State.CANCELLED)[self._asked[number]]
        self._must(trial.state is after, f"trial {number} was given back and is {trial.state}")
        self._move(number, code)

    def _saw(self, trial: Trial) -> None:
        """Compare a trial with what is known of it."""
        number = trial.number
        state = _STATES[self._state[number]]
        self._must(trial.state is state, f"trial {number} is {state}, not {trial.state}")
        attempts = self._attempts[number]
        self._must(trial.attempts == attempts, f"trial {number} has {attempts} attempts")
        self._must(trial.version >= self._version[number], f"trial {number} goes back in time")
        self._version[number] = trial.version
        summary = trial.metrics.get(self.metric)
        points = 0 if summary is None else summary.count
        kept = points == self._points[number]
        self._must(kept, f"trial {number} has {self._points[number]} points, and not {points}")
        if summary is not None:
            is_last = summary.last == self._last[number] and summary.last_step == points - 1
            self._must(is_last, f"trial {number} has its last report")
