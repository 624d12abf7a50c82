"""What a point is worth trying for: the logarithm of the expected improvement.

The plain expected improvement is zero, to the last bit, over most of a space; its
logarithm has a slope everywhere (Ament et al., NeurIPS 2023, arXiv:2310.20708). Where
trials have failed, the log probability that one will not is added.
"""

import math

import numpy as np
from scipy.special import erfcx, log_ndtr

from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Posterior

__all__ = ["Acquisition", "log_expected_improvement"]

_HALF_LOG_2PI = math.log(2 * math.pi) / 2
_SHARPNESS, _UNSURE = 3.0, 0.1
_WORTHLESS = math.log(1e-4)  # standard deviations of the loss
_SQRT2 = math.sqrt(2.0)
_SQRT_HALF_PI = math.sqrt(math.pi / 2)


def log_expected_improvement(u: Array) -> tuple[Array, Array, Array]:
    """Return log h, Phi / h and phi / h, where h(u) = phi(u) + u Phi(u).

    The expected improvement is sd * h((best - mean) / sd), its derivatives by mean and sd are
    -Phi and phi.
    """
    ratio = _SQRT_HALF_PI * erfcx(-np.minimum(u, 30.0) / _SQRT2)  # Phi / phi
    scaled = np.where(u < -1e3, 1.0 / (u * u + 2.0), np.maximum(1.0 + u * ratio, 1e-300))
    certain = u > 8.0  # h = u but for the last bit
    safe = np.where(certain, u, 1.0)
    log_h = np.where(certain, np.log(safe), -u * u / 2 - _HALF_LOG_2PI + np.log(scaled))
    return log_h, np.where(certain, 1.0 / safe, ratio / scaled), np.where(certain, 0.0, 1 / scaled)


class Acquisition:
    """Log expected improvement below `best`, plus the log probability of success.

    Args:
        loss: The model of the (warped) loss; None where there is no result yet.
        best: The loss to beat, in the model's units.
        success: A model of +1 for trials with a result and -1 for others, less `offset`.
        offset: What the model of success tends to far from all trials.
    """

    def __init__(
        self, loss: Posterior | None, best: float, success: Posterior | None, offset: float = 0.0
    ) -> None:
        self._loss = loss
        self._best = best
        self._success = success
        self._offset = offset

    def __call__(self, x: Array) -> Array:
        """Return the values at columns (m, c)."""
        return self._value(x, slopes=False)[0]

    def with_gradient(self, x: Array) -> tuple[Array, Array]:
        """Return the values and their gradients by columns."""
        return self._value(x, slopes=True)

    def _value(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        value, gradient = np.zeros(len(x)), np.zeros(x.shape if slopes else 0)
        if self._loss is not None:
            at = self._loss.predict(x)
            log_h, by_mean, by_sd = log_expected_improvement((self._best - at.mean) / at.sd)
            value = np.log(at.sd) + log_h
            share = 1 / at.sd
            if self._success is not None:
                # What is hardly an improvement is not worth a failure.
                raised = np.logaddexp(value, _WORTHLESS)
                share, value = share * np.exp(value - raised), raised
            if slopes:
                gradient += self._loss.pull_back(at, -by_mean * share, by_sd * share)
        if self._success is not None:
            at = self._success.predict(x)
            mean = at.mean + self._offset
            # Sharper than the model is: the search goes where the model errs in its favour.
            spread = np.sqrt(at.sd**2 + _UNSURE**2) / _SHARPNESS
            t = mean / spread
            log_p = log_ndtr(t)
            value += log_p
            if slopes:
                slope = np.exp(-t * t / 2 - _HALF_LOG_2PI - log_p)
                of_sd = -slope * t * at.sd / (at.sd**2 + _UNSURE**2)
                gradient += self._success.pull_back(at, slope / spread, of_sd)
        return value, gradient
