"""Axes: on which scale the values of a parameter or a metric are shown, and how far it reaches.

A parameter's axis is logarithmic where the space says so. A metric's is where its values are
positive and the largest is many medians: one trial that diverged must not flatten the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonde.analysis.figures.snapshot import Bools, Floats, Snapshot
from sonde.core.distributions import Choice, Float, Int
from sonde.core.distributions.values import Value, is_number
from sonde.core.metric import Goal

__all__ = ["Axis", "metric_axis", "param_axis", "places", "spread_axis"]

_SKEWED = 20  # medians; the dashboard's charts have the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis is.

    Attributes:
        kind: Numbers, or categories, whose values are places in `words`.
        log: Whether it is logarithmic; `low` is then positive.
        whole: Whether the numbers are whole ones.
        low: Where it begins: the space's bound, or the least finite value; None: there is none.
        high: Where it ends.
        words: The categories, in order.
        ordered: Whether neighbouring categories are alike.
        when: The condition under which the parameter exists.
        direction: Of a goal's metric, which way is better.
        summary: Of a metric, which number of its curve is meant.
    """

    name: str
    role: Literal["param", "metric"]
    kind: Literal["number", "category"] = "number"
    log: bool = False
    whole: bool = False
    low: float | None = None
    high: float | None = None
    words: tuple[Value, ...] | None = None
    ordered: bool = False
    when: str | None = None
    direction: str | None = None
    summary: str | None = None


def param_axis(snapshot: Snapshot, name: str) -> Axis:
    """Return the axis of a parameter: its range, though trials of a former space lie beyond.

    It is the same for all that share a figure; on a logarithmic scale where one space says so.
    """
    column, drawn = snapshot.param(name), snapshot.distributions(name)
    spaces = [one.definition.space for one in snapshot.company]
    condition = next(space[name].when for space in spaces if name in space)
    when = None if condition is None else condition.text
    if column.words is not None:
        is_ranked = all(isinstance(one, Choice) and one.is_ordinal for one in drawn)
        is_counted = all(isinstance(one, Choice) for one in drawn)
        return Axis(
            name=name,
            role="param",
            kind="category",
            words=column.words,
            ordered=is_ranked or (is_counted and all(map(is_number, column.words))),
            when=when,
        )
    columns = [one.param(name) for one in snapshot.company]
    ranges = [one for one in drawn if isinstance(one, (Float, Int))]
    ends = [end for one in columns for end in _extent(one.values, one.finite) if end is not None]
    ends += [float(end) for one in ranges for end in (one.low, one.high)]
    low, high = (min(ends), max(ends)) if ends else (None, None)
    return Axis(
        name=name,
        role="param",
        log=any(one.is_log for one in drawn) and low is not None and low > 0,
        whole=column.whole,
        low=_exact(low, whole=column.whole),
        high=_exact(high, whole=column.whole),
        when=when,
    )


def metric_axis(snapshot: Snapshot, goal: Goal) -> Axis:
    """Return the axis of a metric: from the least to the greatest of its finite values.

    It is the same for all that share a figure.
    """
    columns = [one.goal(goal) for one in snapshot.company]
    return spread_axis([(one.values, one.finite) for one in columns], goal)


def spread_axis(columns: Sequence[tuple[Floats, Bools]], goal: Goal) -> Axis:
    """Return the axis of a metric over several columns, each with what of it is finite."""
    values = np.concatenate([values[finite] for values, finite in columns] or [np.empty(0)])
    low, high = _extent(values, np.ones(len(values), dtype=np.bool_))
    is_log = low is not None and low > 0 and high is not None
    return Axis(
        name=goal.metric,
        role="metric",
        log=bool(is_log and high is not None and high > _SKEWED * float(np.median(values))),
        low=low,
        high=high,
        direction=goal.direction.value,
        summary=goal.summary.value,
    )


def places(axis: Axis, values: Floats) -> Floats:
    """Return where values lie on an axis: 0 at its beginning, 1 at its end; categories as they are.

    What lies beyond an end is put there.
    """
    if axis.kind == "category" or axis.low is None or axis.high is None:
        return values
    low, high = float(axis.low), float(axis.high)
    if not high > low:
        return np.where(np.isnan(values), np.nan, 0.5)
    if axis.log:
        low, high = np.log(low), np.log(high)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log(values)
    found: Floats = np.clip((values - low) / (high - low), 0.0, 1.0)
    return found


def _extent(values: Floats, finite: Bools) -> tuple[float | None, float | None]:
    if not finite.any():
        return None, None
    return float(values[finite].min()), float(values[finite].max())


def _exact(number: float | None, *, whole: bool) -> float | None:
    return int(number) if whole and number is not None else number
