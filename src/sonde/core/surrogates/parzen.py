"""Parzen estimators: the density of points as a mixture of kernels, one about each of them.

A kernel is a product over axes: a normal truncated to [0, 1] on a numeric one, on a
categorical one the kernel's own value with probability 1 - b and else a draw from the
prior. It only speaks about the axes that are active at its point; of the others it
says what the prior says, and so does the one broad kernel that every mixture has.

The logarithm of a kernel is linear in (x^2, x, 1, which category) for each axis, so that
all candidates against all kernels are one matrix product.

Source: Bergstra et al., NeurIPS 2011 and ICML 2013; the multivariate kernel and b after
Watanabe, arXiv:2304.11127, 2023.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Category", "Layout", "Mixture"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, slots=True)
class Category:
    """A categorical axis.

    Attributes:
        place: Which coordinate it is.
        middles: The coordinates of its k values, ascending, (k,).
        shares: How probable each is a priori, (k,).
    """

    place: int
    middles: Array
    shares: Array

    def index(self, points: Array) -> npt.NDArray[np.intp]:
        """Return which value each of the points, (n, d), has, (n,)."""
        edges = (self.middles[1:] + self.middles[:-1]) / 2
        return np.searchsorted(edges, points[:, self.place])


class Layout:
    """Which axes are numeric and which categorical."""

    def __init__(self, numeric: npt.NDArray[np.intp], categories: Sequence[Category]) -> None:
        self.numeric = numeric
        self.categories = tuple(categories)

    def features(self, points: Array, active: Mask) -> Array:
        """Return what the logarithm of a kernel is linear in, (n, q)."""
        x, a = points[:, self.numeric], active[:, self.numeric].astype(float)
        ax = a * x
        parts = [ax * x, ax, a]
        for axis in self.categories:
            hot = np.zeros((len(points), len(axis.middles)))
            hot[np.arange(len(points)), axis.index(points)] = active[:, axis.place]
            parts.append(hot)
        return np.concatenate(parts, axis=1)


class Mixture:
    """Kernels about points, and a broad one.

    Args:
        points: (n, d); coordinates of inactive axes play no part.
        active: (n, d).
        weights: One a kernel and, last, that of the broad one, (n + 1,); any sum.
        bandwidths: Standard deviations on the numeric axes, (p,).
        stray: b above.
    """

    def __init__(
        self,
        layout: Layout,
        points: Array,
        active: Mask,
        weights: Array,
        bandwidths: Array,
        stray: float,
    ) -> None:
        self._layout = layout
        self._points, self._active = points, active
        self._shares = weights / weights.sum()
        self._bandwidths, self._stray = bandwidths, stray

    def coefficients(self) -> Array:
        """Return the kernels' coefficients of the features, the broad one's last, (n + 1, q)."""
        numeric, count = self._layout.numeric, len(self._points)
        mu, a = self._points[:, numeric], self._active[:, numeric]
        scale = self._bandwidths
        inside = ndtr((1 - mu) / scale) - ndtr(-mu / scale)
        half = 0.5 / scale**2
        parts = [
            np.where(a, -half, 0.0),
            np.where(a, 2 * half * mu, 0.0),
            np.where(a, -half * mu**2 - np.log(scale * inside) - _LOG_ROOT_2PI, 0.0),
        ]
        parts = [np.concatenate([part, np.zeros((1, len(numeric)))]) for part in parts]
        for axis in self._layout.categories:
            table = np.broadcast_to(axis.shares, (count + 1, len(axis.shares))).copy()
            rows = np.flatnonzero(self._active[:, axis.place])
            table[rows] *= self._stray
            table[rows, axis.index(self._points[rows])] += 1 - self._stray
            parts.append(np.log(table))
        return np.concatenate(parts, axis=1)

    def log_density(self, features: Array) -> Array:
        """Return the logarithm of the density where these features are from, (m,)."""
        logs = features @ self.coefficients().T
        top = logs.max(axis=1)
        found: Array = top + np.log(np.exp(logs - top[:, None]) @ self._shares)
        return found

    def sample(self, random: np.random.Generator, count: int) -> Array:
        """Draw points, (count, d).

        A coordinate that is inactive at the kernel's point is drawn about another point at
        which it is active, the same one for coordinates that go together.
        """
        kernels, dimensions = self._points.shape
        u = random.random((count, dimensions))
        chosen = np.searchsorted(np.cumsum(self._shares[:-1]), random.random(count), side="right")
        sources = np.repeat(chosen[:, None], dimensions, axis=1)  # `kernels`: from the prior
        if not self._active.all():
            donor = random.random(count)
            known = np.concatenate([self._active, np.ones((1, dimensions), dtype=bool)])[chosen]
            for column in np.flatnonzero(~known.all(axis=0)):
                donors = np.append(np.flatnonzero(self._active[:, column]), kernels)
                missing = ~known[:, column]
                pick = (donor[missing] * max(len(donors) - 1, 1)).astype(int)
                sources[missing, column] = donors[pick]
        is_prior = sources == kernels
        sources[is_prior] = 0
        found = u.copy()
        if kernels and len(self._layout.numeric):
            numeric = self._layout.numeric
            mu = self._points[sources[:, numeric], numeric]
            scale = self._bandwidths
            low, high = ndtr(-mu / scale), ndtr((1 - mu) / scale)
            drawn = mu + scale * ndtri(low + u[:, numeric] * (high - low))
            found[:, numeric] = np.where(is_prior[:, numeric], u[:, numeric], drawn.clip(0, 1))
        for axis in self._layout.categories:
            place = axis.place
            value = np.searchsorted(np.cumsum(axis.shares[:-1]), u[:, place], side="right")
            if kernels:
                own = axis.index(self._points)[sources[:, place]]
                keeps = (random.random(count) >= self._stray) & ~is_prior[:, place]
                value[keeps] = own[keeps]
            found[:, place] = axis.middles[value]
        return found
