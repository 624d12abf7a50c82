"""Figures of results alone: their distribution, and the front of several goals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, metric_axis, spread_axis
from sonde.analysis.figures.points import Points, points_of
from sonde.analysis.figures.snapshot import Bools, Column, Floats, Ints, Snapshot, Source
from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = ["Edf", "Pareto", "Share", "edf", "pareto"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Share:
    """One sweep of an EDF.

    Attributes:
        value: Ascending.
        share: Of the results, how many are at most so large; the last one is 1.
        results: How many results there are.
        omitted: How many trials have none, by reason.
        thinned: How many of the results are no step of their own.
    """

    source: Source
    value: Floats
    share: Floats
    results: int
    omitted: Mapping[str, int]
    thinned: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edf:
    """How many of the results are at most so large (`edf`)."""

    kind: Literal["edf"]
    goal: Axis
    runs: tuple[Share, ...]


def edf(snapshots: Sequence[Snapshot], goals: Sequence[Goal], most: int) -> Edf:
    """Return the empirical distribution of the results of each sweep.

    Those count that ran to their end, or were stopped by hand, with a finite value.
    """
    pairs = list(zip(snapshots, goals, strict=True))
    columns = [(s.goal(g).values, s.results(g)) for s, g in pairs]
    return Edf(
        kind="edf",
        goal=spread_axis(columns, goals[0]),
        runs=tuple(_share(snapshot, goal, most) for snapshot, goal in pairs),
    )


def _share(snapshot: Snapshot, goal: Goal, most: int) -> Share:
    results = snapshot.results(goal)
    values, counts = np.unique(snapshot.goal(goal).values[results], return_counts=True)
    total = int(results.sum())
    share = counts.cumsum() / max(total, 1)
    steps = len(values)
    if steps > most:
        kept = np.unique(np.linspace(0, steps - 1, most).round().astype(np.int64))
        values, share = values[kept], share[kept]
    states: dict[str, int] = {}
    for row in np.flatnonzero(~results).tolist():
        trial = snapshot.trials[row]
        word = trial.state.value if not snapshot.comparable[row] else "no finite value"
        states[word] = states.get(word, 0) + 1
    return Share(
        source=snapshot.source,
        value=values,
        share=share,
        results=total,
        omitted=states,
        thinned=steps - len(values),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pareto:
    """Results in several goals at once (`pareto`).

    Attributes:
        goals: The axes.
        values: For each goal the points' values.
        front: Whether no other trial is as good in all goals and better in one; of all goals of
            the figure, whatever pair is drawn.
        on_front: How many trials are on it.
        pairs: Places in `goals`.
    """

    kind: Literal["pareto"]
    source: Source
    goals: tuple[Axis, ...]
    points: Points
    values: tuple[Column, ...]
    front: Bools
    on_front: int
    pairs: tuple[tuple[int, int], ...]


def pareto(snapshot: Snapshot, goals: Sequence[Goal], most: int) -> Pareto:
    """Return the trials by the values of some goals, with their front.

    Raises:
        ConfigError: If there are fewer than two goals.
    """
    if len(goals) < 2:
        found = f"there is one goal, {goals[0].metric}" if goals else "there is no goal"
        raise ConfigError("pareto", found, "name two metrics or more")
    on_front = _front(snapshot, goals)
    has = np.logical_or.reduce([snapshot.goal(goal).has for goal in goals])
    rows: Ints = np.flatnonzero(has)
    # The front is never thinned out, as long as it fits.
    others = rows[~on_front[rows]]
    room = max(most - int(on_front.sum()), 0)
    omitted = {"no value": int((~has).sum())}
    _, kept = points_of(snapshot, goals[0], others, room, {})
    kept = np.union1d(kept, np.flatnonzero(on_front)[:most])
    points, kept = points_of(snapshot, goals[0], kept, most, omitted)
    if len(kept) < len(rows):
        points = _with_thinned(points, len(rows) - len(kept))
    return Pareto(
        kind="pareto",
        source=snapshot.source,
        goals=tuple(metric_axis(snapshot, goal) for goal in goals),
        points=points,
        values=tuple(snapshot.goal(goal).at(kept) for goal in goals),
        front=on_front[kept],
        on_front=int(on_front.sum()),
        pairs=tuple(combinations(range(len(goals)), 2)),
    )


def _front(snapshot: Snapshot, goals: Sequence[Goal]) -> Bools:
    """Tell which trials are on the front: `sonde.core.pareto.front`, for many trials at once.

    Other than there one of the goals may be a metric that a rule does not go by: what the rule cut
    short is left out.
    """
    columns = [snapshot.goal(goal) for goal in goals]
    finite = np.logical_and.reduce([column.finite for column in columns])
    rows = np.flatnonzero(snapshot.comparable & snapshot.feasible & finite)
    losses = np.stack(
        [c.values if g.is_min else -c.values for c, g in zip(columns, goals, strict=True)], axis=1
    )[rows]
    # In the order of their sums none is beaten by a later one; each that stays strikes others off.
    order = np.argsort(losses.sum(axis=1), kind="stable")
    rows, losses = rows[order], losses[order]
    place = 0
    while place < len(rows):
        one = losses[place]
        stays = (losses < one).any(axis=1) | (losses == one).all(axis=1)
        place = int(stays[:place].sum()) + 1
        rows, losses = rows[stays], losses[stays]
    found = np.zeros(len(snapshot), dtype=np.bool_)
    found[rows] = True
    return found


def _with_thinned(points: Points, count: int) -> Points:
    from dataclasses import replace

    return replace(points, omitted={**points.omitted, "thinned": count})
