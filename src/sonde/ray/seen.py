"""The space that calls come from: what occurred, as nobody has declared one."""

from collections.abc import Sequence

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.parameter import Parameter
from sonde.core.space import Space

__all__ = ["Seen"]

_WIDE = 1000.0  # a range over so many powers is shown by its logarithm
_MOST = 1000  # values of one parameter that are remembered, and all of its texts


class Seen:
    """The values so far, by parameter."""

    def __init__(self) -> None:
        self._values: dict[str, dict[tuple[type, object], bool | float | str]] = {}

    def add(self, name: str, value: bool | float | str) -> None:
        """Note a value."""
        known = self._values.setdefault(name, {})
        known[type(value), value] = value
        if len(known) > _MOST and not any(isinstance(one, bool | str) for one in known.values()):
            # Of numbers only the ends matter, and whether all are whole.
            ends = [min(known.values()), max(known.values())]
            if any(isinstance(one, float) for one in known.values()):
                ends = [float(one) for one in ends]
            self._values[name] = {(type(one), one): one for one in ends}

    def space(self) -> Space:
        """Return the space of all that was seen."""
        return Space(
            tuple(Parameter(n, _distribution([*v.values()])) for n, v in self._values.items()), ()
        )


def _distribution(seen: Sequence[bool | float | str]) -> Distribution:
    numbers = [value for value in seen if not isinstance(value, bool | str)]
    if len(seen) == 1:
        return Constant(seen[0])
    if len(numbers) < len(seen):
        return Choice(tuple(seen))
    low, high = min(numbers), max(numbers)
    if low == high:
        return Constant(seen[0])
    is_wide = low > 0 and high / low >= _WIDE
    if all(isinstance(number, int) for number in numbers):
        return Int(int(low), int(high), log=is_wide)
    return Float(float(low), float(high), log=is_wide)
