"""Correlation: how parameters and metrics go with each other, pair by pair.

Spearman's rank correlation, over the trials that have both: it sees whether one rises with the
other, on whatever scale. Choices without an order have no rank, and are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonde.analysis.figures.axes import Axis, metric_axis, param_axis
from sonde.analysis.figures.snapshot import Bools, Column, Floats, Ints, Snapshot, Source
from sonde.core.importance.ranks import mid_ranks
from sonde.core.metric import Goal

__all__ = ["FEWEST", "Correlation", "correlation"]

FEWEST = 4
"""Trials below which nothing is said of a pair."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correlation:
    """How values go with each other (`correlation`).

    Attributes:
        axes: What is compared: metrics, then parameters.
        value: (k, k): the correlation; NaN where there are too few trials, or one of the two is
            always the same.
        count: (k, k): the trials that have both.
        unordered: Parameters that have no order.
    """

    kind: Literal["correlation"]
    source: Source
    axes: tuple[Axis, ...]
    value: Floats
    count: Ints
    unordered: tuple[str, ...]


def correlation(snapshot: Snapshot, goals: Sequence[Goal], params: Sequence[str]) -> Correlation:
    """Return the correlations between some metrics and parameters.

    Values of metrics are those of trials that can be compared.
    """
    axes = [metric_axis(snapshot, goal) for goal in goals]
    columns = [_of(snapshot.goal(goal), snapshot.results(goal)) for goal in goals]
    unordered = []
    for name in params:
        axis, column = param_axis(snapshot, name), snapshot.param(name)
        if axis.kind == "category" and not axis.ordered:
            unordered.append(name)
            continue
        axes.append(axis)
        columns.append(_of(column, column.finite))
    value, count = _spearman(columns)
    return Correlation(
        kind="correlation",
        source=snapshot.source,
        axes=tuple(axes),
        value=value,
        count=count,
        unordered=tuple(unordered),
    )


def _of(column: Column, meant: Bools) -> Floats:
    found: Floats = np.where(meant, column.values, np.nan)
    return found


def _spearman(columns: Sequence[Floats]) -> tuple[Floats, Ints]:
    size = len(columns)
    value = np.full((size, size), np.nan)
    count = np.zeros((size, size), dtype=np.int64)
    has = [~np.isnan(column) for column in columns]
    whole = [
        mid_ranks(column) if one.all() else None for column, one in zip(columns, has, strict=True)
    ]
    for i in range(size):
        for j in range(i + 1):
            both = has[i] & has[j]
            count[i, j] = count[j, i] = both.sum()
            if count[i, j] < FEWEST:
                continue
            a, b = whole[i], whole[j]
            if a is None or b is None:  # ranks are among the trials that have both
                a, b = mid_ranks(columns[i][both]), mid_ranks(columns[j][both])
            if np.ptp(a) and np.ptp(b):
                value[i, j] = value[j, i] = np.corrcoef(a, b)[0, 1]
    return value, count
