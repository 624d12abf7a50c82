"""Importance: how much of the variation of a goal each parameter explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sonde.analysis.figures.snapshot import Snapshot, Source
from sonde.core.importance import Importance, importances
from sonde.core.metric import Goal

__all__ = ["Explained", "Shares", "importance"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """The importances for one goal.

    Attributes:
        shares: The most important first; none where there are too few results.
        results: How many trials they were made from.
        left: Of the variation, what no parameter explains by itself; None where that is not known.
    """

    metric: str
    summary: str
    shares: tuple[Importance, ...]
    results: int
    left: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """How much each parameter matters (`importance`)."""

    kind: Literal["importance"]
    source: Source
    method: str
    goals: tuple[Explained, ...]


def importance(
    snapshot: Snapshot, goals: Sequence[Goal], params: Sequence[str], method: str
) -> Shares:
    """Return the importances for some goals, of the parameters that are named."""
    return Shares(
        kind="importance",
        source=snapshot.source,
        method=method,
        goals=tuple(_explained(snapshot, goal, params) for goal in goals),
    )


def _explained(snapshot: Snapshot, goal: Goal, params: Sequence[str]) -> Explained:
    sweep = snapshot.definition
    found = importances(snapshot.trials, sweep.space, goal, seed=sweep.seed)
    return Explained(
        metric=goal.metric,
        summary=goal.summary.value,
        shares=tuple(one for one in found if one.name in params),
        results=int(snapshot.results(goal).sum()),
        left=max(0.0, 1.0 - sum(one.share for one in found)) if found else None,
    )
