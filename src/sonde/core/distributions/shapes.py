"""Distributions with a shape: uniform exponents, normal, log-normal and beta.

Those without bounds are cut off beyond the quantiles 2**-53 and 1 - 2**-53 (8.2
standard deviations), so that every quantile has a finite value.
"""

import math
import sys
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sonde.core.distributions.base import Distribution, finite
from sonde.core.distributions.values import Value, is_number
from sonde.errors import ConfigError

__all__ = ["Beta", "ExpUniform", "LogNormal", "Normal", "Shape"]

_TAIL = 2.0**-53
_SMALLEST, _LARGEST = 5e-324, sys.float_info.max


class Shape(Distribution):
    """A continuous distribution: floats, of which there is no end."""

    __slots__ = ()

    @abstractmethod
    def at(self, u: float) -> float:
        """Return the value at quantile u in [0, 1]."""

    @property
    def support(self) -> tuple[float, float]:
        """The bounds between which all values lie; infinite where there is none."""
        return -math.inf, math.inf

    def contains(self, value: Value) -> bool:
        """Tell whether it is a number within the bounds."""
        low, high = self.support
        return is_number(value) and not math.isinf(value) and low <= value <= high

    def coerced(self, value: Value) -> float:
        """Return the value as a float."""
        return _float(value)


@dataclass(frozen=True, slots=True)
class ExpUniform(Shape):
    """e to the power of a uniform exponent from low to high: W&B's `log_uniform`.

    Its inverse `inv_log_uniform` from low to high is the same thing from -high to -low.
    """

    low: float
    high: float
    _least: float = field(init=False, repr=False, compare=False)
    _most: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = f"ExpUniform({self.low!r}, {self.high!r})"
        low, high = finite(self.low, where, "low"), finite(self.high, where, "high")
        if low > high:
            raise ConfigError(where, f"low {low!r} is above high {high!r}", "swap them")
        if low < -700 or high > 700:
            raise ConfigError(
                where, "these are exponents of e, not values", "stay within -700 and 700"
            )
        put = object.__setattr__
        put(self, "low", low)
        put(self, "high", high)
        put(self, "_least", math.exp(low))
        put(self, "_most", math.exp(high))

    def at(self, u: float) -> float:
        """Return the value at quantile u."""
        if u >= 1.0:
            return self._most
        value = math.exp(self.low + u * (self.high - self.low))
        return min(max(value, self._least), self._most)

    def quantile(self, value: Value) -> float:
        """Return the quantile of a value, or of the nearest bound."""
        if self.low == self.high:
            return 0.5
        number = min(max(_float(value), self._least), self._most)
        return min(max((math.log(number) - self.low) / (self.high - self.low), 0.0), 1.0)

    @property
    def support(self) -> tuple[float, float]:
        """The bounds as values."""
        return self._least, self._most

    @property
    def is_log(self) -> bool:
        """True."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `log_uniform`."""
        return {"distribution": "log_uniform", "min": self.low, "max": self.high}

    def describe(self) -> str:
        """Write it as `exp(-5.0..0.0)`."""
        return f"exp({self.low!r}..{self.high!r})"


