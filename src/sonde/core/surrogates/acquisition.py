"""What a point is worth trying for: a sum of logarithms, each with its slope.

The plain expected improvement is zero, to the last bit, over most of a space; its
logarithm has a slope everywhere (Ament et al., NeurIPS 2023, arXiv:2310.20708). To it are
added the log probabilities that a constraint is kept (Gardner et al., ICML 2014) and,
where trials have failed, that one will not.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.special import erfcx, log_ndtr

from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Posterior

__all__ = [
    "Acquisition", "Averaged", "Improvement", "Kept", "Lowest", "Success", "Term",
    "log_expected_improvement",
]  # fmt: skip

_HALF_LOG_2PI = math.log(2 * math.pi) / 2
_SHARPNESS, _UNSURE = 3.0, 0.1
_WORTHLESS = math.log(1e-4)  # standard deviations of the loss
_SQRT2 = math.sqrt(2.0)
_SQRT_HALF_PI = math.sqrt(math.pi / 2)
_TOP = 30.0  # Phi is 1 there, to the last bit


class Term(Protocol):
    """A summand of the acquisition."""

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return its values (m,) at columns (m, c), and their gradients (m, c) if wanted."""


def log_expected_improvement(u: Array) -> tuple[Array, Array, Array]:
    """Return log h, Phi / h and phi / h, where h(u) = phi(u) + u Phi(u).

    The expected improvement is sd * h((best - mean) / sd), its derivatives by mean and sd are
    -Phi and phi.
    """
    ratio = _SQRT_HALF_PI * erfcx(-np.minimum(u, _TOP) / _SQRT2)  # Phi / phi
    scaled = np.where(u < -1e3, 1.0 / (u * u + 2.0), np.maximum(1.0 + u * ratio, 1e-300))
    certain = u > 8.0  # h = u but for the last bit
    safe = np.where(certain, u, 1.0)
    log_h = np.where(certain, np.log(safe), -u * u / 2 - _HALF_LOG_2PI + np.log(scaled))
    return log_h, np.where(certain, 1.0 / safe, ratio / scaled), np.where(certain, 0.0, 1 / scaled)


class Improvement:
    """Log expected improvement of the (warped) loss below `best`, in the model's units."""

    def __init__(self, loss: Posterior, best: float) -> None:
        self._loss, self._best = loss, best

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        at = self._loss.predict(x, slopes=slopes)
        log_h, by_mean, by_sd = log_expected_improvement((self._best - at.mean) / at.sd)
        value = np.log(at.sd) + log_h
        if not slopes:
            return value, value[:0]
        return value, self._loss.pull_back(at, -by_mean / at.sd, by_sd / at.sd)


class Lowest:
    """How low the (warped) loss is expected to be, whatever is unsure of it."""

    def __init__(self, loss: Posterior) -> None:
        self._loss = loss

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        at = self._loss.predict(x, slopes=slopes)
        if not slopes:
            return -at.mean, at.mean[:0]
        return -at.mean, self._loss.pull_back(at, -np.ones(len(x)), np.zeros(len(x)))


class Averaged:
    """The logarithm of what several terms come to in the mean, each of which is a logarithm."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = terms

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        found = [term.at(x, slopes=slopes) for term in self._terms]
        values = np.array([value for value, _ in found])
        top = values.max(axis=0)
        shares = np.exp(values - top)
        total = shares.sum(axis=0)
        value = top + np.log(total / len(found))
        if not slopes:
            return value, value[:0]
        return value, np.einsum("tm,tmc->mc", shares / total, [slope for _, slope in found])


class Kept:
    """Log probability that what is modelled comes out no higher than `limit`."""

    def __init__(self, excess: Posterior, limit: float) -> None:
        self._excess, self._limit = excess, limit

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        at = self._excess.predict(x, slopes=slopes)
        t = (self._limit - at.mean) / at.sd
        value = log_ndtr(t)
        if not slopes:
            return value, value[:0]
        slope = _by_argument(t) / at.sd
        return value, self._excess.pull_back(at, -slope, -slope * t)


class Success:
    """Log probability, sharpened, that a trial does not fail.

    Args:
        model: Of +1 for trials with a result and -1 for others, less `offset`.
        offset: What it tends to far from all trials.
    """

    def __init__(self, model: Posterior, offset: float = 0.0) -> None:
        self._model, self._offset = model, offset

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        at = self._model.predict(x, slopes=slopes)
        # Sharper than the model is: the search goes where the model errs in its favour.
        spread = np.sqrt(at.sd**2 + _UNSURE**2) / _SHARPNESS
        t = (at.mean + self._offset) / spread
        value = log_ndtr(t)
        if not slopes:
            return value, value[:0]
        slope = _by_argument(t)
        of_sd = -slope * t * at.sd / (at.sd**2 + _UNSURE**2)
        return value, self._model.pull_back(at, slope / spread, of_sd)


class Acquisition:
    """The logarithm of what is to be gained, plus those of what has to go well for it.

    Args:
        gain: None where there is nothing to improve on yet.
        success: That the trial does not fail; None where none has.
        others: Further summands: constraints that have to be kept, say.
    """

    def __init__(
        self, gain: Term | None, success: Term | None = None, others: Sequence[Term] = ()
    ) -> None:
        self._gain, self._success = gain, success
        self._others = [*others, success] if success is not None else list(others)

    def __call__(self, x: Array) -> Array:
        """Return the values at columns (m, c)."""
        return self._value(x, slopes=False)[0]

    def with_gradient(self, x: Array) -> tuple[Array, Array]:
        """Return the values and their gradients by columns."""
        return self._value(x, slopes=True)

    def _value(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        value, gradient = np.zeros(len(x)), np.zeros(x.shape if slopes else 0)
        if self._gain is not None:
            value, gradient = self._gain.at(x, slopes=slopes)
            if self._success is not None:
                # What is hardly an improvement is not worth a failure.
                raised = np.logaddexp(value, _WORTHLESS)
                if slopes:
                    gradient *= np.exp(value - raised)[:, None]
                value = raised
        for term in self._others:
            more, slope = term.at(x, slopes=slopes)
            value = value + more
            gradient = gradient + slope
        return value, gradient


def _by_argument(t: Array) -> Array:
    """Return phi / Phi, the derivative of log Phi."""
    found: Array = 1.0 / (_SQRT_HALF_PI * erfcx(-np.minimum(t, _TOP) / _SQRT2))
    return found
