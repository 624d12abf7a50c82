"""How alike points are: Matern 5/2 of all dimensions at once, and of some of them alone.

    k(x, x') = (1 - w) m(r) + w / a sum_j m(r_j),   m(r) = (1 + r + r^2/3) e^-r
    r^2 = 5 sum_j t_j,   r_j^2 = 5 d t_j,   t_j = sum over the columns c of j of (x_c - x'_c)^2

for columns that have been divided by their lengthscales; of the d dimensions a have a part alone.
What such a parameter does by itself is so learnt from trials that differ in all others too; what
they do together has the rest. Alone a dimension has a lengthscale shorter by the square root of d,
by which those of all at once are longer (`sonde.core.surrogates.gaussian_process`).

Source: Duvenaud, Nickisch and Rasmussen, NeurIPS 2011; Durrande, Ginsbourger and Roustant, Ann.
Fac. Sci. Toulouse 21, 2012. Departure: only the first order and all at once, with lengthscales in
common.
"""

import math
from collections.abc import Collection, Iterator

import numpy as np

from sonde.core.surrogates.encoding import Array, Encoding

__all__ = ["Kernel", "kernels_for"]

_SHARE = 0.5  # of the variance: what parameters do by themselves
_CATEGORIES = 2  # from so many on they are modelled by themselves at once
_FEW = 4096  # pairs of points
_AT_ONCE = 128  # points: what is worked on stays in the cache


class Kernel:
    """Covariances of scaled columns, 1 at most.

    Args:
        group: The dimension of each column (c,), in ascending order.
        share: w, what dimensions alone have of the variance.
        alone: Which dimensions those are; by default all.
    """

    def __init__(
        self, group: Array, share: float = 0.0, alone: Collection[int] | None = None
    ) -> None:
        self.group = group
        self.dimensions = int(group.max()) + 1
        self._share = share if self.dimensions > 1 else 0.0
        self._alone = range(self.dimensions) if alone is None else frozenset(alone)
        self._weights = np.array([j in self._alone for j in range(self.dimensions)], dtype=float)
        self._weights /= max(len(self._alone), 1)
        self._first = np.searchsorted(group, np.arange(self.dimensions))
        self._columns = [np.flatnonzero(group == j) for j in range(self.dimensions)]

    def between(self, a: Array, b: Array) -> Array:
        """Return the covariances (m, n) of points (m, c) and (n, c)."""
        if not self._share:
            return _matern(np.sqrt(5.0 * _squared(a, b)))
        found = np.empty((len(a), len(b)))
        for first in range(0, len(a), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            found[part] = self._between(a[part], b)
        return found

    def _between(self, a: Array, b: Array) -> Array:
        total, alone = np.zeros((len(a), len(b))), np.zeros((len(a), len(b)))
        for j, r in enumerate(self._distances_alone(a, b)):
            if j in self._alone:
                alone += _matern(r)
            r *= r
            total += r
        total /= self.dimensions
        found = _matern(np.sqrt(total, out=total))
        found *= 1.0 - self._share
        alone *= self._share / len(self._alone)
        found += alone
        return found

    def with_slopes(self, a: Array, b: Array) -> tuple[Array, list[tuple[Array, Array]]]:
        """Return `between`, and the derivatives by t_j: the columns of j, and (m, n) for each."""
        if not self._share:
            found, slope = _with_slope(np.sqrt(5.0 * _squared(a, b)))
            return found, [(np.arange(len(self.group)), slope)]
        if len(a) * len(b) <= _FEW:
            return self._with_slopes_at_once(a, b)
        distances = list(self._distances_alone(a, b))
        r = np.sqrt(sum(alone * alone for alone in distances) / self.dimensions)
        found, slope = _with_slope(r)
        found *= 1.0 - self._share
        slope *= 1.0 - self._share
        slopes, share = [], self._share / len(self._alone)
        for j, (columns, alone) in enumerate(zip(self._columns, distances, strict=True)):
            if j in self._alone:
                part, by_part = _with_slope(alone)
                part *= share
                found += part
                by_part *= share * self.dimensions
                by_part += slope
                slopes.append((columns, by_part))
            else:
                slopes.append((columns, slope))
        return found, slopes

    def _with_slopes_at_once(self, a: Array, b: Array) -> tuple[Array, list[tuple[Array, Array]]]:
        """Do the same in few calls, each for all dimensions: quicker where points are few."""
        away = a.T[:, :, None] - b.T[:, None, :]
        away *= away
        away *= 5.0 * self.dimensions
        squared = np.add.reduceat(away, self._first, axis=0)
        found, slope = _with_slope(np.sqrt(squared.sum(axis=0) / self.dimensions))
        parts, slopes = _with_slope(np.sqrt(squared))
        found *= 1.0 - self._share
        slope *= 1.0 - self._share
        found += self._share * (parts * self._weights[:, None, None]).sum(axis=0)
        slopes *= (self._share * self.dimensions) * self._weights[:, None, None]
        slopes += slope
        return found, list(zip(self._columns, slopes, strict=True))

    def _distances_alone(self, a: Array, b: Array) -> Iterator[Array]:
        """Yield r_j of each dimension (m, n)."""
        unit = math.sqrt(5.0 * self.dimensions)
        a, b = a * unit, b * unit
        for columns in self._columns:
            if len(columns) > 1:
                yield np.sqrt(_squared(a[:, columns], b[:, columns]))
            else:
                yield np.abs(a[:, columns] - b[:, columns[0]])


def kernels_for(encoding: Encoding) -> tuple[Kernel, ...]:
    """Return what a model of few results has, then what else one of many may have.

    What a category does by itself shows soon, as values come again; with numbers it takes longer.
    """
    together = Kernel(encoding.group)
    each = Kernel(encoding.group, _SHARE)
    categories = [int(j) for j in np.flatnonzero(encoding.is_category)]
    if len(categories) < _CATEGORIES:
        return together, each
    if len(categories) == encoding.dimensions:
        return (each,)
    return Kernel(encoding.group, _SHARE, categories), together, each


def _matern(r: Array) -> Array:
    found = r / 3.0
    found += 1.0
    found *= r
    found += 1.0
    found *= np.exp(-r)
    return found


def _with_slope(r: Array) -> tuple[Array, Array]:
    """Return m, and dm / d(squared distance)."""
    decay = np.exp(-r)
    slope = r + 1.0
    found = r * r
    found /= 3.0
    found += slope
    found *= decay
    slope *= decay
    slope *= -5.0 / 6.0
    return found, slope


def _squared(a: Array, b: Array) -> Array:
    found: Array = -2.0 * (a @ b.T)
    found += np.einsum("ij,ij->i", a, a)[:, None]
    found += np.einsum("ij,ij->i", b, b)
    return np.maximum(found, 0.0, out=found)
