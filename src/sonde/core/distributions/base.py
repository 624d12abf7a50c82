"""What every distribution is: a pair of value-at-quantile and quantile-of-value.

Search methods thereby work on [0, 1]^d and need to know nothing of logarithms, steps
or choices. A discrete distribution cuts [0, 1] into cells, one a value, as wide as
the value is probable.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from sonde.core.distributions.values import Value
from sonde.errors import ConfigError

__all__ = ["Cells", "Distribution", "LogCells", "check_count", "finite", "guessed", "whole"]

MOST_CELLS = 2**53  # as many as a float tells apart in [0, 1]


class Distribution(ABC):
    """How the values of one parameter are spread."""

    __slots__ = ()

    @abstractmethod
    def at(self, u: float) -> Value:
        """Return the value at quantile u in [0, 1]; it never falls as u rises."""

    @abstractmethod
    def quantile(self, value: Value) -> float:
        """Return a u at which `at` gives the value back, the middle of its cell if it has one.

        A number beyond the bounds has the quantile of the nearest bound.

        Raises:
            ValueError: If there can be no such u, as for text where numbers are drawn.
        """

    @abstractmethod
    def contains(self, value: Value) -> bool:
        """Tell whether the value may come up; 3.0 is as good as 3."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, with W&B's key names where W&B has them."""

    @abstractmethod
    def describe(self) -> str:
        """Write it briefly for people, as `1e-05..0.1 log` or `{adam, sgd}`."""

    @property
    def size(self) -> int | None:
        """The number of distinct values, None if it is not finite."""
        return None

    @property
    def middle(self) -> Value:
        """Where to begin when nothing else is known: the guess, or else the median."""
        return self.at(0.5)

    @property
    def has_guess(self) -> bool:
        """Whether a value is believed to be good."""
        return False

    @property
    def is_log(self) -> bool:
        """Whether its natural axis is logarithmic."""
        return False

    def nth(self, index: int) -> Value:
        """Return one value of the grid by its position.

        Raises:
            ConfigError: If the values are not finite in number.
        """
        raise ConfigError(
            self.describe(), "it has no end of values", "give it a step, or list the values"
        )

    def grid(self) -> tuple[Value, ...]:
        """Return the distinct values, in declared or ascending order.

        Raises:
            ConfigError: If they are not finite in number.
        """
        return tuple(self.nth(index) for index in range(self.size or 1))

    @abstractmethod
    def coerced(self, value: Value) -> Value:
        """Return a value that it contains in the type that `at` gives: 3.0 as 3 for ints."""


@dataclass(frozen=True, slots=True)
class Cells:
    """[0, 1] in equal cells."""

    count: int

    def index(self, u: float) -> int:
        """Return the cell that u lies in."""
        return min(int(u * self.count), self.count - 1)

    def middle(self, index: int) -> float:
        """Return the quantile in the middle of a cell."""
        return (index + 0.5) / self.count


@dataclass(frozen=True, slots=True)
class LogCells:
    """[0, 1] in cells about low, low + step, ... as wide as they are on a logarithmic axis."""

    low: float
    step: float
    count: int
    _start: float = field(init=False, repr=False, compare=False)
    _span: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_start", self._edge(0))
        object.__setattr__(self, "_span", self._edge(self.count) - self._start)

    def _edge(self, index: int) -> float:
        # Half a step below the value, but the first never reaches 0.
        below = self.low + (index - 0.5) * self.step
        return math.log(below if index else max(below, self.low / 2))

    def index(self, u: float) -> int:
        """Return the cell that u lies in."""
        place = (math.exp(self._start + u * self._span) - self.low) / self.step
        return min(max(math.floor(place + 0.5), 0), self.count - 1)

    def middle(self, index: int) -> float:
        """Return the quantile in the middle of a cell."""
        return ((self._edge(index) + self._edge(index + 1)) / 2 - self._start) / self._span


def finite(number: Any, where: str, name: str) -> float:
    """Return a bound as a float, or raise ConfigError if it is none."""
    if isinstance(number, (bool, str)) or not hasattr(number, "__float__"):
        raise ConfigError(where, f"{name} is {number!r}", "write a number")
    if not math.isfinite(number):
        raise ConfigError(where, f"{name} is {number}", "write a finite number")
    return float(number)


def whole(number: Any, where: str, name: str) -> int:
    """Return a bound as an int, or raise ConfigError if it is none; 1e3 is 1000."""
    exact = finite(number, where, name)
    if exact != math.floor(exact):
        raise ConfigError(where, f"{name} is {number}", "write a whole number, or use Float")
    if abs(exact) > 2.0**63:
        raise ConfigError(where, f"{name} is {number}", "stay within 64 bits")
    return int(number)


def guessed(distribution: Distribution, guess: Any, where: str) -> Value:
    """Return a guess, or raise ConfigError if it is none of the distribution's values."""
    found: Value = guess.tolist() if hasattr(guess, "tolist") else guess
    if not distribution.contains(found):
        raise ConfigError(
            where,
            f"guess {found!r} is not in {distribution.describe()}",
            "choose a value from there, or leave the guess out",
        )
    return found


def check_count(count: float, where: str, name: str = "step") -> None:
    """Refuse more cells than a float tells apart."""
    if not count < MOST_CELLS:
        raise ConfigError(where, f"the {name} is too fine for the range", f"leave the {name} out")
