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
from sonde.analysis.figures.together import together
from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = ["KINDS", "Asked", "figure"]

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
        """Return the parameters that were named, or all that vary in any sweep, at most so many.

        Of several sweeps those come first that all have.
        """
        spaces = [snapshot.definition.space for snapshot in self.snapshots]
        known = list(dict.fromkeys(one.name for space in spaces for one in space.dimensions))
        for name in self.asked.params:
            if not any(name in space for space in spaces):
                near = get_close_matches(name, known, n=1)
                remedy = f"did you mean {near[0]}?" if near else f"there is: {', '.join(known)}"
                raise ConfigError(f"params={name}", "there is no such parameter", remedy)
        known.sort(key=lambda name: not all(name in space for space in spaces))
        return list(dict.fromkeys(self.asked.params)) or known[:most]

    def shared(self, most: int) -> list[str]:
        """Return parameters that each sweep has, for kinds that show pairs of them.

        Raises:
            ConfigError: If one that was named is not, or there are fewer than two.
        """
        params = self.params(most)
        if len(self.snapshots) == 1:
            return params
        found = []
        for name in params:
            lacking = [s.source.name for s in self.snapshots if name not in s.definition.space]
            if not lacking:
                found.append(name)
            elif self.asked.params:
                raise ConfigError(
                    f"params={name}", f"{', '.join(lacking)} has none", "name what all sweeps have"
                )
        if len(found) < 2:
            names = ", ".join(s.source.name for s in self.snapshots)
            count = "1 parameter" if found else "no parameter"
            raise ConfigError(
                f"figure {self.asked.kind}",
                f"{names} have {count} in common, and a pair takes two",
                "draw each by itself",
            )
        return found

    def goals_of(self, snapshot: Snapshot) -> list[Goal]:
        """Return the goals of the first sweep, by which all are drawn, once a sweep has them.

        Raises:
            ConfigError: If it never reported one of them.
        """
        goals = self.goals
        for goal in goals if snapshot is not self.first else ():
            if goal.metric not in snapshot.metrics:
                raise ConfigError(
                    f"a figure of {snapshot.source.name}",
                    f"it does not report {goal.metric}, by which {self.first.source.name} is drawn",
                    "name a metric that all have, or draw each by itself",
                )
        return goals

    def _goal(self, snapshot: Snapshot, metric: str | None) -> Goal:
        goals = snapshot.definition.goals
        return goal_of(goals, metric, snapshot.metrics, f"a figure of {snapshot.source.name}")


_Goals = Sequence[Goal]


def _contour(given: _Given, snapshot: Snapshot, goals: _Goals) -> Any:
    if len(given.asked.params) > 2:
        found = f"there are {len(given.asked.params)} parameters"
        raise ConfigError("contour", found, "name two of them")
    params = given.shared(2)
    if len(params) < 2:
        found = f"there is {params[0] if params else 'no parameter'}"
        raise ConfigError("contour", found, "name two parameters")
    return contour(snapshot, goals[0], params[0], params[1], given.most)


def _importance(given: _Given, snapshot: Snapshot, goals: _Goals) -> Any:
    return importance(snapshot, goals, given.params(), given.asked.method)


def _rank(given: _Given, snapshot: Snapshot, goals: _Goals) -> Any:
    return rank(snapshot, goals[0], given.shared(_PAIRED), given.most)


def _correlation(given: _Given, snapshot: Snapshot, goals: _Goals) -> Any:
    space = snapshot.definition.space
    return correlation(snapshot, goals, [name for name in given.params() if name in space])


_AT_ONCE: Mapping[str, Callable[[_Given], Any]] = {
    "history": lambda g: history(g.snapshots, g.goal_each, g.asked.over, g.most, g.now),  # type: ignore[arg-type]
    "edf": lambda g: edf(g.snapshots, g.goal_each, g.most),
    "curves": lambda g: curves(g.snapshots, g.goal_each, g.reads, g.asked.points or MOST_CURVES),
}
"""Kinds that have all sweeps in one plot by their nature."""
_EACH: Mapping[str, Callable[[_Given, Snapshot, _Goals], Any]] = {
    "importance": _importance,
    "parallel": lambda g, s, goals: parallel(s, goals[0], g.params(), g.most),
    "slice": lambda g, s, goals: slices(s, goals[0], g.params(), g.most),
    "contour": _contour,
    "rank": _rank,
    "timeline": lambda g, s, goals: timeline(s, goals[0], g.most, g.now),
    "pareto": lambda g, s, goals: pareto(s, goals, g.most),
    "scatter-matrix": lambda g, s, goals: scatter(
        s, goals[0], goals[1:], g.params(_CROSSED), g.most
    ),
    "correlation": _correlation,
}
KINDS = (
    "history", "importance", "parallel", "slice", "contour", "rank", "edf", "timeline", "pareto",
    "curves", "scatter-matrix", "correlation",
)  # fmt: skip
"""What there is to see."""


def figure(
    asked: Asked, snapshots: Sequence[Snapshot], reads: Sequence[Read], now: datetime
) -> Any:
    """Return a figure: one of this package's dataclasses.

    Args:
        asked: What is wanted.
        snapshots: The sweeps. Several are drawn by the first one's goals.
        reads: How the curves of each are read; used by `curves` alone.
        now: Until when running trials have run.

    Raises:
        ConfigError: If there is no such kind, metric or parameter, or sweeps have too little in
            common.
    """
    if asked.kind not in KINDS:
        near = get_close_matches(asked.kind, KINDS, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"choose from {', '.join(KINDS)}"
        raise ConfigError(f"figure {asked.kind}", "there is no such figure", remedy)
    if asked.over not in OVER:
        raise ConfigError(f"over={asked.over}", "it is no axis", f"choose from {', '.join(OVER)}")
    if asked.points is not None and not 1 <= asked.points <= _MANY:
        raise ConfigError(
            f"points={asked.points}", "that many cannot be shown", f"use 1 to {_MANY}"
        )
    if len(snapshots) > 1 and asked.kind in _EACH:
        company = list(snapshots)
        company[:] = [snapshot.beside(company) for snapshot in snapshots]
        snapshots = company
    given = _Given(asked=asked, snapshots=snapshots, reads=reads, now=now)
    if asked.kind in _AT_ONCE:
        return _AT_ONCE[asked.kind](given)
    draw = _EACH[asked.kind]
    return together([draw(given, snapshot, given.goals_of(snapshot)) for snapshot in snapshots])
