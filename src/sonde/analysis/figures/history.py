"""Figures over time: the values of trials and the best so far, and who ran what when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, metric_axis, spread_axis
from sonde.analysis.figures.points import Points, points_of
from sonde.analysis.figures.snapshot import STATES, Column, Floats, Ints, Snapshot, Source
from sonde.core.metric import Goal
from sonde.core.trial import State

__all__ = ["OVER", "Bars", "Best", "History", "Lane", "Timeline", "history", "timeline"]

Over = Literal["trial", "time", "cost"]
OVER: tuple[Over, ...] = ("trial", "time", "cost")
_WAITING = STATES.index(State.WAITING)
_COUNTED = tuple(STATES.index(state) for state in (State.DONE, State.STOPPED))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Best:
    """The best so far, where it became better.

    Attributes:
        trial: The trials that were better than all before. One that a rule cut short is the best
            only until one has run to its end, which may be worse.
        at: Where on the axis.
        value: Theirs.
    """

    trial: Ints
    at: Floats
    value: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One sweep of a history.

    Attributes:
        at: Of each point, where it lies: its number, the seconds from the sweep's first start
            to its end, or the seconds that trials had worked in all when it ended.
        end: How far the axis reaches: the best so far holds until there.
    """

    source: Source
    points: Points
    at: Column
    best: Best
    end: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Values over the trials, the time or what was spent (`history`)."""

    kind: Literal["history"]
    over: Over
    unit: str
    goal: Axis
    runs: tuple[Run, ...]


def history(
    snapshots: Sequence[Snapshot], goals: Sequence[Goal], over: Over, most: int, now: datetime
) -> History:
    """Return the histories of some sweeps.

    Args:
        snapshots: One a sweep.
        goals: One a sweep; the first is what they are compared by.
        over: What is along the axis.
        most: Points of each sweep.
        now: Until when running trials have worked.
    """
    pairs = list(zip(snapshots, goals, strict=True))
    columns = [(s.goal(g).values, s.goal(g).finite) for s, g in pairs]
    return History(
        kind="history",
        over=over,
        unit="trials" if over == "trial" else "s",
        goal=spread_axis(columns, goals[0]),
        runs=tuple(_run(snapshot, goal, over, most, now) for snapshot, goal in pairs),
    )


def _run(snapshot: Snapshot, goal: Goal, over: Over, most: int, now: datetime) -> Run:
    at = _along(snapshot, over, now)
    waits = snapshot.states == _WAITING
    lost = ~at.has & ~waits
    rows = np.flatnonzero(at.has & ~waits)
    omitted = {"waiting": int(waits.sum()), "no time": int(lost.sum())}
    points, kept = points_of(snapshot, goal, rows, most, omitted)
    end = at.values[at.has]
    return Run(
        source=snapshot.source,
        points=points,
        at=at.at(kept),
        best=_best(snapshot, goal, at),
        end=float(end.max()) if len(end) else 0.0,
    )


def _best(snapshot: Snapshot, goal: Goal, at: Column) -> Best:
    """Follow the best of those that keep to the constraints, in the order of the axis."""
    counted = np.isin(snapshot.states, _COUNTED) & snapshot.goal(goal).finite
    rows = np.flatnonzero(counted & snapshot.feasible & at.has)
    rows = rows[np.argsort(at.values[rows], kind="stable")]
    whole = snapshot.comparable[rows]
    first = int(np.argmax(whole)) if whole.any() else len(rows)
    later = rows[first:][whole[first:]]
    rows = np.concatenate([_improving(snapshot, goal, part) for part in (rows[:first], later)])
    values = snapshot.goal(goal).values[rows]
    return Best(trial=snapshot.numbers[rows], at=at.values[rows], value=values)


def _improving(snapshot: Snapshot, goal: Goal, rows: Ints) -> Ints:
    """Return those of some rows that are better than all before."""
    values = snapshot.goal(goal).values[rows]
    losses = values if goal.is_min else -values
    lowest = np.minimum.accumulate(losses) if len(losses) else losses
    better = np.ones(len(losses), dtype=np.bool_)
    better[1:] = lowest[1:] < lowest[:-1]
    return rows[better]


def _along(snapshot: Snapshot, over: Over, now: datetime) -> Column:
    """Return where each trial lies."""
    if over == "trial":
        numbers = snapshot.numbers.astype(np.float64)
        return Column(values=numbers, has=np.ones(len(numbers), dtype=np.bool_), whole=True)
    started, finished = snapshot.started, snapshot.finished
    runs = started.has & ~finished.has
    ends = np.where(runs, now.timestamp(), finished.values)
    has = started.has & ~np.isnan(ends)
    if over == "time":
        first = started.values[started.has].min() if started.has.any() else 0.0
        return Column(values=ends - first, has=has)
    # A trial lies where all that had ended by then, and itself, add up to.
    spent = np.where(has, np.maximum(ends - started.values, 0.0), 0.0)
    order = np.argsort(np.where(has, ends, np.inf), kind="stable")
    total = np.empty(len(spent))
    total[order] = np.cumsum(spent[order])
    return Column(values=np.where(has, total, np.nan), has=has)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """What one agent did.

    Attributes:
        worked: Seconds of all its trials, those that are not shown included.
    """

    agent: str
    trials: int
    worked: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """When each point ran, in seconds since the first start of all.

    Attributes:
        lane: Its agent, a place in `lanes`.
        start: When its last attempt began.
        end: When it ended; now, while it runs.
    """

    lane: Ints
    start: Floats
    end: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Who ran what when (`timeline`).

    Attributes:
        begin: The first start, in seconds since the epoch.
        end: The last end, as the bars have it.
    """

    kind: Literal["timeline"]
    source: Source
    goal: Axis | None
    begin: float | None
    end: float
    lanes: tuple[Lane, ...]
    points: Points
    bars: Bars


