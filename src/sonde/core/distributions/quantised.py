"""Distributions rounded to multiples of q.

As in W&B the value is round(X / q) * q, half to even, with X from the distribution
that q was added to. Unlike there it never leaves the bounds of X (what would is drawn
back to the last multiple inside), and decimals are clean. With an int q the values
are ints.
"""

import math
from dataclasses import dataclass, field
from typing import Any

from sonde.core.distributions.base import MOST_CELLS, Distribution, check_count, finite
from sonde.core.distributions.bounded import Float
from sonde.core.distributions.shapes import Beta, ExpUniform, LogNormal, Normal, Shape
from sonde.core.distributions.values import Value, decimals, is_number
from sonde.errors import ConfigError

__all__ = ["QBeta", "QExpUniform", "QLogNormal", "QLogUniform", "QNormal", "QUniform", "Quantised"]


@dataclass(frozen=True, slots=True)
class Quantised(Distribution):
    """What the six have in common: a continuous distribution and its multiples of q."""

    _inner: Float | Shape = field(init=False, repr=False, compare=False)
    _q: float = field(init=False, repr=False, compare=False)
    _digits: int = field(init=False, repr=False, compare=False)
    _first: int = field(init=False, repr=False, compare=False)
    _last: int = field(init=False, repr=False, compare=False)

    def _prepare(self, inner: Float | Shape, given: Any) -> None:
        where = type(self).__name__
        q: float = given if isinstance(given, int) else finite(given, where, "q")
        if isinstance(given, bool) or q <= 0:
            raise ConfigError(where, f"q is {given!r}", "make it a number above 0")
        low, high = (inner.low, inner.high) if isinstance(inner, Float) else inner.support
        put = object.__setattr__
        put(self, "_inner", inner)
        put(self, "_q", q)
        put(self, "_digits", decimals(q))
        put(self, "_first", self._outermost(low, where, -1))
        put(self, "_last", self._outermost(high, where, 1))
        if self._first > self._last:
            raise ConfigError(
                where, f"no multiple of {q!r} lies from {low!r} to {high!r}", "make q smaller"
            )

    def _outermost(self, bound: float, where: str, side: int) -> int:
        """Return the last multiple within a bound, going to that side."""
        if math.isinf(bound):
            return side * MOST_CELLS
        check_count(abs(bound) / self._q, where, "q")
        index = side * math.floor(side * bound / self._q + 1e-9)
        while side * (self._value(index) - bound) > 0:  # the tolerance took it too far
            index -= side
        return index

    def _value(self, index: int) -> int | float:
        return index * self._q if isinstance(self._q, int) else round(index * self._q, self._digits)

    def _index(self, value: Value) -> int:
        if not is_number(value):
            raise ValueError(f"{value!r} is no number")
        place = value / self._q
        return round(place) if self._first < place < self._last else self._end(place)

    def _end(self, place: float) -> int:
        return self._first if place <= self._first else self._last

    def at(self, u: float) -> int | float:
        """Return the value at quantile u."""
        place = self._inner.at(u) / self._q
        inside = self._first < place < self._last
        return self._value(round(place) if inside else self._end(place))

    def quantile(self, value: Value) -> float:
        """Return the middle of the value's cell, or of the nearest one there is."""
        index = self._index(value)
        below = 0.0
        above = 1.0
        if index > self._first:
            below = self._inner.quantile((index - 0.5) * self._q)
        if index < self._last:
            above = self._inner.quantile((index + 0.5) * self._q)
        return (below + above) / 2

    def contains(self, value: Value) -> bool:
        """Tell whether it is a multiple of q within the bounds."""
        if not is_number(value) or math.isinf(value):
            return False
        nearest = self._value(self._index(value))
        return math.isclose(nearest, value, rel_tol=1e-12, abs_tol=1e-9 * self._q)

    def coerced(self, value: Value) -> int | float:
        """Return the multiple itself: an int if q is one, a float otherwise."""
        return self._value(self._index(value))

    @property
    def size(self) -> int | None:
        """The number of multiples within the bounds, None if there are no bounds."""
        if self._first == -MOST_CELLS or self._last == MOST_CELLS:
            return None
        return self._last - self._first + 1

    @property
    def is_log(self) -> bool:
        """Whether the distribution it is made from is."""
        return self._inner.is_log

    def nth(self, index: int) -> int | float:
        """Return a multiple by its position from the lower bound."""
        if self.size is None:
            raise ConfigError(self.describe(), "it has no end of values", "use a QUniform")
        return self._value(self._first + index)

    def to_json(self) -> dict[str, Any]:
        """Return it under W&B's name: that of the other with `q_` before."""
        document = self._inner.to_json()
        return document | {"distribution": f"q_{document['distribution']}", "q": self._q}

    def describe(self) -> str:
        """Write the distribution that it is made from, and q."""
        return f"{self._inner.describe()} q {self._q!r}"


@dataclass(frozen=True, slots=True)
class QUniform(Quantised):
    """Multiples of q from low to high, all alike but for the two at the ends."""

    low: float
    high: float
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(Float(self.low, self.high), self.q)


@dataclass(frozen=True, slots=True)
class QLogUniform(Quantised):
    """Multiples of q from low to high on a logarithmic axis: W&B's `q_log_uniform_values`."""

    low: float
    high: float
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(Float(self.low, self.high, log=True), self.q)


@dataclass(frozen=True, slots=True)
class QExpUniform(Quantised):
    """Multiples of q from e**low to e**high: W&B's `q_log_uniform`, whose bounds are exponents."""

    low: float
    high: float
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(ExpUniform(self.low, self.high), self.q)


@dataclass(frozen=True, slots=True)
class QNormal(Quantised):
    """A normal distribution, rounded to multiples of q."""

    mu: float = 0.0
    sigma: float = 1.0
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(Normal(self.mu, self.sigma), self.q)


@dataclass(frozen=True, slots=True)
class QLogNormal(Quantised):
    """A log-normal distribution, rounded to multiples of q; 0 is one of them."""

    mu: float = 0.0
    sigma: float = 1.0
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(LogNormal(self.mu, self.sigma), self.q)
        object.__setattr__(self, "_first", 0)


@dataclass(frozen=True, slots=True)
class QBeta(Quantised):
    """A beta distribution, rounded to multiples of q in [0, 1]."""

    a: float = 1.0
    b: float = 1.0
    q: float = 1.0

    def __post_init__(self) -> None:
        self._prepare(Beta(self.a, self.b), self.q)
