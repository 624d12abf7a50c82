"""Bending the range of a number, for a loss that changes faster at one end of it.

    w(u) = 1 - (1 - u^a)^b

on [0, 1], the distribution function of Kumaraswamy: nothing is bent at a = b = 1. Of their
logarithms it is believed beforehand that they are normal about 0.

Source: Snoek et al., ICML 2014, for the idea; Cowen-Rivers et al. (HEBO), JAIR 74, 2022, for this
function and for fitting its exponents with the lengthscales. Departure: a narrower belief.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sonde.core.surrogates.encoding import Array

__all__ = ["MOST", "Bend"]

MOST = 1.5  # the logarithms stay within it
_SD = 0.35  # of the logarithms
_EDGE = 1e-6  # the slopes by a and b are taken no nearer to 0 and 1
_STEEP = 1e-3  # nor the slope by u, which may be infinite there


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """Which columns are bent, and how.

    Attributes:
        columns: Their indices (k,).
        shape: log a of each, then log b of each (2k,).
    """

    columns: Array
    shape: Array

    def of(self, x: Array) -> Array:
        """Return columns (n, c) with those named bent."""
        parts = self._parts(x, _EDGE)
        found = x.copy()
        found[:, self.columns] = 1 - np.exp(parts.b * parts.log_left)
        return found

    def slopes(self, x: Array) -> Array:
        """Return the derivatives (n, c) of what is bent by what it was; 1 where nothing is."""
        at = self._parts(x, _STEEP)
        found = np.ones(x.shape)
        found[:, self.columns] = (
            at.a * at.b * np.exp((at.a - 1) * at.log_u + (at.b - 1) * at.log_left)
        )
        return found

    def by_shape(self, x: Array) -> tuple[Array, Array]:
        """Return the derivatives (n, k) of the bent columns by log a and by log b."""
        at = self._parts(x, _EDGE)
        by_a = at.a * at.b * at.log_u * np.exp(at.a * at.log_u + (at.b - 1) * at.log_left)
        return by_a, -at.b * at.log_left * np.exp(at.b * at.log_left)

    def cost(self) -> tuple[float, Array]:
        """Return the negative log of the belief, and its gradient (2k,)."""
        return float(self.shape @ self.shape) / (2 * _SD**2), self.shape / _SD**2

    def _parts(self, x: Array, edge: float) -> "_Parts":
        a, b = np.exp(self.shape).reshape(2, -1)
        log_u = np.log(np.clip(x[:, self.columns], edge, 1 - edge))
        return _Parts(a, b, log_u, np.log1p(-np.exp(a * log_u)))


class _Parts(NamedTuple):
    a: Array
    b: Array
    log_u: Array
    log_left: Array  # log(1 - u^a)
