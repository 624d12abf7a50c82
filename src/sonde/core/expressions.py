"""Expressions over parameters: conditions (`when`) and relations (`where`).

    opt == 'sgd'        layers * batch <= 256        not (opt in ('adam', 'lion') and lr > 0.1)

A parameter that is inactive, or missing, makes a comparison neither true nor false but
unknown, as NULL does in SQL. Where a condition is asked (`holds`), unknown counts as
false: a parameter whose condition speaks of an inactive one is inactive too. Where a
relation is checked (`allows`), unknown counts as true: `momentum <= 10 * lr` says
nothing of trials without momentum.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sonde.core.distributions.values import Value
from sonde.core.operations import UNKNOWN
from sonde.core.syntax import Run, parse
from sonde.errors import ConfigError

__all__ = ["Expression"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression; two are equal if they are written alike.

    Attributes:
        text: As written.
        names: The parameters it depends on.

    Raises:
        ConfigError: If the text is no expression; with the column.
    """

    text: str
    names: frozenset[str] = field(init=False, compare=False, repr=False)
    _run: Run = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        given: Any = self.text
        if not isinstance(given, str):
            raise ConfigError(repr(given), "it is no text", "write for instance \"opt == 'sgd'\"")
        text = given.strip()
        run, names = parse(text)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "_run", run)

    def __reduce__(self) -> tuple[Any, ...]:
        return Expression, (self.text,)  # functions made by `parse` cannot be pickled

    def __str__(self) -> str:
        return self.text

    def holds(self, values: Mapping[str, Value]) -> bool:
        """Tell whether it is true; unknown is not."""
        found = self._evaluated(values)
        return found is not UNKNOWN and bool(found)

    def allows(self, values: Mapping[str, Value]) -> bool:
        """Tell whether it is not false; unknown is not."""
        found = self._evaluated(values)
        return found is UNKNOWN or bool(found)

    def value(self, values: Mapping[str, Value]) -> Value:
        """Return its value, None where it is unknown."""
        found = self._evaluated(values)
        return None if found is UNKNOWN else cast("Value", found)

    def _evaluated(self, values: Mapping[str, Value]) -> Any:
        try:
            return self._run(values)
        except ConfigError as fault:
            raise ConfigError(self.text, f"{fault.where}: {fault.found}", fault.remedy) from fault
