"""Values of parameters: what they may be, when two are the same, how decimals stay clean.

A value is JSON. Python's own equality will not do for comparing two of them
(`True == 1`), nor will its floats (`3 * 0.1` is not `0.3`), hence `canonical` and
`decimals`.
"""

import math
from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias, TypeGuard

from sonde.errors import ConfigError

__all__ = ["Params", "Value", "canonical", "decimals", "frozen_value", "is_number", "text_of"]

Value: TypeAlias = (
    "str | int | float | bool | tuple[Value, ...] | list[Value] | dict[str, Value] | None"
)
"""One value of a parameter: any JSON, where a list may be a tuple."""

Params: TypeAlias = dict[str, Value]
"""One assignment: the active parameters and no others, in declared order."""


def canonical(value: Value) -> Hashable:
    """Return what equals for values that are the same point of a space.

    `3e6` and `3000000` are the same, lists and tuples too; `True`, `1` and `"1"` are three.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Mapping):
        return ("dict", *sorted((key, canonical(item)) for key, item in value.items()))
    return ("list", *map(canonical, value))


def frozen_value(value: Any, where: str) -> Value:
    """Return a plain copy of a value: NumPy's numbers as Python's, lists as tuples.

    Raises:
        ConfigError: If it is no JSON, or NaN, or infinite.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigError(where, f"{value} is no value to try", "leave it out")
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(frozen_value(item, where) for item in value)
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ConfigError(where, f"{value!r} has keys that are no text", "quote the keys")
        return {str(key): frozen_value(item, where) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays, without importing NumPy
        return frozen_value(value.tolist(), where)
    raise ConfigError(
        where,
        f"{value!r} is a {type(value).__name__}",
        "use text, numbers, True, False, None, or lists and dicts of these",
    )


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether it is an int or a float, and neither a bool nor NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def decimals(number: float) -> int:
    """Return how many digits after the point a number is written with: 2 for 0.25, 5 for 1e-05."""
    if isinstance(number, int):
        return 0
    mantissa, _, exponent = repr(number).partition("e")
    fraction = mantissa.partition(".")[2]
    return max(0, len("" if fraction == "0" else fraction) - int(exponent or 0))


def text_of(value: Value) -> str:
    """Write a value for people: text as it is, all else as Python writes it."""
    return value if isinstance(value, str) else repr(value)
