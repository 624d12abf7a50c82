"""A trial as a user reads it: plain values, no store behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sonde.core import trial as core
from sonde.core.certainty import Certainty
from sonde.core.constraint import Constraint, excesses, is_feasible
from sonde.core.metric import Goal, Summary

__all__ = ["Best", "Trial", "thawed"]


def thawed(value: Any) -> Any:
    """Return a value as JSON would bring it: lists, where a store in memory has tuples."""
    if isinstance(value, tuple | list):
        return [thawed(item) for item in value]
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    return value


@dataclass(frozen=True, slots=True, repr=False)
class Trial:
    """One trial as it was when it was read.

    Attributes:
        record: Everything that the store knows of it.
        goals: The sweep's goals.
        constraints: Its bounds on outcomes.
    """

    record: core.Trial
    goals: Sequence[Goal]
    constraints: Sequence[Constraint] = ()

    @property
    def number(self) -> int:
        """Its number in the sweep, from 0."""
        return self.record.number

    @property
    def state(self) -> str:
        """`waiting`, `running`, `paused`, `done`, `stopped`, `failed` or `cancelled`."""
        return self.record.state.value

    @property
    def params(self) -> dict[str, Any]:
        """Its values by name, as they were given to the program."""
        return {name: thawed(value) for name, value in self.record.params.items()}

    @property
    def value(self) -> float | None:
        """The number of the first goal; None where the metric never came."""
        return self.record.value(self.goals[0]) if self.goals else None

    @property
    def values(self) -> tuple[float | None, ...]:
        """A number for each goal."""
        return tuple(self.record.value(goal) for goal in self.goals)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric that it reported."""
        return {name: summary.last for name, summary in self.record.metrics.items()}

    @property
    def summaries(self) -> dict[str, Summary]:
        """Of each metric the last, smallest, largest and mean value, and how many there were."""
        return dict(self.record.metrics)

    @property
    def feasible(self) -> bool | None:
        """Whether it keeps to all constraints; None until it has ended with its reports."""
        if self.record.state not in {core.State.DONE, core.State.STOPPED}:
            return None
        return is_feasible(self.record, self.constraints)

    @property
    def excess(self) -> dict[str, float]:
        """By how much it breaks each constraint, by its text; 0 or less keeps to it.

        Infinite where the metric never came.
        """
        found = excesses(self.record, self.constraints)
        return {c.describe(): over for c, over in zip(self.constraints, found, strict=True)}

    @property
    def error(self) -> str | None:
        """What went wrong, in a line."""
        return self.record.error

    @property
    def why_stopped(self) -> str | None:
        """Why it was ended early, in a line, where that is known."""
        return self.record.why_stopped

    @property
    def traceback(self) -> str | None:
        """The traceback of a function that failed, where there is one."""
        return self.record.facts.get("traceback")

    @property
    def attempts(self) -> int:
        """How often it was begun."""
        return self.record.attempts

    @property
    def started(self) -> datetime | None:
        """When its last attempt began, in UTC."""
        return self.record.started

    @property
    def finished(self) -> datetime | None:
        """When it ended, in UTC."""
        return self.record.finished

    @property
    def seconds(self) -> float | None:
        """How long its last attempt took."""
        begin, end = self.record.started, self.record.finished
        return None if begin is None or end is None else (end - begin).total_seconds()

    def __repr__(self) -> str:
        values = " ".join(
            f"{goal.metric}={value:g}"
            for goal, value in zip(self.goals, self.values, strict=True)
            if value is not None
        )
        params = ", ".join(f"{name}={value!r}" for name, value in self.record.params.items())
        word = "infeasible " if self.feasible is False else ""
        shown = f"{values} " if values else ""
        return f"<Trial {self.number} {self.state} {word}{shown}({params})>"


@dataclass(frozen=True, slots=True, repr=False)
class Best(Trial):
    """The best trial, or with repeats the best assignment: its numbers are then means.

    Attributes:
        repeats: The trials of the assignment, by number; the trial alone without repeats.
        se: The standard error of `value`; None without repeats.
        judge: Says how sure it is; asked when something of that is.
    """

    repeats: Sequence[Trial] = ()
    se: float | None = None
    judge: Callable[[], Certainty] = lambda: Certainty(best=None)

    @property
    def p_best(self) -> float | None:
        """The probability that it truly is the best of those tried, by the first goal.

        None where nothing is known; `why_unsure` says why. See docs/noise.md for what is assumed.
        """
        found = self.judge().of_best
        return None if found is None else found.p_best

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where its true value lies with 95 %; None as for `p_best`."""
        found = self.judge().of_best
        return None if found is None else found.interval

    @property
    def why_unsure(self) -> str:
        """Why `p_best` and `interval` are None; nothing where they are not."""
        return self.judge().reason
