"""One of some values, and the one value that never changes."""

import bisect
import itertools
import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from sonde.core.distributions.base import Distribution, finite, guessed
from sonde.core.distributions.values import Value, canonical, frozen_value, text_of
from sonde.errors import ConfigError

__all__ = ["Choice", "Constant"]

_SHOWN = 8  # values in a description


@dataclass(frozen=True, slots=True)
class Choice(Distribution):
    """One of some values, each any JSON.

    A value may stand there twice: it is then drawn twice as often and once in a grid.

    Attributes:
        values: In declared order; a list, a range or an array is taken as well.
        probabilities: One a value, with sum 1; without, all are alike. What has probability
            0 is never proposed, by a grid neither, but may be given by hand.
        ordered: Whether neighbours are alike, so that models may treat it as a number.
        guess: The value that is believed to be good, as for `Float`; never None.
        when: As for `Float`.
    """

    values: tuple[Value, ...] = field(compare=False)
    _: KW_ONLY
    probabilities: tuple[float, ...] | None = None
    ordered: bool = False
    guess: Value = field(default=None, compare=False)
    when: str | None = field(default=None, compare=False)
    # What is compared: by themselves (True,) and (1,) would be equal.
    _keys: tuple[Hashable, ...] = field(init=False, repr=False)
    _guess_key: Hashable = field(init=False, repr=False)
    _places: dict[Hashable, int] = field(init=False, repr=False, compare=False)
    _distinct: tuple[Value, ...] = field(init=False, repr=False, compare=False)
    _edges: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _last: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given: Any = self.values
        if isinstance(given, (str, bytes, Mapping, set, frozenset)) or not isinstance(
            given, Iterable
        ):
            raise ConfigError(
                "Choice", f"{given!r} is no list of values", "write for instance [16, 32, 64]"
            )
        values = tuple(frozen_value(value, "Choice") for value in given)
        if not values:
            raise ConfigError("Choice", "there is nothing to choose from", "list some values")
        places: dict[Hashable, int] = {}
        for place, value in enumerate(values):
            places.setdefault(canonical(value), place)
        put = object.__setattr__
        put(self, "values", values)
        put(self, "_keys", tuple(map(canonical, values)))
        put(self, "_places", places)
        put(self, "_edges", ())
        put(self, "_last", len(values) - 1)
        if self.probabilities is not None:
            shares = _shares(self.probabilities, len(values))
            put(self, "probabilities", shares)
            put(self, "_last", max(i for i, share in enumerate(shares) if share > 0))
            total = math.fsum(shares)
            put(self, "_edges", tuple(edge / total for edge in itertools.accumulate(shares)))
            drawn = {canonical(v) for v, share in zip(values, shares, strict=True) if share > 0}
            places = {key: place for key, place in places.items() if key in drawn}
        put(self, "_distinct", tuple(values[place] for place in places.values()))
        put(self, "_guess_key", None)
        if self.guess is not None:
            put(self, "guess", self.coerced(guessed(self, self.guess, "Choice")))
            put(self, "_guess_key", canonical(self.guess))

    def at(self, u: float) -> Value:
        """Return the value whose cell u lies in."""
        if self._edges:
            return self.values[min(bisect.bisect_right(self._edges, u), self._last)]
        return self.values[min(int(u * len(self.values)), self._last)]

    def quantile(self, value: Value) -> float:
        """Return the middle of the value's cell; ValueError if it is not among them."""
        place = self._places.get(canonical(value))
        if place is None:
            raise ValueError(f"{value!r} is not among {self.describe()}")
        if self._edges:
            return (self._edges[place] + (self._edges[place - 1] if place else 0.0)) / 2
        return (place + 0.5) / len(self.values)

    def contains(self, value: Value) -> bool:
        """Tell whether it is among the values."""
        return canonical(value) in self._places

    def coerced(self, value: Value) -> Value:
        """Return the value as it was declared."""
        return self.values[self._places[canonical(value)]]

    @property
    def size(self) -> int:
        """The number of distinct values."""
        return len(self._distinct)

    @property
    def is_ordinal(self) -> bool:
        """Whether neighbours are alike: declared so, or three numbers or more in order."""
        values = self._distinct
        if self.ordered or len(values) < 3:
            return self.ordered
        numbers = [float(value) for value in values if type(value) in {int, float}]  # type: ignore[arg-type]
        pairs = list(itertools.pairwise(numbers))
        is_sorted = all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
        return len(numbers) == len(values) and is_sorted

    @property
    def middle(self) -> Value:
        """The guess, or else the first value; of ordered ones that in the middle."""
        if self.guess is not None:
            return self.guess
        return self.at(0.5) if self.ordered else self.nth(0)

    @property
    def has_guess(self) -> bool:
        """Whether there is one."""
        return self.guess is not None

    def nth(self, index: int) -> Value:
        """Return a distinct value by its position."""
        return self._distinct[index]

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `categorical`, or `categorical_w_probabilities`."""
        document: dict[str, Any] = {"distribution": "categorical", "values": list(self.values)}
        if self.probabilities is not None:
            document["distribution"] = "categorical_w_probabilities"
            document["probabilities"] = list(self.probabilities)
        if self.ordered:
            document["ordered"] = True
        return document if self.guess is None else document | {"guess": self.guess}

    def describe(self) -> str:
        """Write it as `{adam, sgd}`; of many values the first and the last."""
        names = [text_of(value) for value in self.values]
        if len(names) > _SHOWN:
            names = [*names[:3], "...", names[-1]]
        return "{" + ", ".join(names) + "}"


@dataclass(frozen=True, slots=True)
class Constant(Distribution):
    """The same value for every trial."""

    value: Value = field(compare=False)
    _key: Hashable = field(init=False, repr=False)

    def __post_init__(self) -> None:
        value = frozen_value(self.value, "Constant")
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "_key", canonical(value))

    def at(self, u: float) -> Value:
        """Return the value."""
        return self.value

    def quantile(self, value: Value) -> float:
        """Return one half; ValueError for another value."""
        if not self.contains(value):
            raise ValueError(f"{value!r} is not {self.value!r}")
        return 0.5

    def contains(self, value: Value) -> bool:
        """Tell whether it is the value."""
        return canonical(value) == self._key

    def coerced(self, value: Value) -> Value:
        """Return the value as it was declared."""
        return self.value

    @property
    def size(self) -> int:
        """One."""
        return 1

    def nth(self, index: int) -> Value:
        """Return the value."""
        return self.value

    def to_json(self) -> dict[str, Any]:
        """Return it as W&B's `constant`."""
        return {"distribution": "constant", "value": self.value}

    def describe(self) -> str:
        """Write the value."""
        return text_of(self.value)


def _shares(given: Any, count: int) -> tuple[float, ...]:
    try:
        shares = tuple(finite(share, "Choice.probabilities", "one") for share in given)
    except TypeError:
        raise ConfigError(
            "Choice.probabilities", f"{given!r} is no list", "write one number a value"
        ) from None
    if len(shares) != count:
        raise ConfigError(
            "Choice.probabilities",
            f"there are {len(shares)} for {count} values",
            "write one a value",
        )
    if min(shares) < 0:
        raise ConfigError("Choice.probabilities", f"{min(shares)} is below 0", "use 0 to 1")
    if not math.isclose(math.fsum(shares), 1.0, rel_tol=1e-5):
        raise ConfigError(
            "Choice.probabilities", f"their sum is {math.fsum(shares):g}", "make it 1"
        )
    return shares
