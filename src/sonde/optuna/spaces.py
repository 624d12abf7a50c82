"""A search space of Optuna in sonde's words, and back."""

from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sonde.core.distributions import Choice, Distribution, Float, Int
from sonde.core.distributions.values import Params
from sonde.core.parameter import Parameter
from sonde.core.space import Space

__all__ = ["Translation"]


class Translation:
    """A space whose parameters go by their place, as Optuna allows any text for a name.

    Attributes:
        space: What sonde's methods search.
    """

    def __init__(self, theirs: Mapping[str, BaseDistribution]) -> None:
        self._theirs = dict(theirs)
        self._names = {name: f"p{place}" for place, name in enumerate(self._theirs)}
        self.space = Space(
            tuple(Parameter(self._names[name], _ours(d)) for name, d in self._theirs.items())
        )

    def to_ours(self, params: Mapping[str, Any]) -> Params | None:
        """Return a trial's values; None where some are not there, or are of another space."""
        found: Params = {}
        for name, distribution in self._theirs.items():
            if name not in params:
                return None
            try:
                internal = distribution.to_internal_repr(params[name])
            except ValueError:  # a category of another distribution of that name
                return None
            if isinstance(distribution, CategoricalDistribution):
                found[self._names[name]] = _labels(distribution)[int(internal)]
            else:
                ours = self.space[self._names[name]].distribution
                value = distribution.to_external_repr(internal)
                if not ours.contains(value):
                    return None
                found[self._names[name]] = ours.coerced(value)
        return found

    def to_theirs(self, params: Params) -> dict[str, Any]:
        """Return values as Optuna would have suggested them."""
        found: dict[str, Any] = {}
        for name, distribution in self._theirs.items():
            value: Any = params[self._names[name]]
            if isinstance(distribution, CategoricalDistribution):
                value = distribution.choices[_labels(distribution).index(value)]
            found[name] = value
        return found


def _ours(theirs: BaseDistribution) -> Distribution:
    if isinstance(theirs, FloatDistribution):
        return Float(theirs.low, theirs.high, log=theirs.log, step=theirs.step)
    if isinstance(theirs, IntDistribution):
        return Int(theirs.low, theirs.high, log=theirs.log, step=theirs.step)
    if isinstance(theirs, CategoricalDistribution):
        return Choice(_labels(theirs))
    raise ValueError(f"{theirs!r} is no distribution that sonde knows")


def _labels(theirs: CategoricalDistribution) -> tuple[Any, ...]:
    """Return the numbers that are offered, whose order tells something, or else texts."""
    choices = theirs.choices
    if all(type(choice) in {int, float} for choice in choices) and len(set(choices)) == len(
        choices
    ):
        return tuple(choices)
    return tuple(f"c{place}" for place in range(len(choices)))
