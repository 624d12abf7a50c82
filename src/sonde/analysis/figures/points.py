"""Points: the trials that a figure shows, and what became of the others.

A figure shows at most so many trials. Of more, the best stay, some of each state stay however
few there are, and the rest is taken evenly over the sweep. `omitted` says how many were left
out and why; with those shown they are all that were chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sonde.analysis.figures.snapshot import STATES, Bools, Column, Ints, Snapshot
from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = ["MOST_POINTS", "Points", "goal_of", "points_of", "thinned"]

MOST_POINTS = 2000
_BEST = 0.2  # of the points that are shown, the best trials
_EACH = 0.02  # of them, at least so many of each state


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Trials, a place in each array for each.

    Attributes:
        trial: Their numbers, ascending.
        state: The words for their states.
        value: The goal's values.
        result: Whether the value can be compared with others': finite, of a trial that was
            not cut short by a rule and has not failed.
        feasible: Whether it keeps to the constraints.
        omitted: How many of the trials are not shown, by reason: `thinned`, `inactive` (it has
            no such parameter), `waiting`, `no value`.
    """

    trial: Ints
    state: tuple[str, ...]
    value: Column
    result: Bools
    feasible: Bools
    omitted: Mapping[str, int]


def points_of(
    snapshot: Snapshot, goal: Goal, rows: Ints, most: int, omitted: Mapping[str, int]
) -> tuple[Points, Ints]:
    """Return points for some rows of a snapshot, thinned, and which rows they are.

    Args:
        snapshot: The trials.
        goal: Whose values are shown.
        rows: Which of them can be shown.
        most: How many are.
        omitted: How many others there are, by reason.
    """
    kept = thinned(snapshot, goal, rows, most)
    left = {reason: count for reason, count in omitted.items() if count}
    if len(kept) < len(rows):
        left["thinned"] = len(rows) - len(kept)
    points = Points(
        trial=snapshot.numbers[kept],
        state=tuple(STATES[code].value for code in snapshot.states[kept].tolist()),
        value=snapshot.goal(goal).at(kept),
        result=snapshot.results(goal)[kept],
        feasible=snapshot.feasible[kept],
        omitted=left,
    )
    return points, kept


def thinned(snapshot: Snapshot, goal: Goal, rows: Ints, most: int) -> Ints:
    """Return at most so many of some rows, ascending."""
    if len(rows) <= most:
        return rows
    values = snapshot.goal(goal).values[rows]
    losses = values if goal.is_min else -values
    order = np.argsort(np.where(snapshot.results(goal)[rows], losses, np.inf), kind="stable")
    kept = np.zeros(len(rows), dtype=np.bool_)
    kept[order[: int(most * _BEST)]] = True
    states = snapshot.states[rows]
    groups = [np.flatnonzero((states == code) & ~kept) for code in np.unique(states).tolist()]
    left, of = most - int(kept.sum()), sum(len(group) for group in groups)
    # The rarest first, of which some stay in any case: the few that failed must not vanish.
    for group in sorted(groups, key=len):
        share = min(len(group), max(left * len(group) // of, int(most * _EACH))) if of else 0
        share = min(share, left)
        kept[group[_evenly(len(group), share)]] = True
        left, of = left - share, of - len(group)
    return rows[kept]


def goal_of(goals: Sequence[Goal], metric: str | None, known: Sequence[str], where: str) -> Goal:
    """Return the goal that is meant.

    Args:
        goals: Of the sweep.
        metric: What was asked for, as `--metric` takes it; a goal's metric means that goal.
        known: Metrics that were reported.
        where: For errors.

    Raises:
        ConfigError: If there is none, or nothing was reported under that name.
    """
    from sonde.core.metric import parse_goal

    if metric is None:
        if not goals:
            raise ConfigError(where, "the sweep has no goal", "name a metric")
        return goals[0]
    for goal in goals:
        if goal.metric == metric:
            return goal
    found = parse_goal(metric, flag="metric")
    if found.metric not in known:
        names = ", ".join(known) or "nothing was reported yet"
        raise ConfigError(f"metric={metric}", "no trial reports it", f"there is: {names}")
    return found


def _evenly(count: int, share: int) -> Ints:
    """Return so many of `count` places, evenly spread."""
    if share <= 0:
        return np.empty(0, dtype=np.int64)
    found: Ints = np.unique(np.linspace(0, count - 1, share).round().astype(np.int64))
    return found
