"""A parameter: a name, a distribution, and the condition under which it exists."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int, from_json
from sonde.core.expressions import Expression
from sonde.errors import ConfigError

__all__ = ["Parameter", "in_order_of_need", "parameter_from_json", "parameter_of"]

_NAME = re.compile(r"[^\W\d][\w.\-]*")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named distribution.

    Attributes:
        when: It exists only in assignments for which this holds; None: always. Taken from
            the distribution where that carries one.
    """

    name: str
    distribution: Distribution
    when: Expression | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ConfigError(
                f"parameters.{self.name}",
                f"{self.name!r} cannot be a parameter's name",
                "a name is letters, digits, '_', '.' and '-', and begins with a letter or '_'",
            )
        carrier = self.distribution
        if isinstance(carrier, (Float, Int, Choice)) and carrier.when is not None:
            if self.when is None:
                object.__setattr__(self, "when", Expression(carrier.when))
            object.__setattr__(self, "distribution", replace(carrier, when=None))

    def to_json(self) -> dict[str, Any]:
        """Return its distribution and condition as JSON."""
        when = {} if self.when is None else {"when": self.when.text}
        return self.distribution.to_json() | when


def parameter_from_json(name: str, document: Mapping[str, Any]) -> Parameter:
    """Build a parameter from what `to_json` gave, or from one of a W&B sweep.

    Raises:
        ConfigError: Its place begins with `parameters.` and the name.
    """
    keys = {key: value for key, value in document.items() if key != "when"}
    distribution = from_json(keys, where=f"parameters.{name}")
    when = document.get("when")
    return Parameter(name, distribution, None if when is None else Expression(when))


def parameter_of(name: str, written: Any) -> Parameter:
    """Build a parameter from what people write in Python.

    A distribution stays one, a list or tuple is a choice, a dict a parameter in W&B's
    words, text such as `1e-5..1e-1:log` or `loguniform(1e-5, 1e-1)` the distribution that
    it names; all else never changes. Text that is almost such a form is refused.

    Raises:
        ConfigError: Its place names the parameter.
    """
    if isinstance(written, Distribution):
        return Parameter(name, written)
    if isinstance(written, Mapping):
        return parameter_from_json(name, written)
    if isinstance(written, str):
        from sonde.core.notation.short import (
            is_short_form,
            is_short_range,
            parse_short,
            refuse_almost,
        )

        if is_short_range(written) or is_short_form(f"{name}={written}"):
            return Parameter(name, parse_short(f"{name}={written}", flag="parameter").distribution)
        refuse_almost(name, written)
    try:
        is_array = bool(getattr(written, "shape", ()))
        is_list = is_array or isinstance(written, (list, tuple, range))
        return Parameter(name, Choice(written) if is_list else Constant(written))
    except ConfigError as fault:
        raise ConfigError(f"parameters.{name}", fault.found, fault.remedy) from fault


def in_order_of_need(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the parameters, each after those its condition names, otherwise as declared.

    Raises:
        ConfigError: If conditions depend on each other in a circle.
    """
    ordered: list[Parameter] = []
    left, settled = list(parameters), set[str]()
    while left:
        ready = next((p for p in left if p.when is None or p.when.names <= settled), None)
        if ready is None:
            names = ", ".join(parameter.name for parameter in left)
            raise ConfigError(
                f"parameters.{left[0].name}.when {left[0].when}",
                f"the conditions of {names} depend on each other",
                "make one of them independent",
            )
        left.remove(ready)
        ordered.append(ready)
        settled.add(ready.name)
    return tuple(ordered)
