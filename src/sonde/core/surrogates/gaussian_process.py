"""An exact Gaussian process with a lengthscale for each dimension, and noise.

    cov(y_i, y_j) = s2 [ k(x_i / l, x_j / l) + g 1(i = j) ]

The kernel k is that of `sonde.core.surrogates.kernel`. The amplitude s2 is integrated out up to
its mode under an inverse-gamma(1, 1) prior. The lengthscales l are log-normal about a mode that
grows with the square root of the number of dimensions (Hvarfner et al., ICML 2024), the
noise-to-signal ratio g is log-normal. Both are fitted as logarithms; a mode is therefore the mode
of the logarithm.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg.lapack import dpotrf, dtrtri, dtrtrs

from sonde.core.surrogates.bend import Bend
from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.kernel import Kernel

__all__ = [
    "Posterior", "Prediction", "Prior", "fit", "negative_log_likelihood", "negative_log_posterior",
    "with_slopes",
]  # fmt: skip

_A, _B = 1.0, 1.0  # inverse-gamma prior of the amplitude
_STEPS = 50
_LEAST_VARIANCE = 1e-12
_LEAST_NOISE = 1e-6
_FAILED = 1e25


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed of log lengthscales and of the log noise ratio before any data."""

    length: float
    length_sd: float = 1.0
    noise: float = -8.0
    noise_sd: float = 3.0
    length_bounds: tuple[float, float] = (math.log(0.02), math.log(100.0))
    noise_bounds: tuple[float, float] = (math.log(1e-8), math.log(2.0))

    @staticmethod
    def of(dimensions: float, **changes: Any) -> "Prior":
        """Return the prior for a number of dimensions that exist at once."""
        return Prior(length=-1.0 + math.log(max(dimensions, 1.0)) / 2, **changes)

    def start(self, dimensions: int, noise: float) -> Array:
        """Return a start for `fit`: the mode of the lengthscales, and a log noise ratio."""
        return np.append(np.full(dimensions, self.length), noise)

    def box(self, dimensions: int) -> tuple[Array, Array]:
        """Return the bounds of theta (d + 1,)."""
        (short, long), (least, most) = self.length_bounds, self.noise_bounds
        low = np.append(np.full(dimensions, short), least)
        return low, np.append(np.full(dimensions, long), most)


def negative_log_likelihood(theta: Array, x: Array, y: Array, kernel: Kernel) -> float:
    """Return how ill values (n,) at columns (n, c) suit a theta, its prior left out."""
    scaled = x * np.exp(-theta[:-1])[kernel.group]
    covariance = kernel.between(scaled, scaled)
    covariance.flat[:: len(y) + 1] = 1.0 + math.exp(theta[-1])
    lower, failed = dpotrf(covariance, lower=1, clean=1)
    if failed:
        return math.inf
    white, _ = dtrtrs(lower, y, lower=1)
    spread = (len(y) / 2 + _A + 1) * math.log(white @ white / 2 + _B)
    return float(spread + np.log(lower.diagonal()).sum())


def negative_log_posterior(
    theta: Array, x: Array, y: Array, kernel: Kernel, prior: Prior
) -> tuple[float, Array]:
    """Return what `fit` minimises, and its gradient.

    Args:
        theta: Log lengthscales of the dimensions, then the log noise ratio (d + 1,).
        x: Columns (n, c).
        y: Standardised values (n,).
        kernel: Of columns (c,).
        prior: Of theta.
    """
    return with_slopes(theta, x, y, kernel, prior)[:2]


