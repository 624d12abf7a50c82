"""Constraints on outcomes: what a trial must keep to, beside being good.

A trial that breaks one is *infeasible*: it teaches the search, and is never the best.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.core.metric import SummaryKind, parse_goal
from sonde.core.trial import Trial
from sonde.errors import ConfigError

__all__ = ["Constraint", "excesses", "is_feasible", "parse_constraint", "violation"]

_FORM = re.compile(r"(?P<metric>.+?)\s*(?P<sign><=|>=)\s*(?P<bound>\S+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A bound on a metric.

    Attributes:
        at_most: Whether the bound is an upper one.
        summary: Which number of the metric's curve counts.
    """

    metric: str
    bound: float
    at_most: bool = True
    summary: SummaryKind = SummaryKind.LAST

    def excess(self, value: float) -> float:
        """Return by how much a value breaks it, in the metric's units; <= 0 keeps to it.

        NaN breaks it by infinity.
        """
        if math.isnan(value):
            return math.inf
        return value - self.bound if self.at_most else self.bound - value

    def describe(self) -> str:
        """Say it as the user wrote it: `latency_ms <= 20`."""
        suffix = "" if self.summary is SummaryKind.LAST else f":{self.summary.value}"
        return f"{self.metric}{suffix} {'<=' if self.at_most else '>='} {self.bound:g}"


def parse_constraint(text: str, *, flag: str = "--subject-to") -> Constraint:
    """Read `METRIC[:min|:max|:last|:mean] <= BOUND`, or with `>=`.

    Raises:
        ConfigError: If it is none.
    """
    where = f"{flag}={text}"
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            where, "it is no bound on a metric", "write for instance latency_ms <= 20"
        )
    try:
        bound = float(found["bound"])
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise ConfigError(where, f"{found['bound']} is no number", "give the bound as a number")
    metric = parse_goal(found["metric"], flag=flag)
    return Constraint(
        metric=metric.metric,
        bound=bound,
        at_most=found["sign"] == "<=",
        summary=metric.summary,
    )


def excesses(trial: Trial, constraints: Sequence[Constraint]) -> tuple[float, ...]:
    """Return by how much an ended trial breaks each constraint; infinity where a metric is missing.

    A missing metric is no proof that the bound is kept.
    """
    found = []
    for constraint in constraints:
        summary = trial.metrics.get(constraint.metric)
        value = math.nan if summary is None else summary.value(constraint.summary)
        found.append(constraint.excess(value))
    return tuple(found)


def is_feasible(trial: Trial, constraints: Sequence[Constraint]) -> bool:
    """Tell whether it keeps to all of them."""
    return all(excess <= 0 for excess in excesses(trial, constraints))


def violation(trial: Trial, constraints: Sequence[Constraint]) -> float:
    """Return how far it is from keeping to all of them: 0 if it does.

    The sum of what is in excess, each as a share of its bound (of 1 where that is 0), so that
    milliseconds and megabytes can be added up.
    """
    found = zip(constraints, excesses(trial, constraints), strict=True)
    return math.fsum(over / (abs(c.bound) or 1.0) for c, over in found if over > 0)
