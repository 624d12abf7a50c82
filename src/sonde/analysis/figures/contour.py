"""Contour: how the goal goes with two parameters at once, whatever the others are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, metric_axis, param_axis, places
from sonde.analysis.figures.points import Points, points_of
from sonde.analysis.figures.snapshot import STATES, Bools, Column, Floats, Snapshot, Source
from sonde.analysis.figures.surface import Plane, surface
from sonde.core.metric import Goal
from sonde.core.trial import State

__all__ = ["Contour", "Grid", "contour"]

FEWEST = 5
"""Results below which no surface is drawn."""
_GRID = 30  # along an axis of numbers
_FAR = 3.0  # quartile ranges beyond the middle, where values are drawn in


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """The surface.

    Attributes:
        x: (columns,): values of the parameter; places of its categories.
        y: (rows,).
        value: (rows, columns): what is expected there.
        extrapolates: (rows, columns): where it is far from all results.
        results: How many results it was made from.
        limit: From here on a bad result counts as this value, as one that is far beyond the others
            would bend the whole surface; None: there is none such.
        limited: How many results that is.
    """

    x: Floats
    y: Floats
    value: Floats
    extrapolates: Bools
    results: int
    limit: float | None
    limited: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contour:
    """The goal's value over two parameters (`contour`).

    Attributes:
        values: The points' values on `x` and on `y`.
        grid: None where there are too few results.
    """

    kind: Literal["contour"]
    source: Source
    goal: Axis
    x: Axis
    y: Axis
    points: Points
    values: tuple[Column, Column]
    grid: Grid | None


def contour(snapshot: Snapshot, goal: Goal, x: str, y: str, most: int) -> Contour:
    """Return the measured points, and a surface through the results.

    Other parameters differ from trial to trial: the surface is what is found on average. One
    result far beyond the others does not bend it (`limit`); its point has its value all the same.
    """
    across, up = snapshot.param(x), snapshot.param(y)
    waits = snapshot.states == STATES.index(State.WAITING)
    has = across.finite & up.finite
    omitted: Mapping[str, int] = {
        "waiting": int((waits & has).sum()),
        "inactive": int((~has).sum()),
    }
    points, kept = points_of(snapshot, goal, np.flatnonzero(has & ~waits), most, omitted)
    axis, axes = (
        metric_axis(snapshot, goal),
        (param_axis(snapshot, x), param_axis(snapshot, y)),
    )
    return Contour(
        kind="contour",
        source=snapshot.source,
        goal=axis,
        x=axes[0],
        y=axes[1],
        points=points,
        values=(across.at(kept), up.at(kept)),
        grid=_grid(snapshot, goal, axis, axes),
    )


def _grid(snapshot: Snapshot, goal: Goal, axis: Axis, axes: tuple[Axis, Axis]) -> Grid | None:
    across, up = (snapshot.param(one.name) for one in axes)
    rows = np.flatnonzero(snapshot.results(goal) & across.finite & up.finite)
    if len(rows) < FEWEST:
        return None
    values = snapshot.goal(goal).values[rows]
    values = np.log(values) if axis.log else values
    limit = _limit(values, goal)
    beyond = values > limit if goal.is_min else values < limit
    values = np.where(beyond, limit, values)
    words = [one.kind == "category" for one in axes]
    measured = Plane(
        x=places(axes[0], across.values[rows]),
        y=places(axes[1], up.values[rows]),
        x_words=words[0],
        y_words=words[1],
    )
    at = [_along(one) for one in axes]
    plane = np.meshgrid(places(axes[0], at[0]), places(axes[1], at[1]))
    wanted = Plane(
        x=plane[0].reshape(-1), y=plane[1].reshape(-1), x_words=words[0], y_words=words[1]
    )
    found = surface(measured, values, wanted)
    shape = plane[0].shape
    value = np.exp(found.value) if axis.log else found.value
    return Grid(
        x=at[0],
        y=at[1],
        value=value.reshape(shape),
        extrapolates=found.extrapolates.reshape(shape),
        results=len(rows),
        limit=(float(np.exp(limit)) if axis.log else limit) if beyond.any() else None,
        limited=int(beyond.sum()),
    )


def _along(axis: Axis) -> Floats:
    """Return the places of the grid on an axis, in its unit."""
    if axis.words is not None:
        return np.arange(len(axis.words), dtype=np.float64)
    assert axis.low is not None
    assert axis.high is not None
    if axis.log:
        found: Floats = np.geomspace(axis.low, axis.high, _GRID)
    else:
        found = np.linspace(axis.low, axis.high, _GRID)
    return np.unique(found)


def _limit(values: Floats, goal: Goal) -> float:
    """Return the value, some quartile ranges from the middle, at which bad ones are drawn in."""
    low, middle, high = np.percentile(values, [25, 50, 75]).tolist()
    reach = _FAR * (high - low) or np.inf
    found: float = middle + reach if goal.is_min else middle - reach
    return found
