"""sonde's parameters in Optuna's words.

Floats and whole numbers keep their bounds, logarithm and steps, choices are categories,
and ordered ones positions. What Optuna has no distribution for (normal, beta, weighted
choices, a logarithm in steps, ...) is asked for as its quantile, a float from 0 to 1.
"""

from enum import Enum, auto
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sonde.core.distributions import Choice, Distribution, Float, Int, canonical
from sonde.core.distributions.values import Value

__all__ = ["Suggested"]


class _As(Enum):
    NUMBER = auto()
    CATEGORY = auto()
    PLACE = auto()
    QUANTILE = auto()


class Suggested:
    """How a distribution is asked for.

    Attributes:
        theirs: What Optuna is asked for.
    """

    def __init__(self, ours: Distribution) -> None:
        self._ours = ours
        self._as, self.theirs = _translated(ours)
        self._values: tuple[Value, ...] = ()
        self._labels: tuple[Any, ...] = ()
        if self._as in {_As.CATEGORY, _As.PLACE}:
            self._values = ours.grid()
            places = range(len(self._values))
            self._labels = _labels(self._values) if self._as is _As.CATEGORY else tuple(places)
        self._places = {canonical(value): place for place, value in enumerate(self._values)}

    @property
    def is_verbatim(self) -> bool:
        """Whether the values themselves are asked for, and not places, labels or quantiles."""
        return self._as is _As.NUMBER or (self._as is _As.CATEGORY and self._labels is self._values)

    def to_ours(self, value: Any) -> Value:
        """Return the parameter's value for what Optuna suggested."""
        if self._as is _As.NUMBER:
            return self._ours.coerced(value)
        if self._as is _As.QUANTILE:
            return self._ours.at(float(value))
        return self._values[self._labels.index(value)]

    def to_theirs(self, value: Value) -> Any:
        """Return what Optuna would have suggested for a value.

        Raises:
            ValueError: If the parameter cannot have the value.
        """
        ours = self._ours
        if not ours.contains(value):
            raise ValueError(f"{value!r} is not in {ours.describe()}")
        if self._as is _As.NUMBER:
            return ours.coerced(value)
        if self._as is _As.QUANTILE:
            return ours.quantile(value)
        return self._labels[self._places[canonical(value)]]


def _translated(ours: Distribution) -> tuple[_As, BaseDistribution]:
    if isinstance(ours, Float) and ours.step is None:
        return _As.NUMBER, FloatDistribution(ours.low, ours.high, log=ours.log)
    if isinstance(ours, Float) and not ours.log and ours.size is not None:
        high = ours.nth(ours.size - 1)  # Optuna would warn of a bound beside the steps
        return _As.NUMBER, FloatDistribution(ours.low, high, step=ours.step)
    if isinstance(ours, Int) and (not ours.log or ours.step in {None, 1}):
        high_int = ours.nth(ours.size - 1)
        return _As.NUMBER, IntDistribution(ours.low, high_int, log=ours.log, step=ours.step or 1)
    if isinstance(ours, Choice) and ours.probabilities is None and len(ours.values) == ours.size:
        if ours.ordered:
            return _As.PLACE, IntDistribution(0, ours.size - 1)
        return _As.CATEGORY, CategoricalDistribution(_labels(ours.grid()))
    return _As.QUANTILE, FloatDistribution(0.0, 1.0)


def _labels(values: tuple[Value, ...]) -> tuple[Any, ...]:
    """Return the values, or a text for each where Optuna could not take or tell them apart."""
    plain = [v for v in values if v is None or isinstance(v, (str, int, float))]
    if len(plain) == len(values) == len(set(plain)):  # True == 1
        return values
    return tuple(f"{place}: {value!r}" for place, value in enumerate(values))
