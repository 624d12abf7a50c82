"""What people ask of a figure, checked, and the figure made of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sonde.analysis.figures.contour import contour
from sonde.analysis.figures.correlation import correlation
from sonde.analysis.figures.curves import MOST_CURVES, Read, curves
from sonde.analysis.figures.history import OVER, history, timeline
from sonde.analysis.figures.importance import importance
from sonde.analysis.figures.points import MOST_POINTS, goal_of
from sonde.analysis.figures.results import edf, pareto
from sonde.analysis.figures.snapshot import Snapshot
from sonde.analysis.figures.table import parallel, rank, scatter, slices
from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = ["KINDS", "SEVERAL", "Asked", "figure"]

SEVERAL = frozenset({"history", "edf", "curves"})
"""Kinds that show several sweeps at once."""
_MANY = 30_000  # points of a figure at most
_PAIRED, _CROSSED = 4, 6  # parameters in a rank figure and a scatter matrix, where none are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A figure that is wanted.

    Attributes:
        kind: One of `KINDS`.
        metrics: As `--metric` takes them; none: the sweep's goals.
        params: Which parameters; none: all that vary.
        over: Of a history: `trial`, `time` or `cost`.
        points: How many trials are shown at most; None: what suits the kind.
        method: Of importances.
    """

    kind: str
    metrics: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    over: str = "trial"
    points: int | None = None
    method: str = "fanova"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    asked: Asked
    snapshots: Sequence[Snapshot]
    reads: Sequence[Read]
    now: datetime

    @property
    def first(self) -> Snapshot:
        return self.snapshots[0]

    @property
    def most(self) -> int:
        return self.asked.points or MOST_POINTS

    @property
    def goals(self) -> list[Goal]:
        """The metrics that were named, or all goals of the sweep."""
        snapshot, asked = self.first, self.asked
        if not asked.metrics and snapshot.definition.goals:
            return list(snapshot.definition.goals)
        return [self._goal(snapshot, metric) for metric in asked.metrics or (None,)]

    @property
    def goal_each(self) -> list[Goal]:
        """The first metric, in each sweep; of others their own goals where none is named."""
        metric = self.asked.metrics[0] if self.asked.metrics else None
        first = self._goal(self.first, metric)
        return [first, *(self._goal(other, first.metric) for other in self.snapshots[1:])]

    def params(self, most: int | None = None) -> list[str]:
        """Return the parameters that were named, or all that vary, at most so many."""
        space = self.first.definition.space
        known = [parameter.name for parameter in space.dimensions]
        for name in self.asked.params:
            if name not in space:
                near = get_close_matches(name, known, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}"
                raise ConfigError(f"params={name}", "there is no such parameter", remedy)
        return list(dict.fromkeys(self.asked.params)) or known[:most]

    def _goal(self, snapshot: Snapshot, metric: str | None) -> Goal:
        goals = snapshot.definition.goals
        return goal_of(goals, metric, snapshot.metrics, f"a figure of {snapshot.source.name}")


def _contour(given: _Given) -> Any:
    params = given.params()
    if len(params) < 2:
        found = f"there is {params[0] if params else 'no parameter'}"
        raise ConfigError("contour", found, "name two parameters")
    if len(given.asked.params) > 2:
        found = f"there are {len(params)} parameters"
        raise ConfigError("contour", found, "name two of them")
    return contour(given.first, given.goals[0], params[0], params[1], given.most)


_FIGURES: Mapping[str, Callable[[_Given], Any]] = {
    "history": lambda g: history(g.snapshots, g.goal_each, g.asked.over, g.most, g.now),  # type: ignore[arg-type]
    "importance": lambda g: importance(g.first, g.goals, g.params(), g.asked.method),
    "parallel": lambda g: parallel(g.first, g.goals[0], g.params(), g.most),
    "slice": lambda g: slices(g.first, g.goals[0], g.params(), g.most),
    "contour": _contour,
    "rank": lambda g: rank(g.first, g.goals[0], g.params(_PAIRED), g.most),
    "edf": lambda g: edf(g.snapshots, g.goal_each, g.most),
    "timeline": lambda g: timeline(g.first, g.goals[0], g.most, g.now),
    "pareto": lambda g: pareto(g.first, g.goals, g.most),
    "curves": lambda g: curves(g.snapshots, g.goal_each, g.reads, g.asked.points or MOST_CURVES),
    "scatter-matrix": lambda g: scatter(
        g.first, g.goals[0], g.goals[1:], g.params(_CROSSED), g.most
    ),
    "correlation": lambda g: correlation(g.first, g.goals, g.params()),
}
KINDS = tuple(_FIGURES)
"""What there is to see."""


def figure(
    asked: Asked, snapshots: Sequence[Snapshot], reads: Sequence[Read], now: datetime
) -> Any:
    """Return a figure: one of this package's dataclasses.

    Args:
        asked: What is wanted.
        snapshots: The sweeps; more than one for the kinds in `SEVERAL` only.
        reads: How the curves of each are read; used by `curves` alone.
        now: Until when running trials have run.

    Raises:
        ConfigError: If there is no such kind, metric or parameter, or it shows one sweep.
    """
    if asked.kind not in _FIGURES:
        near = get_close_matches(asked.kind, KINDS, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"choose from {', '.join(KINDS)}"
        raise ConfigError(f"figure {asked.kind}", "there is no such figure", remedy)
    if len(snapshots) > 1 and asked.kind not in SEVERAL:
        one = f"it shows one sweep, and {len(snapshots)} were named"
        remedy = f"name one, or choose from {', '.join(sorted(SEVERAL))}"
        raise ConfigError(f"figure {asked.kind}", one, remedy)
    if asked.over not in OVER:
        raise ConfigError(f"over={asked.over}", "it is no axis", f"choose from {', '.join(OVER)}")
    if asked.points is not None and not 1 <= asked.points <= _MANY:
        raise ConfigError(
            f"points={asked.points}", "that many cannot be shown", f"use 1 to {_MANY}"
        )
    return _FIGURES[asked.kind](_Given(asked=asked, snapshots=snapshots, reads=reads, now=now))
