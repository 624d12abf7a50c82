"""What the operators and functions of expressions do, on any value, without ever blowing up.

`UNKNOWN` stands for a parameter that is not there. It goes through arithmetic and
comparisons, and through `and`, `or` and `not` as in SQL: `False and unknown` is false,
`True or unknown` is true, all else with it stays unknown. Arithmetic without a result
(division by zero, the logarithm of -1) is NaN, which no comparison but `!=` holds for.
Arithmetic is for numbers only, and powers beyond 4096 bits are floats.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sonde.core.distributions.values import Value, canonical
from sonde.errors import ConfigError

__all__ = [
    "COMPARISONS",
    "FUNCTIONS",
    "UNKNOWN",
    "all_of",
    "any_of",
    "calculated",
    "compared",
    "constant",
    "listed",
    "looked_up",
    "negated",
]

_Run = Callable[[Mapping[str, Value]], Any]


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

_MOST_BITS = 4096


def constant(value: Value) -> _Run:
    """Give the same value always."""
    return lambda values: value


def looked_up(name: str) -> _Run:
    """Give a parameter's value, or UNKNOWN."""
    return lambda values: values.get(name, UNKNOWN)


def listed(items: Sequence[_Run]) -> _Run:
    """Give a tuple of values."""
    return lambda values: tuple([item(values) for item in items])


def negated(part: _Run) -> _Run:
    """Give the contrary."""

    def run(values: Mapping[str, Value]) -> Any:
        found = part(values)
        return UNKNOWN if found is UNKNOWN else not found

    return run


def all_of(parts: Sequence[_Run]) -> _Run:
    """Give False once a part is false, else UNKNOWN if one is, else True."""

    def run(values: Mapping[str, Value]) -> Any:
        result: Any = True
        for part in parts:
            found = part(values)
            if found is UNKNOWN:
                result = UNKNOWN
            elif not found:
                return False
        return result

    return run


def any_of(parts: Sequence[_Run]) -> _Run:
    """Give True once a part is true, else UNKNOWN if one is, else False."""

    def run(values: Mapping[str, Value]) -> Any:
        result: Any = False
        for part in parts:
            found = part(values)
            if found is UNKNOWN:
                result = UNKNOWN
            elif found:
                return True
        return result

    return run


def compared(first: _Run, steps: Sequence[tuple[Callable[[Any, Any], bool], _Run]]) -> _Run:
    """Give whether each comparison of a chain such as `1 < x <= 8` holds."""

    def run(values: Mapping[str, Value]) -> Any:
        result: Any = True
        left = first(values)
        for compare, part in steps:
            right = part(values)
            if left is UNKNOWN or right is UNKNOWN:
                result = UNKNOWN
            elif not compare(left, right):
                return False
            left = right
        return result

    return run


def calculated(name: str, parts: Sequence[_Run]) -> _Run:
    """Give the result of an operator or a function on numbers."""
    function = FUNCTIONS[name][0] if name in FUNCTIONS else _ARITHMETIC[name]

    def run(values: Mapping[str, Value]) -> Any:
        given = [part(values) for part in parts]
        for value in given:
            if value is UNKNOWN:
                return UNKNOWN
            if not isinstance(value, (int, float)) and function is not _length:
                raise ConfigError(
                    name.removeprefix("unary "), f"{value!r} is no number", "compare text with =="
                )
        try:
            return function(*given)
        except (ZeroDivisionError, ValueError):
            return math.nan
        except OverflowError:
            return math.inf

    return run


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, (list, tuple, dict)) or isinstance(right, (list, tuple, dict)):
        return canonical(left) == canonical(right)
    return bool(left == right)


def _differs(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        try:
            return bool(compare(left, right))
        except TypeError:  # text against a number: neither comes first
            return False

    return run


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    if not isinstance(right, (list, tuple)):
        raise ConfigError("in", f"{right!r} is no list", "write for instance x in (1, 2)")
    return any(item is not UNKNOWN and _equal(left, item) for item in right)


def _not_within(left: Any, right: Any) -> bool:
    return not _within(left, right)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": _differs,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": _within,
    "not in": _not_within,
}


def _power(base: float, exponent: float) -> float:
    is_int = isinstance(base, int) and isinstance(exponent, int)
    if is_int and int(base).bit_length() * abs(exponent) > _MOST_BITS:
        base = float(base)
    result: Any = base**exponent
    return math.nan if isinstance(result, complex) else result


def _length(value: Any) -> int:
    if not isinstance(value, (str, list, tuple, dict)):
        raise ConfigError("len", f"{value!r} has no length", "give it text or a list")
    return len(value)


_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
    "unary -": operator.neg,
    "unary +": operator.pos,
}


def _smallest(*values: float) -> float:
    return min(values)


def _largest(*values: float) -> float:
    return max(values)


# Name: what it does, and how many values it takes at least and at most.
FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "min": (_smallest, 1, 100),
    "max": (_largest, 1, 100),
    "abs": (abs, 1, 1),
    "log": (math.log, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "len": (_length, 1, 1),
}
