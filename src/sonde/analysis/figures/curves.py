"""Learning curves of many trials, with the rungs of a stopping rule and where trials stopped.

A curve of more points than shown keeps, of each stretch, its lowest and its highest, so that no
spike is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, spread_axis
from sonde.analysis.figures.points import Points, points_of
from sonde.analysis.figures.snapshot import STATES, Floats, Ints, Snapshot, Source
from sonde.core.metric import Goal
from sonde.core.stopping.asha import Asha
from sonde.core.sweep import Sweep
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.store.protocol import Curve

__all__ = ["MOST_CURVES", "Curves", "Line", "Read", "Rung", "curves"]

MOST_CURVES = 100
_POINTS = 200  # of a curve
_WAITING = STATES.index(State.WAITING)
Read = Callable[[Sequence[int], str], Mapping[int, Curve]]
"""Given trials and a metric, their curves; those without any are left out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """A trial's curve.

    Attributes:
        step: (points,).
        value: (points,).
        reports: How many points there are in all.
        stopped: Why a stopping rule ended it; it stands at the last point.
    """

    step: Ints
    value: Floats
    reports: int
    stopped: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rung:
    """Where a stopping rule compares trials.

    Attributes:
        reports: After so many reports.
        step: The step that trials have there: the middle one of those shown that came so far.
    """

    reports: int
    step: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One sweep of the curves; a line for each of its points, empty where there is no curve."""

    source: Source
    points: Points
    lines: tuple[Line, ...]
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """A metric over the steps (`curves`)."""

    kind: Literal["curves"]
    goal: Axis
    runs: tuple[Run, ...]


def curves(
    snapshots: Sequence[Snapshot], goals: Sequence[Goal], reads: Sequence[Read], most: int
) -> Curves:
    """Return the curves of some sweeps, at most so many of each."""
    runs = [
        _run(snapshot, goal, read, most)
        for snapshot, goal, read in zip(snapshots, goals, reads, strict=True)
    ]
    values = np.concatenate([line.value for run in runs for line in run.lines] or [np.empty(0)])
    return Curves(
        kind="curves", goal=spread_axis([(values, np.isfinite(values))], goals[0]), runs=tuple(runs)
    )


def _run(snapshot: Snapshot, goal: Goal, read: Read, most: int) -> Run:
    waits = snapshot.states == _WAITING
    rows = np.flatnonzero(~waits)
    points, kept = points_of(snapshot, goal, rows, most, {"waiting": int(waits.sum())})
    found = read(points.trial.tolist(), goal.metric)
    lines, counts = [], []
    for row, number in zip(kept.tolist(), points.trial.tolist(), strict=True):
        curve = found.get(number)
        why = snapshot.trials[row].why_stopped
        if curve is None:
            lines.append(_line((), (), why))
            continue
        lines.append(_line(curve.steps, curve.values, why))
        counts.append(curve.steps)
    return Run(
        source=snapshot.source,
        points=points,
        lines=tuple(lines),
        rungs=_rungs(snapshot.definition, counts),
    )


def _line(steps: Sequence[int], values: Sequence[float], why: str | None) -> Line:
    at, heights = np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)
    kept = _thinned(heights)
    return Line(step=at[kept], value=heights[kept], reports=len(at), stopped=why)


def _thinned(values: Floats) -> Ints:
    """Return the places of the points to show; NaN is kept where a stretch has no number."""
    count = len(values)
    if count <= _POINTS:
        return np.arange(count)
    edges = np.linspace(1, count - 1, (_POINTS - 2) // 2 + 1).astype(np.int64)
    low = np.where(np.isnan(values), np.inf, values)
    high = np.where(np.isnan(values), -np.inf, values)
    kept = [0, count - 1]
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept += [first + int(low[first:last].argmin()), first + int(high[first:last].argmax())]
    found: Ints = np.unique(np.array(kept))
    return found


def _rungs(sweep: Sweep, steps: Sequence[Sequence[int]]) -> tuple[Rung, ...]:
    """Return the rungs of the sweep's rule, if it has any, up to the longest curve."""
    rule = _rule(sweep)
    longest = max(map(len, steps), default=0)
    found = []
    level = 0 if rule is None else rule.min_steps
    while rule is not None and level < min(longest, rule.max_steps or longest):
        there = [one[level - 1] for one in steps if len(one) >= level]
        found.append(Rung(reports=level, step=float(np.median(there))))
        level *= rule.eta
    return tuple(found)


def _rule(sweep: Sweep) -> Asha | None:
    from sonde.core.stopping import rule

    if sweep.stopping is None:
        return None
    try:
        found = rule(sweep.stopping)
    except ConfigError:  # that of another distribution
        return None
    return found if isinstance(found, Asha) else None
