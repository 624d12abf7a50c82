"""Figures that show each trial by its values: parallel, slice, rank and scatter matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, metric_axis, param_axis, places
from sonde.analysis.figures.points import Points, points_of
from sonde.analysis.figures.snapshot import Column, Floats, Ints, Snapshot, Source
from sonde.core.importance.ranks import mid_ranks
from sonde.core.metric import Goal
from sonde.core.trial import State

__all__ = ["Plotted", "Rank", "Slice", "Table", "Trend", "parallel", "rank", "scatter", "slices"]

_BINS, _IN_EACH = 16, 12  # bins of a trend at most, and about how many results in each


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plotted:
    """An axis with the values of the points on it.

    Attributes:
        missing: How many of all trials, also those that are not shown, have no value on it.
    """

    axis: Axis
    values: Column
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Trials by their values (`parallel`, `scatter-matrix`).

    Attributes:
        goal: What the points' values are.
        columns: The parameters; in a scatter matrix the goals before them.
    """

    kind: Literal["parallel", "scatter-matrix"]
    source: Source
    goal: Axis
    points: Points
    columns: tuple[Plotted, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trend:
    """How the goal's value goes with a parameter: quartiles of all results in a stretch.

    Attributes:
        at: (bins,): the middle of the values in each bin; the place of a category.
        count: (bins,): results in it.
        low: The value that a quarter of them is below.
        middle: The median.
        high: The value that a quarter is above.
    """

    at: Floats
    count: Ints
    low: Floats
    middle: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """The goal's value over each parameter, with a trend (`slice`)."""

    kind: Literal["slice"]
    source: Source
    goal: Axis
    points: Points
    columns: tuple[Plotted, ...]
    trends: tuple[Trend, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rank:
    """Pairs of parameters, coloured by how good a trial is (`rank`).

    Attributes:
        rank: Of each point among all results of all sweeps shown, 0 the best, 1 the worst; ties
            share the mean; none where a trial has no result.
        pairs: Places in `columns`.
    """

    kind: Literal["rank"]
    source: Source
    goal: Axis
    points: Points
    columns: tuple[Plotted, ...]
    rank: Column
    pairs: tuple[tuple[int, int], ...]


def parallel(snapshot: Snapshot, goal: Goal, params: Sequence[str], most: int) -> Table:
    """Return the trials by their parameters."""
    points, kept = _all(snapshot, goal, most)
    return Table(
        kind="parallel",
        source=snapshot.source,
        goal=metric_axis(snapshot, goal),
        points=points,
        columns=_plotted(snapshot, params, kept),
    )


def scatter(
    snapshot: Snapshot, goal: Goal, others: Sequence[Goal], params: Sequence[str], most: int
) -> Table:
    """Return the trials by goals and parameters."""
    points, kept = _all(snapshot, goal, most)
    shown = [one for one in (goal, *others) if one.metric != goal.metric or one is goal]
    goals = tuple(
        Plotted(
            axis=metric_axis(snapshot, one),
            values=snapshot.goal(one).at(kept),
            missing=int((~snapshot.goal(one).has).sum()),
        )
        for one in shown
    )
    return Table(
        kind="scatter-matrix",
        source=snapshot.source,
        goal=goals[0].axis,
        points=points,
        columns=goals + _plotted(snapshot, params, kept),
    )


def slices(snapshot: Snapshot, goal: Goal, params: Sequence[str], most: int) -> Slice:
    """Return the goal's value over each parameter."""
    points, kept = _all(snapshot, goal, most)
    columns = _plotted(snapshot, params, kept)
    return Slice(
        kind="slice",
        source=snapshot.source,
        goal=metric_axis(snapshot, goal),
        points=points,
        columns=columns,
        trends=tuple(_trend(snapshot, goal, column.axis) for column in columns),
    )


def rank(snapshot: Snapshot, goal: Goal, params: Sequence[str], most: int) -> Rank:
    """Return pairs of parameters with the rank of each trial."""
    points, kept = _all(snapshot, goal, most)
    results = snapshot.results(goal) & snapshot.feasible
    ranks = np.full(len(snapshot), np.nan)
    # Among the results of all sweeps of the figure.
    values = [s.goal(goal).values[s.results(goal) & s.feasible] for s in snapshot.company]
    if len(everything := np.concatenate(values)):
        order = mid_ranks(everything if goal.is_min else -everything)
        before = sum(map(len, values[: list(snapshot.company).index(snapshot)]))
        own = order[before : before + int(results.sum())]
        ranks[results] = (own - 1) / max(len(order) - 1, 1)
    count = len(params)
    return Rank(
        kind="rank",
        source=snapshot.source,
        goal=metric_axis(snapshot, goal),
        points=points,
        columns=_plotted(snapshot, params, kept),
        rank=Column(values=ranks[kept], has=results[kept]),
        pairs=tuple((x, y) for x in range(count) for y in range(x + 1, count)),
    )


def _all(snapshot: Snapshot, goal: Goal, most: int) -> tuple[Points, Ints]:
    """Return the points of all trials but those that only wait: nothing is known of them."""
    waits = snapshot.states == _WAITING
    rows = np.flatnonzero(~waits)
    return points_of(snapshot, goal, rows, most, {"waiting": int(waits.sum())})


_WAITING = list(State).index(State.WAITING)


def _plotted(snapshot: Snapshot, params: Sequence[str], kept: Ints) -> tuple[Plotted, ...]:
    return tuple(
        Plotted(
            axis=param_axis(snapshot, name),
            values=snapshot.param(name).at(kept),
            missing=int((~snapshot.param(name).has).sum()),
        )
        for name in params
    )


def _trend(snapshot: Snapshot, goal: Goal, axis: Axis) -> Trend:
    """Return quartiles over stretches of equal width on the axis; of categories over each."""
    column = snapshot.param(axis.name)
    rows = np.flatnonzero(snapshot.results(goal) & column.finite)
    at, values = column.values[rows], snapshot.goal(goal).values[rows]
    where = places(axis, at)
    count = min(max(len(rows) // _IN_EACH, 4), _BINS)
    bins = where if axis.kind == "category" else np.minimum((where * count).astype(int), count - 1)
    found = []
    for one in np.unique(bins).tolist():
        inside = bins == one
        low, middle, high = np.percentile(values[inside], [25, 50, 75])
        found.append((np.median(at[inside]), inside.sum(), low, middle, high))
    columns = np.array(found, dtype=np.float64).reshape(-1, 5).T
    return Trend(
        at=columns[0],
        count=columns[1].astype(np.int64),
        low=columns[2],
        middle=columns[3],
        high=columns[4],
    )
