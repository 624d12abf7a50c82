"""Optuna's names of distributions, each with what it is here.

`ask({...})`, `create_trial(distributions=...)` and `trial.distributions` have them. Those of an
installed Optuna are taken too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isinf
from typing import Any

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.distributions.values import canonical
from sonde.errors import ConfigError

__all__ = [
    "BaseDistribution",
    "CategoricalDistribution",
    "FloatDistribution",
    "IntDistribution",
    "choice_of",
    "float_of",
    "int_of",
    "ours_of",
    "plain",
    "theirs_of",
]


class BaseDistribution:
    """What a parameter is searched in."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FloatDistribution(BaseDistribution):
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def single(self) -> bool:
        """Tell whether there is one value only."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class IntDistribution(BaseDistribution):
    """Whole numbers from `low` to `high`, both included."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def single(self) -> bool:
        """Tell whether there is one value only."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class CategoricalDistribution(BaseDistribution):
    """One of some choices."""

    choices: Sequence[Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))

    def single(self) -> bool:
        """Tell whether there is one choice only."""
        return len(self.choices) == 1


def plain(value: Any) -> Any:
    """Return a category as JSON would have it; Optuna takes others too."""
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def float_of(
    low: float, high: float, step: float | None = None, *, log: bool = False
) -> Distribution:
    """Return what `suggest_float` of these bounds searches."""
    if low == high:
        return Constant(float(low))
    return Float(float(low), float(high), step=step, log=log)


def int_of(low: int, high: int, step: int = 1, *, log: bool = False) -> Distribution:
    """Return what `suggest_int` of these bounds searches."""
    if low == high:
        return Constant(int(low))
    return Int(int(low), int(high), step=None if step == 1 else step, log=log)


def choice_of(choices: Sequence[Any], where: str) -> Distribution:
    """Return what `suggest_categorical` of these choices searches.

    Raises:
        ConfigError: If there are none.
    """
    values = tuple({canonical(value): value for value in map(plain, choices)}.values())
    if not values:
        raise ConfigError(where, "there is no choice", "offer some")
    return Choice(values) if len(values) > 1 else Constant(values[0])


def ours_of(name: str, theirs: Any) -> Distribution:
    """Return a distribution of Optuna, by its names here or its own, as sonde has it.

    Raises:
        ConfigError: If it is none.
    """
    if hasattr(theirs, "choices"):
        return choice_of(theirs.choices, name)
    if not all(hasattr(theirs, key) for key in ("low", "high", "log", "step")):
        raise ConfigError(
            f"distributions[{name!r}]",
            f"{theirs!r:.60} is no distribution",
            "use sonde.optuna.distributions.FloatDistribution(0, 1)",
        )
    if type(theirs).__name__.startswith("Int"):
        return int_of(theirs.low, theirs.high, theirs.step or 1, log=theirs.log)
    return float_of(theirs.low, theirs.high, theirs.step, log=theirs.log)


def theirs_of(ours: Distribution) -> BaseDistribution:
    """Return a distribution of sonde's under Optuna's name; its ends where there is none."""
    if isinstance(ours, Choice):
        return CategoricalDistribution(ours.grid())
    if isinstance(ours, Int):
        return IntDistribution(ours.low, ours.high, ours.log, int(ours.step or 1))
    if isinstance(ours, Float):
        return FloatDistribution(ours.low, ours.high, ours.log, ours.step)
    if isinstance(ours, Constant):
        return CategoricalDistribution((ours.value,))
    low, high = ours.at(0.0), ours.at(1.0)
    if isinstance(low, int | float) and isinstance(high, int | float) and not isinf(low + high):
        return FloatDistribution(float(low), float(high))
    return FloatDistribution(-1.7976931348623157e308, 1.7976931348623157e308)
