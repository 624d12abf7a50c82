"""Importance: how much of the variation of a goal each parameter explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sonde.analysis.figures.snapshot import Snapshot, Source
from sonde.core.importance import Importance, importances, left_over
from sonde.core.metric import Goal

__all__ = ["Explained", "Shares", "importance"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """The importances for one goal.

    Attributes:
        shares: The most important first; none where there are too few results.
        left: Of the variation, what no parameter explains by itself; None where the method does not
            tell.
    """

    metric: str
    summary: str
    shares: tuple[Importance, ...]
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
        goals=tuple(_explained(snapshot, goal, params, method) for goal in goals),
    )


def _explained(snapshot: Snapshot, goal: Goal, params: Sequence[str], method: str) -> Explained:
    sweep = snapshot.definition
    found = importances(snapshot.told(), sweep.space, goal, seed=sweep.seed, method=method)
    return Explained(
        metric=goal.metric,
        summary=goal.summary.value,
        shares=tuple(one for one in found if one.name in params),
        left=left_over(found, method),
    )