def with_slopes(
    theta: Array, x: Array, y: Array, kernel: Kernel, prior: Prior
) -> tuple[float, Array, Array]:
    """Return `negative_log_posterior`, and its gradient by the columns too (n, c)."""
    n, d = len(y), len(theta) - 1
    inverse_length = np.exp(-theta[:-1])[kernel.group]
    scaled = x * inverse_length
    noise = math.exp(theta[-1])
    covariance, slopes = kernel.with_slopes(scaled, scaled)
    covariance.flat[:: n + 1] = 1.0 + noise
    lower, failed = dpotrf(covariance.T, lower=1, clean=1, overwrite_a=1)
    if failed:
        return _FAILED, np.zeros_like(theta), np.zeros_like(x)
    inverse, _ = dtrtri(lower, lower=1)
    white = inverse @ y
    alpha = inverse.T @ white
    shape, rate = n / 2 + _A + 1, white @ white / 2 + _B
    value = shape * math.log(rate) + np.log(lower.diagonal()).sum()
    from_mode = np.append(
        (theta[:-1] - prior.length) / prior.length_sd, (theta[-1] - prior.noise) / prior.noise_sd
    )
    value += from_mode @ from_mode / 2
    # W = K^-1 - alpha alpha' / s2, so that dvalue = tr(W dK) / 2.
    w = inverse.T @ inverse - (shape / rate) * np.outer(alpha, alpha)
    gradient = np.empty_like(theta)
    gradient[-1] = noise * w.trace() / 2 + from_mode[-1] / prior.noise_sd
    by_column = np.empty_like(scaled)
    for columns, slope in slopes:
        m, part = w * slope, scaled[:, columns]
        by_column[:, columns] = 2 * (m.sum(1)[:, None] * part - m @ part)
    # dt = -2 t by a log lengthscale, and 2 (x_i - x_j) by x_i: what sums t up also sums these up
    sums = np.einsum("ij,ij->j", by_column, scaled)
    gradient[:-1] = np.bincount(kernel.group, weights=-sums, minlength=d)
    gradient[:-1] += from_mode[:-1] / prior.length_sd
    return float(value), gradient, by_column * inverse_length


def fit(
    x: Array, y: Array, kernel: Kernel, prior: Prior, starts: Sequence[Array]
) -> tuple[Array, float]:
    """Return the mode of theta's posterior nearest to the best start, and its value."""
    from scipy.optimize import minimize

    low, high = prior.box(len(starts[0]) - 1)
    best: tuple[Array, float] | None = None
    for start in starts:
        found = minimize(
            negative_log_posterior,
            np.clip(start, low, high),
            args=(x, y, kernel, prior),
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack([low, high]),
            options={"maxiter": _STEPS, "ftol": 1e-6, "gtol": 1e-3},
        )
        if best is None or found.fun < best[1]:
            best = found.x, float(found.fun)
    assert best is not None
    return best


@dataclass(slots=True)
class Prediction:
    """Means and standard deviations at some points, and what their gradients need."""

    mean: Array
    sd: Array
    points: Array  # scaled
    slopes: list[tuple[Array, Array]]  # of the covariances, for some columns each
    solved: Array  # the lower factor's inverse, applied to the covariances
    given: Array  # the points as they were given


