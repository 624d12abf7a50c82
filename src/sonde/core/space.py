"""Spaces: parameters, the conditions under which they exist, and relations between them.

A space turns a point of [0, 1]^d, a coordinate for each parameter that is not constant,
into an assignment, and back. Conditions are evaluated in an order in which each comes
after the parameters it names.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import reduce
from operator import mul
from typing import Any

from sonde.core.distributions import Constant
from sonde.core.distributions.values import Params, Value, canonical, text_of
from sonde.core.expressions import Expression
from sonde.core.lattice import walk
from sonde.core.parameter import (
    Parameter,
    in_order_of_need,
    parameter_from_json,
    parameter_of,
)
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Parameter", "Params", "Space", "Value", "space_of"]

_ABSENT: tuple[()] = ()  # in a key; `canonical` gives no empty tuple


@dataclass(frozen=True, slots=True)
class Space:
    """What is searched.

    Attributes:
        parameters: In declared order.
        where: Relations that every assignment satisfies.

    Raises:
        ConfigError: If a name stands there twice, or an expression names a parameter that is
            not there or, over conditions, depends on itself.
    """

    parameters: tuple[Parameter, ...]
    where: tuple[Expression, ...] = ()
    dimensions: tuple[Parameter, ...] = field(init=False, repr=False, compare=False)
    """The parameters that are not constant: the coordinates of a point."""
    _by_name: Mapping[str, Parameter] = field(init=False, repr=False, compare=False)
    _steps: tuple[tuple[Parameter, int], ...] = field(init=False, repr=False, compare=False)
    _is_plain: bool = field(init=False, repr=False, compare=False)
    _is_reordered: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "parameters", tuple(self.parameters))
        put(self, "where", tuple(self.where))
        put(self, "_by_name", {parameter.name: parameter for parameter in self.parameters})
        self._check_names()
        dimensions = tuple(p for p in self.parameters if not isinstance(p.distribution, Constant))
        places = {parameter.name: place for place, parameter in enumerate(dimensions)}
        order = in_order_of_need(self.parameters)
        put(self, "dimensions", dimensions)
        put(self, "_steps", tuple((p, places.get(p.name, -1)) for p in order))
        free_of_conditions = all(p.when is None for p in self.parameters)
        put(self, "_is_plain", free_of_conditions and len(dimensions) == len(self.parameters))
        put(self, "_is_reordered", order != self.parameters)
        if self.where or not free_of_conditions:
            # An expression that multiplies text says so now, not at some later trial.
            self.feasible(self.at([0.5] * len(dimensions)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Space, (self.parameters, self.where)

    def __getitem__(self, name: str) -> Parameter:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def at(self, u: Sequence[float]) -> Params:
        """Return the assignment at a point, one coordinate in [0, 1] for each of `dimensions`.

        Coordinates of inactive parameters play no part. It may violate `where`.
        """
        if len(u) != len(self.dimensions):
            raise ValueError(f"{len(u)} coordinates for {len(self.dimensions)} dimensions")
        if self._is_plain:
            return {p.name: p.distribution.at(x) for p, x in zip(self.dimensions, u, strict=True)}
        found: Params = {}
        for parameter, place in self._steps:
            if parameter.when is None or parameter.when.holds(found):
                # A constant has no coordinate and needs none.
                found[parameter.name] = parameter.distribution.at(u[place] if place >= 0 else 0.5)
        return self.declared(found) if self._is_reordered else found

    def quantiles(self, params: Mapping[str, Value]) -> tuple[float, ...]:
        """Return the point of an assignment, 0.5 for inactive parameters.

        Raises:
            ValueError: If a value has no quantile, such as a choice that is not offered.
        """
        return tuple(
            p.distribution.quantile(params[p.name]) if p.name in params else 0.5
            for p in self.dimensions
        )

    def active(self, params: Mapping[str, Value]) -> frozenset[str]:
        """Return which parameters exist, given the values of those that do."""
        found: Params = {}
        names = []
        for parameter, _ in self._steps:
            if parameter.when is None or parameter.when.holds(found):
                names.append(parameter.name)
                if parameter.name in params:
                    found[parameter.name] = params[parameter.name]
        return frozenset(names)

    def feasible(self, params: Mapping[str, Value]) -> bool:
        """Tell whether every relation allows it; one that names an inactive parameter may."""
        return all(relation.allows(params) for relation in self.where)

    def admits(self, params: Mapping[str, Value]) -> bool:
        """Tell whether it is an assignment of this space: active parameters, bounds, relations."""
        return (
            params.keys() == self.active(params)
            and all(
                self._by_name[name].distribution.contains(value) for name, value in params.items()
            )
            and self.feasible(params)
        )

    def key(self, params: Mapping[str, Value]) -> Hashable:
        """Return what equals for assignments that are the same point; see `canonical`."""
        return tuple(
            canonical(params[p.name]) if p.name in params else _ABSENT for p in self.dimensions
        )

    @property
    def size(self) -> int | None:
        """The number of points, an upper bound where there are conditions or relations."""
        sizes = [parameter.distribution.size for parameter in self.dimensions]
        known = [size for size in sizes if size is not None]
        return reduce(mul, known, 1) if len(known) == len(sizes) else None

    def lattice(self) -> Iterator[Params]:
        """Walk through every point that satisfies `where`, once, the last parameter fastest.

        The order is the declared one, but that a parameter comes after those that its
        condition names.

        Raises:
            ConfigError: Naming the parameter that has no end of values.
        """
        for params in walk([parameter for parameter, _ in self._steps], self.where):
            yield self.declared(params) if self._is_reordered else params

    def validate(self, params: Mapping[str, Any]) -> Params:
        """Return an assignment that somebody wrote by hand as this space would have it.

        Constants are filled in and whole floats become ints where ints are drawn.

        Raises:
            ConfigErrors: Naming every parameter that is unknown, missing, inactive or beyond
                its bounds, or else the relation that is violated.
        """
        faults = [self._unknown(name) for name in params if name not in self._by_name]
        found: Params = {}
        for parameter, _ in self._steps:
            name, distribution = parameter.name, parameter.distribution
            is_active = parameter.when is None or parameter.when.holds(found)
            if not is_active and name in params:
                found_wrong = f"it does not exist unless {parameter.when}"
                faults.append(ConfigError(name, found_wrong, "leave it out"))
            elif is_active and name in params:
                value = params[name].tolist() if hasattr(params[name], "tolist") else params[name]
                if distribution.contains(value):
                    found[name] = distribution.coerced(value)
                else:
                    wrong = f"{text_of(value)} is not in {distribution.describe()}"
                    faults.append(ConfigError(name, wrong, "choose a value from there"))
            elif is_active and isinstance(distribution, Constant):
                found[name] = distribution.value
            elif is_active:
                faults.append(ConfigError(name, "it has no value", f"add {name}=..."))
        if not faults:
            shown = ", ".join(f"{name}={text_of(value)}" for name, value in found.items())
            faults = [
                ConfigError(f"where {relation}", f"{shown} violates it", "change the values")
                for relation in self.where
                if not relation.allows(found)
            ]
        if faults:
            raise ConfigErrors(faults)
        return self.declared(found)

    def completed(self, params: Mapping[str, Any]) -> Params:
        """Return what somebody wrote by hand, what is missing at its guess or in its middle.

        Raises:
            ConfigErrors: As `validate`.
        """
        found = dict(params)
        for parameter, _ in self._steps:
            known = {name: value for name, value in found.items() if name in self._by_name}
            if parameter.name in found:
                continue
            if parameter.when is None or parameter.when.holds(known):
                found[parameter.name] = parameter.distribution.middle
        return self.validate(found)

    @property
    def has_guesses(self) -> bool:
        """Whether the user has said of some parameter which value is believed to be good."""
        return any(p.distribution.has_guess for p in self.dimensions)

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON; `from_json` reads it back the same."""
        return {
            "parameters": {p.name: p.to_json() for p in self.parameters},
            "order": [p.name for p in self.parameters],  # not every store keeps the order of keys
            "where": [relation.text for relation in self.where],
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Space":
        """Read what `to_json` wrote.

        Raises:
            ConfigError: If it is no space.
        """
        given = document["parameters"]
        return Space(
            tuple(
                parameter_from_json(name, given[name])
                for name in document.get("order", list(given))
            ),
            tuple(Expression(text) for text in document.get("where", ())),
        )

    @property
    def in_order(self) -> tuple[Parameter, ...]:
        """The parameters, each after those that its condition names."""
        return tuple(parameter for parameter, _ in self._steps)

    def declared(self, found: Mapping[str, Value]) -> Params:
        """Return those of some values that are of the space's parameters, in declared order."""
        return {p.name: found[p.name] for p in self.parameters if p.name in found}

    def _unknown(self, name: str, where: str | None = None) -> ConfigError:
        near = get_close_matches(str(name), self._by_name, n=1)
        known = f"use {', '.join(self._by_name)}" if self._by_name else "declare it"
        remedy = f"did you mean {near[0]}?" if near else known
        return ConfigError(where or str(name), f"there is no parameter {name!r}", remedy)

    def _check_names(self) -> None:
        names = [parameter.name for parameter in self.parameters]
        faults = [
            ConfigError(f"parameters.{name}", "it is declared twice", "leave one out")
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        expressions = [(f"where {relation}", relation) for relation in self.where]
        expressions += [
            (f"parameters.{p.name}.when {p.when}", p.when) for p in self.parameters if p.when
        ]
        for where, expression in expressions:
            unknown = sorted(expression.names - self._by_name.keys())
            faults += [self._unknown(name, where) for name in unknown]
        if faults:
            raise faults[0] if len(faults) == 1 else ConfigErrors(faults)


def space_of(written: Mapping[str, Any], where: str | Sequence[str] | None = None) -> Space:
    """Build a space from what people write in Python: names and what `parameter_of` reads.

    Args:
        written: In the order in which a grid is to go through them.
        where: One relation that every assignment is to satisfy, or several.

    Raises:
        ConfigErrors: Naming all parameters and relations at fault.
    """
    faults: list[ConfigError] = []
    parameters: list[Parameter] = []
    for name, value in written.items():
        try:
            parameters.append(parameter_of(name, value))
        except ConfigError as fault:
            faults.append(fault)
    relations: list[Expression] = []
    for text in [where] if isinstance(where, str) else where or ():
        if isinstance(text, str) and not text.strip():
            found = "there is no relation in it"
            faults.append(ConfigError("where ''", found, "write one, or leave it out"))
            continue
        try:
            relations.append(Expression(text))
        except ConfigError as fault:
            faults.append(fault)
    if faults:
        raise ConfigErrors(faults)
    return Space(tuple(parameters), tuple(relations))
