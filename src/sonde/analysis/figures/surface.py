"""A surface through scattered results: a small Gaussian process over two axes.

Results are gathered in cells of the plane first, each with its mean and a noise that falls with
their number, so that 100,000 trials cost what 1,000 do. Length scales and the noise are those
of the greatest likelihood on a small grid. Where no result is near, or the surface knows hardly
more than without any, it *extrapolates*.

Source: Rasmussen and Williams 2006, algorithm 2.1.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from sonde.analysis.figures.snapshot import Bools, Floats

__all__ = ["Plane", "Surface", "surface"]

_CELLS = 16  # along an axis of numbers
_LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)  # of the axis
_NOISES = (0.01, 0.1, 0.5, 2.0)  # of the variance of the surface
_UNKNOWN = 0.5  # of the variance left: from here on it is extrapolated
_NEAR = 0.15  # of an axis; as it is where no result is so near on both
_JITTER = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """Points of a plane, (n,) along each of its two axes.

    Attributes:
        x: In [0, 1] along an axis of numbers; the place of a category.
        x_words: Whether the axis is one of categories.
    """

    x: Floats
    y: Floats
    x_words: bool
    y_words: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """What is expected at some points.

    Attributes:
        value: (n,).
        extrapolates: (n,): whether it is far from all results.
    """

    value: Floats
    extrapolates: Bools


def surface(measured: Plane, values: Floats, wanted: Plane) -> Surface:
    """Return what values are expected elsewhere, given some (n,), n >= 1, finite."""
    where, mean, count = _cells(measured, values)
    middle = float(np.average(mean, weights=count))
    scale = float(np.sqrt(np.average((mean - middle) ** 2, weights=count))) or 1.0
    y = (mean - middle) / scale
    near = [_distances(where.x, where.x, words=where.x_words)]
    near.append(_distances(where.y, where.y, words=where.y_words))
    lengths, noise = _fitted(near, y, count)
    kernel = np.exp(-near[0] / lengths[0] ** 2 - near[1] / lengths[1] ** 2)
    lower = np.linalg.cholesky(kernel + np.diag(noise / count + _JITTER))
    weights = np.linalg.solve(lower.T, np.linalg.solve(lower, y))
    across = np.exp(
        -_distances(wanted.x, where.x, words=where.x_words) / lengths[0] ** 2
        - _distances(wanted.y, where.y, words=where.y_words) / lengths[1] ** 2
    )
    left = 1.0 - (np.linalg.solve(lower, across.T) ** 2).sum(axis=0)
    is_far = ~(
        _near(wanted.x, where.x, words=where.x_words)
        & _near(wanted.y, where.y, words=where.y_words)
    )
    return Surface(
        value=across @ weights * scale + middle,
        extrapolates=(left > _UNKNOWN) | is_far.all(axis=1),
    )


def _cells(points: Plane, values: Floats) -> tuple[Plane, Floats, Floats]:
    """Return the middle of the points in each cell, the mean of their values and their number."""
    columns = points.x if points.x_words else np.minimum((points.x * _CELLS) // 1, _CELLS - 1)
    rows = points.y if points.y_words else np.minimum((points.y * _CELLS) // 1, _CELLS - 1)
    _, cell = np.unique(np.stack([columns, rows]), axis=1, return_inverse=True)
    cell = cell.reshape(-1)
    count = np.bincount(cell).astype(np.float64)
    x, y, mean = (np.bincount(cell, one) / count for one in (points.x, points.y, values))
    return Plane(x=x, y=y, x_words=points.x_words, y_words=points.y_words), mean, count


def _distances(a: Floats, b: Floats, *, words: bool) -> Floats:
    """Return half the squared distances; between two categories they are 1/8 of an axis."""
    if words:
        found: Floats = (a[:, None].round() != b[None, :].round()).astype(np.float64) / 8
    else:
        found = (a[:, None] - b[None, :]) ** 2 / 2
    return found


def _near(a: Floats, b: Floats, *, words: bool) -> Bools:
    far = np.abs(a[:, None] - b[None, :])
    found: Bools = far < (0.5 if words else _NEAR)
    return found


def _fitted(near: list[Floats], y: Floats, count: Floats) -> tuple[tuple[float, float], float]:
    """Return the length scales and the noise of the greatest likelihood."""

    def fit(a: float, b: float, noise: float) -> float:
        kernel = np.exp(-near[0] / a**2 - near[1] / b**2) + np.diag(noise / count + _JITTER)
        lower = np.linalg.cholesky(kernel)
        half = np.linalg.solve(lower, y)
        # The height of the surface is free: its best value is put in (profile likelihood).
        height = max(float(half @ half) / len(y), 1e-12)
        return float(-0.5 * len(y) * np.log(height) - np.log(np.diag(lower)).sum())

    same = max(product(_LENGTHS, _NOISES), key=lambda one: fit(one[0], one[0], one[1]))
    x = max(_LENGTHS, key=lambda one: fit(one, same[0], same[1]))
    y_ = max(_LENGTHS, key=lambda one: fit(x, one, same[1]))
    return (x, y_), same[1]