class Posterior:
    """A process given points, which may be added to one by one.

    Args:
        x: Columns (n, c).
        kernel: Of the columns.
        theta: As fitted.
        room: How many points it may hold before it has to be built anew.
        bend: What is done to columns before they are scaled; all are given without it.
    """

    def __init__(
        self, x: Array, kernel: Kernel, theta: Array, room: int, bend: Bend | None = None
    ) -> None:
        n = len(x)
        self._kernel, self._bend = kernel, bend
        self._inverse_length = np.exp(-theta[:-1])[kernel.group]
        self._noise = math.exp(theta[-1])
        self._x = np.zeros((max(room, n), x.shape[1]))
        self._x[:n] = self._scaled(x)
        self._size = n
        self._inverse = np.zeros((len(self._x), len(self._x)))
        covariance = kernel.between(self._x[:n], self._x[:n])
        while True:
            covariance.flat[:: n + 1] = 1.0 + self._noise
            lower, failed = dpotrf(covariance, lower=1, clean=1)
            if not failed:
                break
            self._noise = max(self._noise * 10, 1e-9)
        self._inverse[:n, :n], _ = dtrtri(lower, lower=1)
        self._alpha = np.zeros(n)
        self._amplitude = 1.0

    def __len__(self) -> int:
        return self._size

    @property
    def inverse_length(self) -> Array:
        """1 / l for every column."""
        return self._inverse_length

    @property
    def noise(self) -> float:
        """The ratio g."""
        return self._noise

    def copy(self, room: int) -> "Posterior":
        """Return one that can be extended without changing this one, with room for more."""
        other = object.__new__(Posterior)
        n = self._size
        other._inverse_length, other._noise, other._size = self._inverse_length, self._noise, n
        other._kernel, other._bend = self._kernel, self._bend
        other._x = np.zeros((n + room, self._x.shape[1]))
        other._x[:n] = self._x[:n]
        other._inverse = np.zeros((n + room, n + room))
        other._inverse[:n, :n] = self._inverse[:n, :n]
        other._alpha, other._amplitude = self._alpha, self._amplitude
        return other

    def extend(self, x: Array, *, exact: bool = False) -> None:
        """Add points (q, c), one after the other: O(n^2) each; `target` must follow.

        One by one, so that the numbers do not depend on how many came at once. Exact ones
        will have values without noise.
        """
        noise = min(self._noise, _LEAST_NOISE) if exact else self._noise
        for row in self._scaled(x):
            n = self._size
            scaled = row[None, :]
            inverse = self._inverse[:n, :n]
            solved = inverse @ self._kernel.between(self._x[:n], scaled)[:, 0]
            pivot = math.sqrt(max(1.0 + noise - float(solved @ solved), 1e-10))
            self._x[n] = scaled[0]
            self._inverse[n, :n] = (solved @ inverse) / -pivot
            self._inverse[n, n] = 1.0 / pivot
            self._size = n + 1

    def target(self, y: Array) -> None:
        """Set the values (n,) at the points; O(n^2)."""
        inverse = self._inverse[: self._size, : self._size]
        white = inverse @ y
        self._alpha = white @ inverse
        self._amplitude = float((white @ white / 2 + _B) / (len(y) / 2 + _A + 1))

    def fitted(self, y: Array) -> Array:
        """Return the posterior means at the points themselves; O(n)."""
        return y - self._noise * self._alpha

    def mean(self, x: Array) -> Array:
        """Return the posterior means at columns (m, c)."""
        found: Array = self._kernel.between(self._scaled(x), self._x[: self._size]) @ self._alpha
        return found

    def predict(self, x: Array, *, slopes: bool = False) -> Prediction:
        """Return means and standard deviations of the function, without noise, at (m, c).

        Args:
            x: Columns.
            slopes: Whether `pull_back` will be called.
        """
        points, known = self._scaled(x), self._x[: self._size]
        if slopes:
            covariance, by_distance = self._kernel.with_slopes(points, known)
        else:
            covariance, by_distance = self._kernel.between(points, known), []
        solved = covariance @ self._inverse[: self._size, : self._size].T
        variance = 1.0 - np.einsum("ij,ij->i", solved, solved)
        sd = np.sqrt(self._amplitude * np.maximum(variance, _LEAST_VARIANCE))
        return Prediction(covariance @ self._alpha, sd, points, by_distance, solved, x)

    def pull_back(self, at: Prediction, of_mean: Array, of_sd: Array) -> Array:
        """Return the gradient (m, c) by columns of a value whose derivatives (m,) are given."""
        assert at.slopes
        n = self._size
        # dsd = -s2 / sd * (K^-1 k)' dk
        weights = of_mean[:, None] * self._alpha
        weights -= (of_sd * self._amplitude / at.sd)[:, None] * (at.solved @ self._inverse[:n, :n])
        gradient = np.empty_like(at.points)
        for columns, slope in at.slopes:
            pull = weights * slope
            moved = pull.sum(1)[:, None] * at.points[:, columns] - pull @ self._x[:n, columns]
            gradient[:, columns] = 2.0 * moved
        gradient *= self._inverse_length
        return gradient if self._bend is None else gradient * self._bend.slopes(at.given)

    def _scaled(self, x: Array) -> Array:
        bent: Array = x if self._bend is None else self._bend.of(x)
        return bent * self._inverse_length
