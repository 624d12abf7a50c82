"""The controller: load, decide, commit.

A *role*, not a process: `sonde run`, a server, an agent with nothing to do, and a program
that asks and tells all take it through this class, also several at once. A decision is
committed against the revision that it was made from; the loser reads again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sonde.core.decide import Decider, Situation
from sonde.core.decision import Decision, NewTrial
from sonde.core.failing import why_failing
from sonde.core.history import History
from sonde.core.stopping.judge import Judge
from sonde.core.sweep import Control, Sweep
from sonde.core.trial import Lease, Trial, Verdict
from sonde.errors import ConflictError, ExhaustedError
from sonde.plugins.methods import method
from sonde.plugins.rules import rule
from sonde.single_thread import SingleThread
from sonde.store import is_served
from sonde.store.earlier import lessons_of
from sonde.store.protocol import Ask, Curve, Store, SweepRecord

__all__ = ["Controller", "clock_of", "utc_now"]

_READING = 0.1  # share of the time that reading curves for the stopping rule may take
_LATEST_S = 0.5  # but no curve waits longer
_MANY = 500  # curves, from which on all are read at once
_NO_CURVE = Curve((), (), ())


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def clock_of(store: Store) -> Callable[[], datetime]:
    """Return the clock that a store's times are from: a server's is not ours."""
    if not is_served(store.url):
        return utc_now
    from sonde.store.http import HttpStore

    return store.now if isinstance(store, HttpStore) else utc_now


def _is_same(one: Sweep, other: Sweep) -> bool:
    """Tell whether two definitions are searched alike: what the trials run plays no part."""
    return one is other or replace(one, work=None) == replace(other, work=None)


class Controller:
    """One sweep, followed and driven.

    Attributes:
        record: The sweep as it was last read.
        history: Its trials as they were last read.
    """

    def __init__(
        self, store: Store, sweep: str, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.store = store
        self.sweep = sweep
        self._clock = clock_of(store) if clock is None else clock
        self._version = 0
        self._unheard: dict[int, Trial] = {}  # changed, and not returned by `refresh` yet
        self._unread: dict[int, Trial] = {}  # the judge lacks their curves
        self._read_at = 0.0  # when curves may be read again
        self.record: SweepRecord = store.get_sweep(sweep)
        self._begin()
        self._single_thread = SingleThread()

    def _begin(self) -> None:
        """Know nothing yet but the definition."""
        definition = self.record.sweep
        self.history, self._has_read = History(definition), False
        self._decider = Decider(definition, method, lessons_of(self.store, definition), rule)

    @property
    def adaptive(self) -> bool:
        """Whether the method learns from results, so that few trials should be made ahead."""
        return self._decider.adaptive

    @property
    def judge(self) -> Judge | None:
        """The stopping rule at work, if the sweep has one; then call `step` as reports come."""
        return self._decider.judge

    @property
    def is_failing(self) -> bool:
        """Whether trials fail one after the other, so that `step` will stop the sweep."""
        return why_failing(self.history) is not None

    def refresh(self) -> Sequence[Trial]:
        """Read what has changed; return the trials changed since the last call, by number.

        Those that `step` came to know of in the meantime are among them.
        """
        self._read()
        changed = [self._unheard[number] for number in sorted(self._unheard)]
        self._unheard.clear()
        return changed

    def step(self, want: int = 1, ask: Ask | None = None) -> Sequence[Lease]:
        """Decide and commit, so that up to `want` trials wait; with `ask`, lease at once.

        Returns:
            The leases; none without `ask`, and none when there is nothing to run now.
        """
        while True:
            self._read()
            record = self.record
            now = self._clock()
            situation = Situation(record.revision, record.control, record.budget, now)
            with self._single_thread.on():
                decision = self._decider.decide(self.history, situation, want)
            if decision is None:
                return self.store.lease(self.sweep, ask, now) if ask else ()
            try:
                self.record, leases = self.store.commit(self.sweep, decision, now, ask)
            except ConflictError:
                continue  # somebody else decided first; so it ends: each round is one commit
            return leases

    def proposal(self) -> NewTrial | None:
        """Return what the search method would try next; nothing is added."""
        self._read()
        with self._single_thread.on():
            found = self._decider.propose(self.history, 1)
        return found[0] if found else None

    def to_stop(self) -> Mapping[int, str]:
        """Return which running trials the sweep's rule would have end now, and why."""
        self._read()
        return {} if self.judge is None else self.judge.stops(self.history)

    def add(self, trial: NewTrial) -> int:
        """Add a trial, whatever the search method thinks of it; return its number.

        Raises:
            ConfigError: If it is no point of the space.
            ExhaustedError: If the sweep takes no more trials.
        """
        params = self.record.sweep.space.validate(trial.params)
        while True:
            self._read()
            record = self.record
            counting = record.trials - self.history.withdrawn
            if record.control is not Control.RUNNING or counting == record.budget.trials:
                raise ExhaustedError(f"{record.name} takes no more trials: it is {record.state}")
            decision = Decision(
                against=record.revision, add=[NewTrial(params=params, origin=trial.origin)]
            )
            try:
                self.record, _ = self.store.commit(self.sweep, decision, self._clock())
            except ConflictError:
                continue  # as in `step`
            return record.trials

    def stop(self, number: int, why: str) -> None:
        """Have a trial that runs end, and keep why; nothing where it has ended by now."""
        verdicts, reasons = {number: Verdict.STOP}, {number: why}
        while True:
            revision = self.store.get_sweep(self.sweep).revision
            decision = Decision(against=revision, verdicts=verdicts, reasons=reasons)
            try:
                self.store.commit(self.sweep, decision, self._clock())
            except ConflictError:
                continue  # as in `step`
            return

    def judgement(self, number: int) -> str | None:
        """Read what has changed, and say why a running trial is to stop; None: it goes on."""
        self._read_at = 0.0
        self._read()
        judge = self._decider.judge
        return None if judge is None else judge.stops(self.history).get(number)

    def _read(self) -> None:
        changes = self.store.changes(self.sweep, self._version)
        goes_on = (
            changes.record.control is Control.RUNNING and self.record.control is not Control.RUNNING
        )
        self.record, self._version = changes.record, changes.version
        trials = changes.trials
        if changes.anew:
            self._begin()
        elif not _is_same(self.record.sweep, self.history.sweep):
            # Somebody edited it: begin anew, as a controller would that starts now.
            known = dict(enumerate(self.history.trials))
            known.update((trial.number, trial) for trial in trials)
            trials = [known[number] for number in sorted(known)]
            self._begin()
        results = self.history.add(trials)
        if goes_on or not self._has_read:
            # Failures of before somebody began, or went on with it, are known to whoever did.
            self.history.forgive()
        self._has_read = True
        if self._decider.judge is not None:
            self._unread.update((trial.number, trial) for trial in trials)
        curves = self._tell_judge(self._decider.judge, at_once=bool(results))
        if results:
            self._decider.observe(results, curves)
        self._unheard.update((trial.number, trial) for trial in changes.trials)

    def _tell_judge(self, judge: Judge | None, *, at_once: bool) -> Mapping[int, Sequence[float]]:
        """Read the curves of changed trials for the stopping rule; return their values.

        Args:
            judge: The rule; without one nothing is read.
            at_once: Else not too often.
        """
        began = time.monotonic()
        if judge is None or not self._unread or (began < self._read_at and not at_once):
            return {}
        lacking = [trial for _, trial in sorted(self._unread.items()) if judge.lacks(trial)]
        self._unread.clear()
        values: dict[int, Sequence[float]] = {}
        if lacking:
            numbers = None if len(lacking) > _MANY else [trial.number for trial in lacking]
            curves = self.store.curves(self.sweep, numbers, [judge.metric])
            for trial in lacking:
                curve = curves.get(trial.number, {}).get(judge.metric, _NO_CURVE)
                judge.hear(trial, curve.steps, curve.values, curve.times)
                values[trial.number] = curve.values
        took_s = time.monotonic() - began
        self._read_at = began + min(took_s / _READING, took_s + _LATEST_S)
        return values
