"""The store: what every place that keeps sweeps must promise.

Synchronous, batch-first, one transaction an event. What a call returned from is kept,
whatever is killed next. Four numbers order what happens:

- a sweep's *revision* is raised by each commit of decisions and each change of its control
  state, definition or budget. A decision is committed against the revision it was made from.
- the *version* is raised by each change of anything in a sweep. It is the cursor of the
  change feed: every trial carries the version of its last change.
- the *version of the definition* is raised by each change of the definition, once there are
  trials. A trial is of the one under which it was added, and stays so.
- an *attempt* is raised by each lease of a trial. (trial, attempt) fences off what lapsed.

The reports of all attempts are kept. The curve that is seen is the *joined* one: when an
attempt first reports a metric, at step s, what the curve had from s on is dropped and the
attempt's points follow. So an attempt that starts over at step 0 replaces what was there,
and one that goes on from a checkpoint continues it. `Trial.metrics` sums up joined curves.

Values are JSON's (tuples may come back as lists), with integers of any size, NaN and
infinities. Times come back to the microsecond.

Times are given by the caller, so that a store can be tested with a clock one sets.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sonde.core.decision import Decision, NewTrial
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict

__all__ = [
    "Ask",
    "Changes",
    "Counts",
    "Curve",
    "Decision",
    "Definition",
    "NewTrial",
    "PastTrial",
    "Store",
    "SweepRecord",
    "definition_of",
]


Counts = Mapping[State, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """A sweep as the store has it.

    Attributes:
        id: 8 characters of a-z and 2-7, made by the store at random.
        name: Unique in the store; the given one, or made from the work and the id.
        counts: Trials by state.
        reason: Why it is in this control state, for people.
        facts: What is recorded with the sweep, JSON only: git commit, python, packages, host ...
    """

    id: str
    name: str
    sweep: Sweep
    control: Control
    reason: str = ""
    budget: Budget
    revision: int
    version: int
    created: datetime
    updated: datetime
    counts: Counts = field(default_factory=dict)
    notes: str = ""
    tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trials(self) -> int:
        """How many trials there are, in whatever state: the next one's number."""
        return sum(self.counts.values())

    @property
    def state(self) -> str:
        """How it stands, in a word for people.

        `running` while a trial runs, `idle` when there is more to do and none does (`sonde
        resume` goes on), `paused`, `stopping` and `stopped`, `cancelling` and `cancelled`, `done`.
        """
        running = self.counts.get(State.RUNNING, 0)
        if self.control is Control.STOPPED:
            return "stopping" if running else "stopped"
        if self.control is Control.CANCELLED:
            return "cancelling" if running else "cancelled"
        if self.control is Control.PAUSED:
            return "paused"
        if running:
            return "running"
        return "done" if self.is_ended else "idle"

    @property
    def is_full(self) -> bool:
        """Whether as many trials run as may at once; one whose lease lapsed counts as running."""
        most = self.budget.workers
        return most is not None and self.counts.get(State.RUNNING, 0) >= most

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will be started, and nothing runs."""
        live = self.counts.get(State.RUNNING, 0)
        if self.control is Control.DONE:
            live += self.counts.get(State.WAITING, 0)
        return not live and self.control in {Control.DONE, Control.STOPPED, Control.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of a sweep's definition.

    Attributes:
        number: From 1; `sweep.version` is the same.
        made: When.
        first: The number of the first trial that could be added under it. A trial's version
            is the last one whose `first` is not above its number.
        why: For people; may be empty.
    """

    number: int
    sweep: Sweep
    made: datetime
    first: int = 0
    why: str = ""


