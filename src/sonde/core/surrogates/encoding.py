"""Assignments as rows of numbers, and as the columns that a kernel sees.

A *row* has a coordinate for each dimension of a space: the quantile in [0, 1] where values
are (nearly) continuous, the position of the value where they are few, NaN where the
parameter does not exist. *Columns* are what distances are taken between: a number has one,
from 0 to 1; a category has one for each value, scaled so that two that differ are 1 apart
(squared), as far as the two ends of a number; a parameter that may be inactive has one more
that keeps assignments with it from those without.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sonde.core.distributions import Choice, Distribution
from sonde.core.distributions.values import Params, Value, canonical, is_number
from sonde.core.space import Parameter, Space
from sonde.core.streams import WHOLE_SWEEP, generator

__all__ = ["Array", "Encoding"]

Array: TypeAlias = npt.NDArray[Any]

_MOST_POSITIONS = 64  # values up to which positions are searched one by one
_SAMPLE = 256  # assignments from which the number of active parameters is known
_MOST_TABLED = 4096  # combinations of what a condition depends on
_FEW = 3
_APART = 0.5  # of the column that tells inactive from active; d^2 = .25 + (u - .5)^2


class Encoding:
    """How the assignments of one space are written down; d dimensions that vary, c columns.

    Attributes:
        space: The space.
        counts: Values of each dimension, 0 where it is continuous (d,).
        is_continuous: Which dimensions are (d,).
        is_category: Which have values without order (d,).
        group: The dimension that each column belongs to (c,).
        column: The first column of each dimension (d,).
        active: How many dimensions exist in a random assignment, on average.
        size: The number of points, at most; None where there is no end of them.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        dimensions = space.dimensions
        # What has one value only needs no coordinate.
        self._places = [j for j, p in enumerate(dimensions) if p.distribution.size != 1]
        self._parameters: list[Parameter] = [dimensions[j] for j in self._places]
        self._listed = [_listed(p.distribution) for p in self._parameters]
        self.counts = np.array([len(values) for values in self._listed], dtype=int)
        self.is_continuous = self.counts == 0
        self.is_category = np.array(
            [not _is_ordered(p.distribution) for p in self._parameters], dtype=bool
        )
        self.size = space.size
        self._positions: list[dict[Hashable, int]] = [
            {canonical(value): position for position, value in enumerate(values)}
            for values in self._listed
        ]
        self._quantiles = [
            [parameter.distribution.quantile(value) for value in values]
            for parameter, values in zip(self._parameters, self._listed, strict=True)
        ]
        self._points = [
            _spread(p, q) for p, q in zip(self._parameters, self._quantiles, strict=True)
        ]
        self._activity = _Activity(self)
        self._lay_columns()
        self.active = float(self.dimensions)
        if self.has_conditions and self.dimensions:
            random = generator(0, WHOLE_SWEEP)
            rows = self.from_unit(random.random((_SAMPLE, self.dimensions)))
            self.active = float((~np.isnan(self.settled(rows, rows))).sum(1).mean())

    def _lay_columns(self) -> None:
        group: list[int] = []
        self.column = np.zeros(len(self.counts), dtype=int)
        self._extra = np.full(len(self.counts), -1)
        for j in range(len(self.counts)):
            self.column[j] = len(group)
            group += [j] * (self.counts[j] if self._has_many(j) else 1)
            if self._parameters[j].when is not None:
                self._extra[j] = len(group)
                group.append(j)
        self.group = np.array(group, dtype=int)

    def _has_many(self, j: int) -> bool:
        # Two categories are as far apart in one column as in two.
        return bool(self.is_category[j]) and self.counts[j] > 2

    @property
    def dimensions(self) -> int:
        """How many coordinates a row has."""
        return len(self.counts)

    @property
    def is_finite(self) -> bool:
        """Whether all coordinates are positions."""
        return not self.is_continuous.any()

    @property
    def scales(self) -> Array:
        """The columns of numbers, and of positions in an order if there are more than three."""
        many = self.is_continuous | (~self.is_category & (self.counts > _FEW))
        found: Array = self.column[many]
        return found

    @property
    def has_conditions(self) -> bool:
        """Whether some coordinates may be NaN."""
        return self._activity.is_needed

    def row(self, params: Mapping[str, Value]) -> list[float]:
        """Return the row of an assignment; a value that is not on offer counts as inactive."""
        row = []
        for j, parameter in enumerate(self._parameters):
            if parameter.name not in params:
                row.append(math.nan)
            elif self.is_continuous[j]:
                row.append(parameter.distribution.quantile(params[parameter.name]))
            else:
                key = canonical(params[parameter.name])
                row.append(self._positions[j].get(key, math.nan))
        return row

    def params(self, row: Sequence[float]) -> Params:
        """Return the assignment at a row; coordinates of inactive parameters play no part."""
        point = [0.5] * len(self.space.dimensions)
        for j, place in enumerate(self._places):
            if row[j] == row[j]:
                continuous = bool(self.is_continuous[j])
                point[place] = float(row[j]) if continuous else self._quantiles[j][int(row[j])]
        return self.space.at(point)

    def columns(self, rows: Array) -> Array:
        """Return rows (n, d) as columns (n, c)."""
        found = np.zeros((len(rows), len(self.group)))
        for j, start in enumerate(self.column):
            values = rows[:, j]
            absent = np.isnan(values)
            if self.is_continuous[j]:
                found[:, start] = np.where(absent, 0.5, values)
            elif self._has_many(j):
                here = np.flatnonzero(~absent)
                found[here, start + values[here].astype(int)] = math.sqrt(0.5)
            else:
                positions = np.where(absent, 0, values).astype(int)
                found[:, start] = np.where(absent, 0.5, self._points[j][positions])
            if self._extra[j] >= 0:
                found[:, self._extra[j]] = np.where(absent, _APART, 0.0)
        return found

    def from_unit(self, points: Array) -> Array:
        """Return points of [0, 1)^d as rows, all active; positions are equally likely."""
        counts = np.maximum(self.counts, 1)
        positions = np.minimum(np.floor(points * counts), counts - 1)
        return np.where(self.is_continuous, points, positions)

    def settled(self, rows: Array, fresh: Array) -> Array:
        """Return rows with NaN exactly where a parameter is inactive.

        Args:
            rows: (n, d), changed by nobody.
            fresh: (n, d) without NaN: coordinates for parameters that have become active.
        """
        if not self.has_conditions:
            return rows
        full = np.where(np.isnan(rows), fresh, rows)
        return np.where(self._activity.of(full), full, np.nan)

    def codes(self, rows: Array) -> Array:
        """Return a number for each row, equal where rows are (finite spaces only)."""
        codes = np.zeros(len(rows), dtype=np.uint64)
        with np.errstate(over="ignore"):
            for j, count in enumerate(self.counts):
                positions = np.where(np.isnan(rows[:, j]), count, rows[:, j]).astype(np.uint64)
                # Beyond 2**64 points it is a hash, good enough to avoid repetitions by.
                codes = codes * np.uint64(count + 1) + positions
        return codes


