"""Domains of hyperparameters: which values one may take, in the words of TensorBoard's HParams."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, TypeVar

__all__ = ["Discrete", "Domain", "IntInterval", "Kind", "RealInterval", "Value"]

Value = bool | int | float | str
_Number = TypeVar("_Number", int, float)
Kind = type[bool] | type[int] | type[float] | type[str]


class Domain(ABC):
    """The values that a hyperparameter may take.

    Attributes:
        dtype: Their type: `bool`, `int`, `float` or `str`.
    """

    dtype: Kind

    @abstractmethod
    def sample_uniform(self, rng: Any = random) -> Value:
        """Draw a value, each as likely as any other.

        Args:
            rng: A `random.Random`; the module's own if not given.

        Raises:
            IndexError: The domain is empty.
        """


class Discrete(Domain):
    """A finite set of values of one type."""

    def __init__(self, values: Iterable[Value], dtype: Kind | None = None) -> None:
        """Take the values, which are kept sorted.

        Args:
            values: In any order.
            dtype: Their type; that of the first one if not given.

        Raises:
            ValueError: There is no value and no type, or the type is not a simple one.
            TypeError: A value is of another type.
        """
        self._values = list(values)
        if dtype is None:
            if not self._values:
                raise ValueError("Discrete: no values, so say their type: Discrete([], dtype=int)")
            dtype = type(self._values[0])
        if dtype not in {bool, int, float, str}:
            raise ValueError(f"Discrete: {dtype!r} is none of bool, int, float and str")
        for value in self._values:
            if not isinstance(value, dtype):
                raise TypeError(f"Discrete: {value!r} is no {dtype.__name__}, as the others are")
        self.dtype = dtype
        self._values.sort()

    def __repr__(self) -> str:
        return f"Discrete({self._values!r})"

    def __str__(self) -> str:
        return "{" + ", ".join(map(repr, self._values)) + "}"

    @property
    def values(self) -> list[Value]:
        """The values in ascending order; a copy."""
        return list(self._values)

    def sample_uniform(self, rng: Any = random) -> Value:
        """Draw a value, each as likely as any other; see `Domain`."""
        drawn: Value = rng.choice(self._values)
        return drawn


class IntInterval(Domain):
    """All integers from one to another, both included."""

    dtype = int

    def __init__(self, min_value: int, max_value: int) -> None:
        """Take the bounds.

        Raises:
            TypeError: A bound is no `int`.
            ValueError: The lower one is above the upper one.
        """
        self.min_value, self.max_value = _bounds(min_value, max_value, int)

    def __repr__(self) -> str:
        return f"IntInterval({self.min_value!r}, {self.max_value!r})"

    def __str__(self) -> str:
        return f"[{self.min_value}, {self.max_value}]"

    def sample_uniform(self, rng: Any = random) -> int:
        """Draw a value, each as likely as any other; see `Domain`."""
        drawn: int = rng.randint(self.min_value, self.max_value)
        return drawn


class RealInterval(Domain):
    """All numbers from one to another, both included."""

    dtype = float

    def __init__(self, min_value: float, max_value: float) -> None:
        """Take the bounds.

        Raises:
            TypeError: A bound is no `float`: `0.0` is one, `0` is not.
            ValueError: The lower one is above the upper one.
        """
        self.min_value, self.max_value = _bounds(min_value, max_value, float)

    def __repr__(self) -> str:
        return f"RealInterval({self.min_value!r}, {self.max_value!r})"

    def __str__(self) -> str:
        return f"[{self.min_value}, {self.max_value}]"

    def sample_uniform(self, rng: Any = random) -> float:
        """Draw a value, each as likely as any other; see `Domain`."""
        drawn: float = rng.uniform(self.min_value, self.max_value)
        return drawn


def _bounds(low: _Number, high: _Number, kind: type[_Number]) -> tuple[_Number, _Number]:
    for name, bound in (("min_value", low), ("max_value", high)):
        if not isinstance(bound, kind):
            hint = f"; write {bound}.0" if kind is float and isinstance(bound, int) else ""
            raise TypeError(f"{name} must be of type {kind.__name__}, and {bound!r} is not{hint}")
    if low > high:
        raise ValueError(f"min_value {low!r} is above max_value {high!r}")
    return low, high