@dataclass(frozen=True, slots=True)
class Normal(Shape):
    """The normal distribution; with sigma 0 it gives mu only."""

    mu: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check_normal(self, "Normal")
        if not math.isfinite(abs(self.mu) + 9 * self.sigma):
            raise ConfigError(f"Normal({self.mu!r}, {self.sigma!r})", "too wide", "narrow it")

    def at(self, u: float) -> float:
        """Return the value at quantile u."""
        return self.mu + self.sigma * _standard_normal()[0](min(max(u, _TAIL), 1.0 - _TAIL))

    def quantile(self, value: Value) -> float:
        """Return the quantile of a value."""
        return _standard_quantile(_float(value), self.mu, self.sigma)

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `normal`."""
        return {"distribution": "normal", "mu": self.mu, "sigma": self.sigma}

    def describe(self) -> str:
        """Write it as `normal(0.0, 1.0)`."""
        return f"normal({self.mu!r}, {self.sigma!r})"


@dataclass(frozen=True, slots=True)
class LogNormal(Shape):
    """Values whose natural logarithm is normal."""

    mu: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check_normal(self, "LogNormal")

    def at(self, u: float) -> float:
        """Return the value at quantile u; the smallest or largest float where it is beyond."""
        exponent = self.mu + self.sigma * _standard_normal()[0](min(max(u, _TAIL), 1.0 - _TAIL))
        try:
            return max(math.exp(exponent), _SMALLEST)
        except OverflowError:
            return _LARGEST

    def quantile(self, value: Value) -> float:
        """Return the quantile of a value; 0 for what is not positive."""
        number = _float(value)
        return _standard_quantile(math.log(number), self.mu, self.sigma) if number > 0 else 0.0

    @property
    def support(self) -> tuple[float, float]:
        """The positive floats."""
        return _SMALLEST, math.inf

    @property
    def is_log(self) -> bool:
        """True."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `log_normal`."""
        return {"distribution": "log_normal", "mu": self.mu, "sigma": self.sigma}

    def describe(self) -> str:
        """Write it as `lognormal(0.0, 1.0)`."""
        return f"lognormal({self.mu!r}, {self.sigma!r})"


@dataclass(frozen=True, slots=True)
class Beta(Shape):
    """The beta distribution on [0, 1]; its quantiles are SciPy's."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        where = f"Beta({self.a!r}, {self.b!r})"
        for name in ("a", "b"):
            number = finite(getattr(self, name), where, name)
            if number <= 0:
                raise ConfigError(where, f"{name} is {number!r}", "make it more than 0")
            object.__setattr__(self, name, number)

    def at(self, u: float) -> float:
        """Return the value at quantile u."""
        # Far out SciPy 1.17 gives NaN or goes down again: betaincinv(2, 9, 1e-200) is NaN.
        if u < _TAIL:
            return 0.0
        return float(_beta()[0](self.a, self.b, u)) if u < 1.0 else 1.0

    def quantile(self, value: Value) -> float:
        """Return the quantile of a value, or of the nearest bound."""
        return float(_beta()[1](self.a, self.b, min(max(_float(value), 0.0), 1.0)))

    @property
    def support(self) -> tuple[float, float]:
        """0 and 1."""
        return 0.0, 1.0

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `beta`."""
        return {"distribution": "beta", "a": self.a, "b": self.b}

    def describe(self) -> str:
        """Write it as `beta(1.0, 1.0)`."""
        return f"beta({self.a!r}, {self.b!r})"


def _check_normal(shape: Normal | LogNormal, name: str) -> None:
    where = f"{name}({shape.mu!r}, {shape.sigma!r})"
    mu, sigma = finite(shape.mu, where, "mu"), finite(shape.sigma, where, "sigma")
    if sigma < 0:
        raise ConfigError(where, f"sigma is {sigma!r}", "make it 0 or more")
    object.__setattr__(shape, "mu", mu)
    object.__setattr__(shape, "sigma", sigma)


def _standard_quantile(number: float, mu: float, sigma: float) -> float:
    if not sigma:
        return 0.5 if number == mu else float(number > mu)
    return _standard_normal()[1]((number - mu) / sigma)


@cache
def _standard_normal() -> tuple[Callable[[float], float], Callable[[float], float]]:
    from statistics import NormalDist  # 10 ms, and few spaces need it

    standard = NormalDist()
    return standard.inv_cdf, standard.cdf


@cache
def _beta() -> tuple[Callable[..., float], Callable[..., float]]:
    from scipy.special import betainc, betaincinv

    return betaincinv, betainc


def _float(value: Value) -> float:
    if not is_number(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)