class _Activity:
    """Which parameters exist, for many rows at once."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        space = encoding.space
        self._names = [p.name for p in encoding._parameters]
        self.is_needed = any(p.when is not None for p in encoding._parameters)
        constants = {
            p.name: p.distribution.at(0.5)
            for p in space.parameters
            if p.name not in self._names and p.when is None
        }
        self._tables: list[tuple[int, list[int], Array]] | None = []
        done: set[str] = set(constants)
        left = list(encoding._parameters)
        while left and self._tables is not None:
            ready = next((p for p in left if p.when is None or p.when.names <= done), None)
            table = None if ready is None else self._table(ready, constants)
            if ready is None or (table is None and ready.when is not None):
                self._tables = None  # a condition on a number, or on a constant that has one
                return
            if table is not None:
                self._tables.append(table)
            done.add(ready.name)
            left.remove(ready)

    def _table(
        self, parameter: Parameter, constants: Mapping[str, Value]
    ) -> tuple[int, list[int], Array] | None:
        if parameter.when is None:
            return None
        listed = self._encoding._listed
        parents = [self._names.index(n) for n in parameter.when.names if n not in constants]
        parents.sort()
        shape = [len(listed[j]) + 1 for j in parents]
        if any(count == 1 for count in shape) or math.prod(shape) > _MOST_TABLED:
            return None
        table = np.zeros(shape, dtype=bool)
        for index in np.ndindex(*shape):
            values: Params = dict(constants)
            for j, position in zip(parents, index, strict=True):
                if position < len(listed[j]):  # the last one stands for inactive
                    values[self._names[j]] = listed[j][position]
            table[index] = parameter.when.holds(values)
        return self._names.index(parameter.name), parents, table

    def of(self, rows: Array) -> Array:
        """Return which coordinates of full rows (n, d) exist."""
        found = np.ones(rows.shape, dtype=bool)
        if self._tables is None:
            for i, row in enumerate(rows):
                params = self._encoding.params(row)
                found[i] = [name in params for name in self._names]
            return found
        counts = self._encoding.counts
        for j, parents, table in self._tables:
            index = tuple(
                np.where(found[:, parent], rows[:, parent], counts[parent]).astype(int)
                for parent in parents
            )
            found[:, j] = table[index] if parents else bool(table)
        return found


def _listed(distribution: Distribution) -> list[Value]:
    """Return the values, each of which gets a position; none where they are too many."""
    is_few = distribution.size is not None and distribution.size <= _MOST_POSITIONS
    few = is_few or not _is_ordered(distribution)
    return list(distribution.grid()) if few else []


def _is_ordered(distribution: Distribution) -> bool:
    if not isinstance(distribution, Choice) or distribution.ordered:
        return True
    values = distribution.grid()
    numbers = [value for value in values if is_number(value)]
    steps = [after - before for before, after in pairwise(numbers)]
    rises = all(step > 0 for step in steps) or all(step < 0 for step in steps)
    return len(numbers) == len(values) and rises


def _spread(parameter: Parameter, quantiles: Sequence[float]) -> Array:
    """Return where the positions lie between 0 and 1: choices evenly, others by quantile."""
    if not quantiles:
        return np.zeros(1)
    if isinstance(parameter.distribution, Choice):
        return np.arange(len(quantiles)) / max(len(quantiles) - 1, 1)
    points = np.array(quantiles)
    width = points[-1] - points[0]
    return (points - points[0]) / width if width > 0 else points
