"""What a store works on inside a transaction: a sweep's head and the rows of its trials.

Unlike all other data they are mutable: a transaction loads them, the rules
(`sonde.store.rules`) change them, the store writes them back. Nobody outside of
`sonde.store` sees one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sonde.core.metric import Summary
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Report, State, Trial, Verdict
from sonde.store.curves import Points
from sonde.store.protocol import Definition, SweepRecord

__all__ = ["Book", "Head", "Row", "empty_counts"]


def empty_counts() -> dict[State, int]:
    """Return a count of no trials in each state."""
    return dict.fromkeys(State, 0)


@dataclass(slots=True)
class Head:
    """A sweep, as `SweepRecord` has it."""

    id: str
    name: str
    sweep: Sweep
    control: Control
    budget: Budget
    created: datetime
    updated: datetime
    reason: str = ""
    revision: int = 0
    version: int = 1
    counts: dict[State, int] = field(default_factory=empty_counts)
    notes: str = ""
    tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> SweepRecord:
        """Return it as the world sees it."""
        return SweepRecord(
            id=self.id,
            name=self.name,
            sweep=self.sweep,
            control=self.control,
            reason=self.reason,
            budget=self.budget,
            revision=self.revision,
            version=self.version,
            created=self.created,
            updated=self.updated,
            counts=self.counts.copy(),
            notes=self.notes,
            tags=self.tags,
            facts=self.facts,
        )


@dataclass(slots=True)
class Row:
    """A trial, as `Trial` has it, and what a store keeps beside.

    Attributes:
        until: When the lease lapses; None unless running.
        reported: Sequence number of the last report of the present attempt.
        carried: Metrics whose points all stem from earlier attempts.
        outcome: A digest of the outcome that ended the last attempt; None while it runs, and
            when it ended by lapse, release or verdict.
    """

    number: int
    params: Mapping[str, Any]
    origin: str
    created: datetime
    state: State = State.WAITING
    metrics: dict[str, Summary] = field(default_factory=dict)
    attempts: int = 0
    failures: int = 0
    agent: str | None = None
    asked: Verdict = Verdict.GO_ON
    started: datetime | None = None
    finished: datetime | None = None
    error: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    until: datetime | None = None
    reported: int = 0
    carried: tuple[str, ...] = ()
    outcome: int | None = None

    def trial(self) -> Trial:
        """Return it as the world sees it."""
        return Trial(
            number=self.number,
            state=self.state,
            params=self.params,
            metrics=self.metrics,
            attempts=self.attempts,
            failures=self.failures,
            agent=self.agent,
            asked=self.asked,
            origin=self.origin,
            created=self.created,
            started=self.started,
            finished=self.finished,
            error=self.error,
            facts=self.facts,
            version=self.version,
        )


class Book(Protocol):
    """A sweep inside a transaction: what the rules need of a store.

    A row that was given out twice is the same object, with its changes.
    """

    head: Head

    def define(self, version: Definition) -> None:
        """Keep a further version of the definition, while the head has the one before.

        Trials from `version.first` on are of it.
        """

    def row(self, number: int) -> Row | None:
        """Return a trial's row, or None if there is none of that number."""

    def add(self, params: Mapping[str, Any], origin: str, now: datetime) -> Row:
        """Make the row of a further trial, waiting, and count it."""

    def waiting(self, count: int) -> Sequence[Row]:
        """Return waiting rows, at most `count`, lowest number first."""

    def lapsed(self, now: datetime, most: int | None = None) -> Sequence[Row]:
        """Return running rows whose lease ended by `now`, lowest number first.

        With `most` perhaps no more than so many of them.
        """

    def held_by(self, agents: Collection[str]) -> Sequence[Row]:
        """Return the running rows of agents, lowest number first."""

    def rows_in(self, *states: State) -> Sequence[Row]:
        """Return all rows in these states, lowest number first."""

    def changed(self, row: Row) -> None:
        """Note that a row is to be kept; gives it and the sweep a new version."""

    def revalued(self, row: Row) -> None:
        """Note, as `changed` does, that a row has other values than it was added with."""

    def held(self, row: Row) -> None:
        """Note that only a row's lease was prolonged."""

    def append(self, row: Row, reports: Sequence[Report]) -> None:
        """Keep reports number `row.reported + 1`, ... of the present attempt."""

    def last_step(self, row: Row) -> int | None:
        """Return the step of the present attempt's last report."""

    def carried(self, row: Row) -> Mapping[str, Points]:
        """Return the joined points of the attempts before the present one."""

    def seal(self, row: Row) -> None:
        """Pack the present attempt's reports: no more will come."""
