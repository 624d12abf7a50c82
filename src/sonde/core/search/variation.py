"""Variation: a new assignment from one that did well, or from two.

It works on the coordinates of [0, 1]^d. A parameter that is active in no parent is drawn
afresh, one that is active in one of two parents comes from there.

Source: simulated binary crossover after Deb and Agrawal, Complex Systems 9, 1995.
"""

import math
from collections.abc import Mapping, Sequence

from sonde.core.distributions import Choice
from sonde.core.distributions.values import Params, Value
from sonde.core.space import Space

__all__ = ["Numbers", "Variation"]

_SPREAD = 10.0  # of crossover: eta_c of the source, high values stay near the parents
_FINEST = 2.5  # mutations go down to 10**-2.5 of the side of the box


class Numbers:
    """Uniform random numbers, one after the other."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self._next = iter(numbers).__next__

    def uniform(self) -> float:
        """Return the next one, in [0, 1)."""
        return self._next()

    def normal(self) -> float:
        """Return a normal number (Box and Muller)."""
        radius = math.sqrt(-2 * math.log(1 - self._next()))
        return radius * math.cos(2 * math.pi * self._next())

    def index(self, count: int) -> int:
        """Return a whole number below count."""
        return int(self._next() * count)


class Variation:
    """Mutation and crossover in one space.

    Attributes:
        needs: How many uniform numbers one assignment takes at most.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._names = [p.name for p in space.dimensions]
        self._sizes = [p.distribution.size for p in space.dimensions]
        self._is_category = [
            isinstance(p.distribution, Choice) and not p.distribution.is_ordinal
            for p in space.dimensions
        ]
        self.needs = 7 * len(self._names) + 4

    def mutated(self, parent: Mapping[str, Value], numbers: Numbers, strength: float) -> Params:
        """Return a neighbour: one parameter changes, and each other one now and then.

        Args:
            strength: How many change besides, on average, and how far: 1 is usual.
        """
        point = self._point(parent)
        active = [i for i, name in enumerate(self._names) if name in parent]
        chosen = active[numbers.index(len(active))] if active else -1
        for place, coordinate in enumerate(point):
            if coordinate is None:
                point[place] = numbers.uniform()
            elif place == chosen or numbers.uniform() < strength / len(point):
                point[place] = self._moved(place, coordinate, numbers, strength)
        return self.space.at([0.5 if u is None else u for u in point])

    def crossed(
        self, one: Mapping[str, Value], other: Mapping[str, Value], numbers: Numbers
    ) -> Params:
        """Return an assignment between, or just beyond, two others."""
        return self.space.at(
            [
                self._mixed(place, a, b, numbers)
                for place, (a, b) in enumerate(
                    zip(self._point(one), self._point(other), strict=True)
                )
            ]
        )

    def _point(self, params: Mapping[str, Value]) -> list[float | None]:
        quantiles = self.space.quantiles(params)
        return [
            u if name in params else None for name, u in zip(self._names, quantiles, strict=True)
        ]

    def _moved(self, place: int, u: float, numbers: Numbers, strength: float) -> float:
        if self._is_category[place]:
            return numbers.uniform()
        size = self._sizes[place]
        scale = strength * 10 ** (-_FINEST * numbers.uniform()) / 2
        if size is not None:
            scale = max(scale, 1 / size)  # less would not leave the cell
        return _reflected(u + scale * numbers.normal())

    def _mixed(self, place: int, a: float | None, b: float | None, numbers: Numbers) -> float:
        if a is None or b is None:
            given = a if b is None else b
            return numbers.uniform() if given is None else given
        if numbers.uniform() < 0.5:
            a, b = b, a
        if self._is_category[place] or a == b or numbers.uniform() < 0.5:
            return a
        u = numbers.uniform()
        ratio = 2 * u if u < 0.5 else 1 / (2 - 2 * u)
        beta = ratio ** (1 / (_SPREAD + 1))
        return _reflected((a + b) / 2 + beta * (a - b) / 2)


def _reflected(u: float) -> float:
    """Fold the line into [0, 1]."""
    folded = abs(u) % 2.0
    return 2.0 - folded if folded > 1.0 else folded
