"""The axes of [0, 1]^d as model-based methods see them: continuous, in steps, categorical.

A point is a row of quantiles (`Space.quantiles`). On an axis in steps only the middles
of its cells count, on a categorical one not even their order. A list of numbers that
rises or falls is an axis in steps, for its neighbours are alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sonde.core.distributions import Choice, Distribution
from sonde.core.distributions.values import Value
from sonde.core.space import Space

__all__ = ["Axes", "Axis"]

Array = npt.NDArray[np.float64]

_MOST_STEPS = 1024  # finer ones are as good as continuous


@dataclass(frozen=True, slots=True)
class Axis:
    """One coordinate.

    Attributes:
        middles: Quantiles of the values, (k,), ascending; None where it is continuous.
        edges: Those between the cells, (k - 1,); None where it is continuous.
        shares: Of a categorical axis: how probable each value is, (k,); else None.
    """

    middles: Array | None = None
    edges: Array | None = None
    shares: Array | None = None


class Axes:
    """The axes of a space.

    Attributes:
        each: One for each of `space.dimensions`.
        numeric: Places of the axes that are not categorical, (p,).
        categorical: Places of the others, (c,).
        widths: Of each numeric axis the mean width of a cell, 0 where it is continuous, (p,).
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.each = [_axis(p.distribution) for p in space.dimensions]
        places = range(len(self.each))
        self.numeric = np.array([i for i in places if self.each[i].shares is None], dtype=int)
        self.categorical = np.array([i for i in places if self.each[i].shares is not None], int)
        sizes = [self.each[i].middles for i in self.numeric]
        self.widths = np.array([0.0 if m is None else 1 / len(m) for m in sizes])
        self._tables = [
            (i, axis.middles, axis.edges)
            for i in self.numeric
            if (axis := self.each[i]).middles is not None and axis.edges is not None
        ]
        self._conditional = [i for i in places if space.dimensions[i].when is not None]
        self._masks: dict[tuple[Any, ...], npt.NDArray[np.bool_]] = {}
        names = {p.name: i for i, p in enumerate(space.dimensions)}
        needed: frozenset[str] = frozenset().union(
            *(p.when.names for p in space.parameters if p.when is not None)
        )
        self._parents = sorted(names[name] for name in needed if name in names)
        # With few values a parent's say in which parameters exist is worth remembering.
        self._is_cached = all(self.each[i].middles is not None for i in self._parents)

    def row(self, params: Mapping[str, Value]) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Return an assignment's point and which of its coordinates are active, (d,) each.

        Raises:
            ValueError: If it is no assignment of this space.
        """
        point = np.array(self.space.quantiles(params), dtype=float)
        active = np.array([p.name in params for p in self.space.dimensions], dtype=bool)
        return point, active

    def category(self, place: int, points: Array) -> npt.NDArray[np.intp]:
        """Return which value each row of points, (n, d), has on a categorical axis, (n,)."""
        edges = self.each[place].edges
        assert edges is not None
        return np.searchsorted(edges, points[:, place])

    def snap(self, points: Array) -> None:
        """Move coordinates on axes in steps to the middles of their cells, in place."""
        for place, middles, edges in self._tables:
            points[:, place] = middles[np.searchsorted(edges, points[:, place])]

    def active(self, points: Array) -> npt.NDArray[np.bool_]:
        """Return which coordinates exist at each point, (n, d)."""
        masks = np.ones(points.shape, dtype=bool)
        if self._conditional:
            for row, point in enumerate(points):
                masks[row] = self._mask(point)
        return masks

    def _mask(self, point: Array) -> npt.NDArray[np.bool_]:
        if self._is_cached:
            key = tuple(point[self._parents].tolist())
            found = self._masks.get(key)
            if found is None:
                found = self._masks[key] = self._asked(point.tolist())
            return found
        return self._asked(point.tolist())

    def _asked(self, point: Sequence[float]) -> npt.NDArray[np.bool_]:
        params = self.space.at(point)
        return np.array([p.name in params for p in self.space.dimensions], dtype=bool)


def _axis(distribution: Distribution) -> Axis:
    size = distribution.size
    if size is None or (size > _MOST_STEPS and not isinstance(distribution, Choice)):
        return Axis()
    middles = np.array([distribution.quantile(distribution.nth(i)) for i in range(size)])
    if not isinstance(distribution, Choice) or distribution.is_ordinal:
        middles = np.sort(middles)
        return Axis(middles, _edges(middles))
    order = np.argsort(middles, kind="stable")
    shares = np.full(size, 1.0 / size)
    if distribution.probabilities is not None or size < len(distribution.values):
        weights: dict[int, float] = dict.fromkeys(range(size), 0.0)
        probabilities = distribution.probabilities or (1.0,) * len(distribution.values)
        places = {round(u, 15): i for i, u in enumerate(middles.tolist())}
        for value, share in zip(distribution.values, probabilities, strict=True):
            place = places.get(round(distribution.quantile(value), 15))
            if place is not None:
                weights[place] += share
        shares = np.array(list(weights.values())) / sum(weights.values())
    middles = middles[order]
    return Axis(middles, _edges(middles), shares[order])


def _edges(middles: Array) -> Array:
    """Return the edges between cells that fill [0, 1], from their middles."""
    edges, edge = [], 0.0
    for middle in middles[:-1].tolist():
        edge = 2 * middle - edge
        edges.append(edge)
    found = np.array(edges)
    fits = (middles[:-1] <= found) & (found <= middles[1:])
    # They do not fill it where a value stands there twice, or is never drawn.
    halfway: Array = (middles[1:] + middles[:-1]) / 2
    return np.where(fits, found, halfway)