def timeline(snapshot: Snapshot, goal: Goal, most: int, now: datetime) -> Timeline:
    """Return when each trial ran, by agent; agents in the order of their first start."""
    started, finished, agents = snapshot.started, snapshot.finished, snapshot.agents
    ran = started.has
    rows = np.flatnonzero(ran)
    runs = snapshot.states == STATES.index(State.RUNNING)
    ends = np.where(runs, now.timestamp(), finished.values)
    ends = np.fmax(np.where(np.isnan(ends), started.values, ends), started.values)
    begin = float(started.values[rows].min()) if len(rows) else None
    codes = agents.values[rows].astype(np.int64)
    words = agents.words or ()
    firsts = np.full(len(words), np.inf)
    np.minimum.at(firsts, codes, started.values[rows])
    order = [int(code) for code in np.argsort(firsts, kind="stable") if np.isfinite(firsts[code])]
    worked = np.bincount(codes, ends[rows] - started.values[rows], minlength=len(words))
    counts = np.bincount(codes, minlength=len(words))
    lane_of = np.zeros(len(words), dtype=np.int64)
    lane_of[order] = np.arange(len(order))
    waits = snapshot.states == _WAITING
    omitted = {"waiting": int((~ran & waits).sum()), "never started": int((~ran & ~waits).sum())}
    points, kept = points_of(snapshot, goal, rows, most, omitted)
    since = begin or 0.0
    return Timeline(
        kind="timeline",
        source=snapshot.source,
        goal=metric_axis(snapshot, goal),
        begin=begin,
        end=float(ends[rows].max()) - since if len(rows) else 0.0,
        lanes=tuple(
            Lane(agent=str(words[c]), trials=int(counts[c]), worked=float(worked[c])) for c in order
        ),
        points=points,
        bars=Bars(
            lane=lane_of[agents.values[kept].astype(np.int64)],
            start=started.values[kept] - since,
            end=ends[kept] - since,
        ),
    )
