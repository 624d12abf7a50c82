"""A trial: one assignment of values, and what became of it.

A trial is run by *attempts*: each lease of it to an agent is a further one. The pair
(trial, attempt) is the fencing token: what an attempt still sends after the next one
has begun is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sonde.core.lineage import Lineage, lineage_of
from sonde.core.metric import Goal, Summary
from sonde.errors import IllegalTransitionError

__all__ = [
    "ENDED",
    "SUCCESSORS",
    "WHY_STOPPED",
    "WITHDRAWN",
    "Lease",
    "Outcome",
    "Report",
    "State",
    "Trial",
    "Verdict",
    "check_transition",
    "is_cut_short",
    "losses",
]


class State(StrEnum):
    """Where a trial stands."""

    WAITING = "waiting"  # nobody runs it yet, or again
    RUNNING = "running"  # an agent holds a lease on it
    PAUSED = "paused"  # it ran, and may go on from its checkpoint
    DONE = "done"  # it ran to its end
    STOPPED = "stopped"  # it was ended early, by a rule, a budget or the user; its reports count
    FAILED = "failed"  # the user's program failed
    CANCELLED = "cancelled"  # nobody wants it any more; it does not count


SUCCESSORS: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.RUNNING, State.CANCELLED}),
    # Back to waiting: the lease lapsed, the agent gave it back, or a retry is due.
    State.RUNNING: frozenset(
        {State.WAITING, State.PAUSED, State.DONE, State.STOPPED, State.FAILED, State.CANCELLED}
    ),
    State.PAUSED: frozenset({State.WAITING, State.STOPPED, State.CANCELLED}),
    State.DONE: frozenset(),
    State.STOPPED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
WHY_STOPPED = "why_stopped"  # the fact that a store keeps with a stopped trial
WITHDRAWN = "withdrawn"  # the same with one that an edit of the sweep left outside of the space
ENDED = frozenset(state for state, next_ones in SUCCESSORS.items() if not next_ones)


def check_transition(before: State, after: State) -> None:
    """Raise `IllegalTransitionError` unless `after` may follow `before`."""
    if after not in SUCCESSORS[before]:
        legal = ", ".join(sorted(SUCCESSORS[before])) or "nothing"
        raise IllegalTransitionError(
            f"a {before} trial cannot become {after}; it may become {legal}"
        )


class Verdict(StrEnum):
    """What an agent is told about a trial that it holds, with each renewal."""

    GO_ON = "go on"
    STOP = "stop"  # end it politely; its reports count
    CANCEL = "cancel"  # end it; it does not count
    LOST = "lost"  # the lease is another's by now: end it, send nothing more


@dataclass(frozen=True, slots=True)
class Report:
    """One `log` call: some metrics at one step.

    Attributes:
        step: The resource at which it was made (epoch, batch, ...), by default a count from 0.
        metrics: Name to value; NaN and infinities are facts and kept.
        time: Seconds since the epoch.
    """

    step: int
    metrics: Mapping[str, float]
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An agent's hold on a trial.

    Attributes:
        attempt: From 1; with the number it is the fencing token.
        reported: Sequence number of the last report that the store has of this attempt (0: none).
        definition: The version of the sweep's definition when it was leased.
        origin: The trial's.
    """

    sweep: str
    number: int
    attempt: int
    agent: str
    until: datetime
    params: Mapping[str, Any]
    reported: int = 0
    definition: int = 1
    origin: str = "method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        state: `DONE`, `STOPPED`, `FAILED`, `CANCELLED`, `PAUSED`, or `WAITING` (given back).
        values: Final values told directly, such as a function's return value: metric name to value.
            They are taken as one more report.
        error: One line for people: what went wrong.
        facts: What is recorded with the trial, JSON only: exit_status, signal, host, pid, argv,
            directory, environment (blob key), ...
    """

    state: State
    values: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial as the store has it.

    Attributes:
        number: From 0, dense in its sweep.
        attempts: How often it has been leased.
        failures: How many of these attempts failed by themselves.
        agent: Who holds it, or held it last.
        asked: What the agent is to be told at its next renewal.
        origin: `method`, `user` (enqueued or asked for by hand), `repeat` (of an earlier one), or
            from which other trial it goes on (`sonde.core.lineage`).
        version: The store's version at its last change.
    """

    number: int
    state: State
    params: Mapping[str, Any]
    metrics: Mapping[str, Summary] = field(default_factory=dict)
    attempts: int = 0
    failures: int = 0
    agent: str | None = None
    asked: Verdict = Verdict.GO_ON
    origin: str = "method"
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0

    def value(self, goal: Goal) -> float | None:
        """Return the goal's number, or None where the metric never came."""
        summary = self.metrics.get(goal.metric)
        return None if summary is None else summary.value(goal.summary)

    @property
    def lineage(self) -> Lineage | None:
        """Which trial it goes on from, where a method has it do so."""
        return lineage_of(self.origin)

    @property
    def why_stopped(self) -> str | None:
        """Why a stopping rule ended it, in a line for people; None: none did."""
        why = self.facts.get(WHY_STOPPED) if self.state is State.STOPPED else None
        return why if isinstance(why, str) else None

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was never begun, as the sweep's space was edited first."""
        return self.state is State.CANCELLED and WITHDRAWN in self.facts

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


def is_cut_short(trial: Trial, goals: Sequence[Goal]) -> bool:
    """Tell whether a stopping rule ended a trial before its value was what others' are.

    The last value after 3 steps and that after 30 cannot be compared. The best value of a curve
    can: more steps only make it better.
    """
    if trial.why_stopped is None or not goals:
        return False
    return goals[0].summary.value != ("min" if goals[0].is_min else "max")


def losses(trial: Trial, goals: Sequence[Goal]) -> tuple[float, ...] | None:
    """Return the trial's losses, one a goal, or None if it has no result that counts.

    Failed and cancelled trials have none; a stopped one has what it reached. NaN is infinity.
    """
    if trial.state not in {State.DONE, State.STOPPED} or not goals:
        return None
    found = []
    for goal in goals:
        value = trial.value(goal)
        if value is None:
            return None
        found.append(goal.loss(value))
    return tuple(found)