def definition_of(versions: Sequence[Definition], trial: int) -> Definition:
    """Return the version under which a trial was added; `versions` as `Store.versions` has it."""
    firsts = [version.first for version in versions]
    return versions[bisect_right(firsts, trial) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An agent's wish for trials.

    Attributes:
        agent: Who asks.
        count: How many at most.
        lease_s: For how long.
    """

    agent: str
    count: int = 1
    lease_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has changed since a version.

    Attributes:
        version: The cursor for the next call.
        record: The sweep as it is now.
        trials: Every trial changed since, whole, in the order of their numbers.
        anew: Forget what was read before: the store has lost a part of it, as when a standby
            that lacked it took over. The trials are all that there are.
    """

    version: int
    record: SweepRecord
    trials: Sequence[Trial]
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """The joined points of one metric in one trial, in the order of their arrival."""

    steps: Sequence[int]
    values: Sequence[float]
    times: Sequence[float]  # seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTrial:
    """A trial as it is elsewhere, to be written as it is.

    Attributes:
        trial: Its metrics are left out: the store sums up the reports anew. Its version only says
            in which order the trials last changed, where they have one.
        reports: The points of its joined curves, in the order of their arrival. They become those
            of its last attempt.
        until: When its lease lapses, if it is running. None: it has.
    """

    trial: Trial
    reports: Sequence[Report] = ()
    until: datetime | None = None


class Store(Protocol):
    """The operations. Each is one transaction; sweep arguments are ids.

    Every call may raise `StoreError`; those with a sweep `NotFoundError`.
    """

    url: str

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep (control state running, revision 0).

        Raises:
            SweepExistsError: If its name is taken.
        """

    def put_sweep(
        self, record: SweepRecord, versions: Sequence[Definition], trials: Collection[PastTrial]
    ) -> SweepRecord:
        """Add a sweep as it is elsewhere, whole: nothing is decided, moved or dated anew.

        Id, name, control state, revision, times, facts and the versions of the definition are
        as given; `record.counts` and `record.version` follow from the trials, which are written
        as `put_trials` does it. They may be gone through more than once.

        Raises:
            SweepExistsError: If its id or its name is taken.
            ValueError: If a trial is none that `put_trials` takes.
        """

    def put_trials(
        self,
        sweep: str,
        trials: Sequence[PastTrial],
        now: datetime,
        against: int | None = None,
    ) -> SweepRecord:
        """Add trials as they are elsewhere, in whatever state, all or none; raises the revision.

        Those whose numbers the store has already are passed over, so a batch may be sent again.
        The search is told of the others in the order of their versions, and in that of their
        numbers where they have none. With `against` none is added unless the sweep is at that
        revision.

        Raises:
            ConflictError: If the revision is no longer `against`, and a trial is new.
            ValueError: If the numbers leave a gap, or a trial that was never leased runs or has
                reports.
        """

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now; cheap, without reading its trials."""

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means: an id, a name, or a unique prefix of one.

        An exact name wins over a prefix, and a prefix of ids over one of names.

        Raises:
            NotFoundError: If there is none; the message lists near names.
            AmbiguousError: If a prefix fits several.
        """

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
        """Change what is given. `control`, `budget` and `definition` raise the revision.

        `definition` takes the place of the former one, for what is decided and begun from now
        on. It becomes a further version, made `now` for the reason `why`, whatever `version` it
        has; in a sweep without trials it becomes version 1. One that equals the present one
        makes none. Waiting trials that nobody has begun, that no user asked for and that are no
        assignments of its space are withdrawn: cancelled, with the fact `withdrawn`.

        With `against` nothing is changed unless the sweep is at that revision.

        A control state that is set without a reason has none.

        Control CANCELLED asks every running trial to be cancelled and cancels waiting and
        paused ones at once; with STOPPED waiting ones stay as they are, for a later resume. A
        sweep that was STOPPED, CANCELLED or DONE may be set RUNNING again; its cancelled trials
        stay cancelled.

        Raises:
            ConflictError: If the revision is no longer `against`.
        """

    def versions(self, sweep: str) -> Sequence[Definition]:
        """Return all versions of the definition, oldest first; the last one is at work."""

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        """Apply a decision whole, or not at all, then lease as `lease` does if `ask` is given.

        Raises:
            ConflictError: If the revision is no longer `decision.against`.
            NotFoundError: If a verdict is on a trial that is not there.
            ValueError: If a verdict is LOST.
        """

    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        """Lease waiting trials, lowest number first, and running ones whose lease lapsed.

        A lapsed trial that was asked to stop becomes stopped, one asked to cancel cancelled,
        instead of being leased again. Nothing is leased unless the sweep's control is RUNNING,
        or DONE (waiting trials of a sweep that is decided are still to be run). In a sweep that
        is STOPPED or CANCELLED a lapsed trial waits again, so that the sweep can end.
        No more trials run afterwards than the budget's `workers`, whoever leased them; those that
        ran when it was lowered go on.
        `Trial.started` is when the last attempt began. A lease until `t` has lapsed at `t`.
        """

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        """Hold on to leases until `now + lease_s`; return a verdict for each.

        A lease that lapsed, but that nobody else has taken since, is held again. Renewing is
        no change of the trial: its version stays.
        """

    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        """Keep reports number `first`, `first + 1`, ... (from 1) of an attempt; update summaries.

        Those that the store has already are passed over, so a batch may be sent again. A lease
        that lapsed may still report while nobody else has taken the trial.

        Returns:
            The number of the last report that the store now has.

        Raises:
            LeaseLostError: If another attempt or agent has it, or the trial has ended or is gone.
            ReportsLostError: If `first` leaves a gap.
        """

    def revalue(self, lease: Lease, params: Mapping[str, Any], now: datetime) -> Trial:
        """Give a running trial the values that it turned out to have; return it.

        For programs that say what they search while they run: what a trial is leased with is
        then what was proposed. Values may have names that its definition does not.

        Raises:
            LeaseLostError: If another attempt or agent has it, or the trial has ended or is gone.
        """

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
        """End an attempt, then lease as `lease` does if `ask` is given: one transaction.

        Reports number `first` and on are kept before, as `report` does: so the last ones, or
        all those of a short trial, cost no transaction of their own.

        FAILED with fewer failures than the sweep's retries makes the trial wait again. WAITING
        gives it back unharmed. A trial that was asked to cancel becomes CANCELLED whatever the
        outcome says; one asked to stop, when given back or paused, becomes STOPPED, and when it
        failed is not run again. Final values are a report one step after the attempt's last, or
        at step 0. The trial is returned as it was before the new leases were made.
        The same outcome of the same attempt once more changes nothing (facts may differ), until
        the trial is leased again.

        Raises:
            LeaseLostError: If another attempt or agent has it, or it is gone, or ended otherwise.
            ReportsLostError: If `first` leaves a gap.
        """

    def release(self, sweep: str, agents: Sequence[str], now: datetime) -> int:
        """Give back the trials of agents that are known to be dead; return how many.

        One that was asked to stop becomes STOPPED, one asked to cancel CANCELLED.
        """

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`.

        All of them, and `anew`, where what was read up to `after` need not be so any more.
        """

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric; trials without any are left out."""

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under a key made from their content (SHA-256, hex); return the key."""

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key, or raise `NotFoundError`."""

    def stamp(self) -> object:
        """Return something that differs after any change by any process; must cost microseconds."""

    def close(self) -> None:
        """Let go of files and connections; further calls raise `StoreError`."""
