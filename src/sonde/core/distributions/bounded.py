"""Numbers between two bounds, both included: floats and ints, plain, on a log scale, in steps."""

import math
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from sonde.core.distributions.base import (
    Cells,
    Distribution,
    LogCells,
    check_count,
    finite,
    guessed,
    whole,
)
from sonde.core.distributions.values import Value, decimals, is_number
from sonde.errors import ConfigError

__all__ = ["Float", "Int"]


@dataclass(frozen=True, slots=True)
class Float(Distribution):
    """Floats from low to high.

    Attributes:
        log: Spread the logarithm evenly instead; low must then be positive.
        step: Only low, low + step, ... up to high, as clean decimals.
        guess: A value that is believed to be good: where the search begins, and no bound.
        when: The condition under which the parameter exists; it belongs to the parameter,
            a space takes it from here, and it plays no part in comparisons.
    """

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    step: float | None = None
    guess: float | None = None
    when: str | None = field(default=None, compare=False)
    _start: float = field(init=False, repr=False, compare=False)
    _span: float = field(init=False, repr=False, compare=False)
    _cells: Cells | LogCells | None = field(init=False, repr=False, compare=False)
    _digits: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = f"Float({self.low!r}, {self.high!r})"
        low, high = finite(self.low, where, "low"), finite(self.high, where, "high")
        _check_bounds(where, low, high, log=self.log)
        start, end = (math.log(low), math.log(high)) if self.log else (low, high)
        if not math.isfinite(end - start):
            raise ConfigError(where, "the range is too wide for a float", "narrow it")
        put = object.__setattr__
        put(self, "low", low)
        put(self, "high", high)
        put(self, "_start", start)
        put(self, "_span", end - start)
        put(self, "_cells", None)
        put(self, "_digits", 0)
        if self.step is not None:
            step = finite(self.step, where, "step")
            if step <= 0:
                raise ConfigError(where, f"step is {self.step!r}", "make it more than 0")
            check_count((high - low) / step, where)
            put(self, "step", step)
            put(self, "_digits", max(decimals(low), decimals(step)))
            count = math.floor((high - low) / step + 1e-9) + 1
            while self.nth(count - 1) > high:  # the tolerance, or rounding, took it too far
                count -= 1
            put(self, "_cells", LogCells(low, step, count) if self.log else Cells(count))
        if self.guess is not None:
            put(self, "guess", self.coerced(guessed(self, self.guess, where)))

    def at(self, u: float) -> float:
        """Return the value at quantile u."""
        if self._cells is not None:
            return self.nth(self._cells.index(u))
        # Both ends by hand: exp(log(1e-4)) is 0.00010000000000000009.
        if u >= 1.0:
            return self.high
        if u <= 0.0:
            return self.low
        value = self._start + u * self._span
        if self.log:
            # Nor is the middle, which many sweeps begin with, clean by exp: 0.010000000000000004.
            middle = self.low * self.high if u == 0.5 else 0.0
            value = math.sqrt(middle) if 0.0 < middle < math.inf else math.exp(value)
        return self.low if value < self.low else min(value, self.high)

    def quantile(self, value: Value) -> float:
        """Return the quantile of a value, or of the nearest one that is allowed."""
        number = min(max(_number(value), self.low), self.high)
        if self._cells is not None:
            return self._cells.middle(self._index(number))
        if not self._span:
            return 0.5
        place = math.log(number) if self.log else number
        return min(max((place - self._start) / self._span, 0.0), 1.0)

    def contains(self, value: Value) -> bool:
        """Tell whether it lies within the bounds, and on a step where there are steps."""
        if not is_number(value):
            return False
        number = _number(value)
        if not self.low <= number <= self.high or self.step is None:
            return self.low <= number <= self.high
        return math.isclose(
            self.nth(self._index(number)), number, rel_tol=1e-12, abs_tol=1e-9 * self.step
        )

    def coerced(self, value: Value) -> float:
        """Return the value as a float, exactly on its step."""
        number = _number(value)
        return number if self._cells is None else self.nth(self._index(number))

    @property
    def size(self) -> int | None:
        """The number of values: finite with steps, or where low is high."""
        if self._cells is not None:
            return self._cells.count
        return 1 if self.low == self.high else None

    @property
    def middle(self) -> float:
        """The guess, or else the median."""
        return self.at(0.5) if self.guess is None else self.guess

    @property
    def has_guess(self) -> bool:
        """Whether there is one."""
        return self.guess is not None

    @property
    def is_log(self) -> bool:
        """Whether the logarithm is spread evenly."""
        return self.log

    def nth(self, index: int) -> float:
        """Return low + index * step."""
        if self.step is not None:
            return round(self.low + index * self.step, self._digits)
        if self.low == self.high:
            return self.low
        raise ConfigError(self.describe(), "it has no end of values", "give it a step")

    def _index(self, number: float) -> int:
        assert self.step is not None
        assert self._cells is not None
        return min(round((number - self.low) / self.step), self._cells.count - 1)

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `uniform` or `log_uniform_values`, with `step` where it has one."""
        kind = "log_uniform_values" if self.log else "uniform"
        document = {"distribution": kind, "min": self.low, "max": self.high}
        return document | _options(self.step, self.guess)

    def describe(self) -> str:
        """Write it as `0.0..1.0 step 0.1` or `1e-05..0.1 log`."""
        step = "" if self.step is None else f" step {self.step!r}"
        return f"{self.low!r}..{self.high!r}{step}{' log' if self.log else ''}"


@dataclass(frozen=True, slots=True)
class Int(Distribution):
    """Whole numbers from low to high.

    Attributes:
        log: Spread them by their logarithm; low must then be positive.
        step: Only low, low + step, ... up to high.
        guess: As for `Float`.
        when: As for `Float`.
    """

    low: int
    high: int
    _: KW_ONLY
    log: bool = False
    step: int | None = None
    guess: int | None = None
    when: str | None = field(default=None, compare=False)
    _stride: int = field(init=False, repr=False, compare=False)
    _cells: Cells | LogCells = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = f"Int({self.low!r}, {self.high!r})"
        low, high = whole(self.low, where, "low"), whole(self.high, where, "high")
        _check_bounds(where, low, high, log=self.log)
        stride = 1 if self.step is None else whole(self.step, where, "step")
        if stride <= 0:
            raise ConfigError(where, f"step is {self.step!r}", "make it 1 or more")
        count = (high - low) // stride + 1
        put = object.__setattr__
        put(self, "low", low)
        put(self, "high", high)
        put(self, "step", None if self.step is None else stride)
        put(self, "_stride", stride)
        put(self, "_cells", LogCells(low, stride, count) if self.log else Cells(count))
        if self.guess is not None:
            put(self, "guess", self.coerced(guessed(self, self.guess, where)))

    def at(self, u: float) -> int:
        """Return the value at quantile u."""
        return self.low + self._cells.index(u) * self._stride

    def quantile(self, value: Value) -> float:
        """Return the middle of the value's cell, or of the nearest one that is allowed."""
        number = min(max(_number(value), self.low), self.high)
        return self._cells.middle(self._index(number))

    def contains(self, value: Value) -> bool:
        """Tell whether it is a whole number within the bounds, and on a step."""
        if not is_number(value):
            return False
        return self.low <= value <= self.high and (value - self.low) % self._stride == 0

    def coerced(self, value: Value) -> int:
        """Return the value as an int."""
        number = _number(value) if not isinstance(value, int) else value
        return self.low + self._index(number) * self._stride

    @property
    def size(self) -> int:
        """The number of values."""
        return self._cells.count

    @property
    def middle(self) -> int:
        """The guess, or else the median."""
        return self.at(0.5) if self.guess is None else self.guess

    @property
    def has_guess(self) -> bool:
        """Whether there is one."""
        return self.guess is not None

    @property
    def is_log(self) -> bool:
        """Whether the logarithm is spread evenly."""
        return self.log

    def nth(self, index: int) -> int:
        """Return low + index * step."""
        return self.low + index * self._stride

    def _index(self, number: float) -> int:
        # An int stays one: as a float it would lose digits beyond 2**53.
        distance = number - self.low
        place = distance // self._stride + (2 * (distance % self._stride) > self._stride)
        return min(int(place), self._cells.count - 1)

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `int_uniform`, with `log` and `step` where they are set."""
        document: dict[str, Any] = {"distribution": "int_uniform"}
        document |= {"min": self.low, "max": self.high}
        if self.log:
            document["log"] = True
        return document | _options(self.step, self.guess)

    def describe(self) -> str:
        """Write it as `1..8`, `16..256 step 16` or `1..1000 log`."""
        step = "" if self.step is None else f" step {self.step}"
        return f"{self.low}..{self.high}{step}{' log' if self.log else ''}"


def _options(step: float | None, guess: float | None) -> dict[str, float]:
    given = {"step": step, "guess": guess}
    return {key: value for key, value in given.items() if value is not None}


def _check_bounds(where: str, low: float, high: float, *, log: bool) -> None:
    if low > high:
        raise ConfigError(where, f"low {low!r} is above high {high!r}", "swap them")
    if log and low <= 0:
        raise ConfigError(
            where, f"low {low!r} has no logarithm", "make it more than 0, or leave log out"
        )


def _number(value: Value) -> float:
    if not is_number(value):
        raise ValueError(f"{value!r} is no number")
    return value if isinstance(value, int) and abs(value) > 2**53 else float(value)
