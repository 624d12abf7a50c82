"""Every point of a finite space, exactly once each, in declared order.

The last parameter is the fastest, and a parameter comes after those that its condition
names.
"""

from collections.abc import Collection, Hashable, Iterator
from itertools import islice

from sonde.core.distributions.values import Params
from sonde.core.lattice import check_finite
from sonde.core.search.drawing import unsatisfied
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Space
from sonde.core.trial import Trial

__all__ = ["Cursor", "Grid"]


class Cursor:
    """How far a walk through the grid has come.

    Only a saving of time: points proposed before that are still unseen (the decision
    may have come to nothing) are kept and come first again.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._ahead = space.lattice()
        self._offered: dict[Hashable, Params] = {}
        self._is_empty = True

    def unseen(self, seen: Collection[Hashable]) -> Iterator[Params]:
        """Walk through the points that were not seen, in order; each counts as proposed.

        Raises:
            ConfigError: If the grid has no point at all.
        """
        self._offered = {key: params for key, params in self._offered.items() if key not in seen}
        yield from list(self._offered.values())
        for params in self._ahead:
            self._is_empty = False
            key = self._space.key(params)
            if key not in seen:
                self._offered[key] = params
                yield params
        if self._is_empty:
            raise unsatisfied(self._space, "no point of the grid satisfies it")


class Grid:
    """The Cartesian product, less what conditions and relations rule out."""

    name = "grid"
    adaptive = False

    def start(self, problem: Problem) -> Cursor:
        """Return a cursor before the first point.

        Raises:
            ConfigError: Naming the parameter that has no end of values.
        """
        check_finite(problem.space.dimensions)
        return Cursor(problem.space)

    def observe(self, state: Cursor, trial: Trial) -> Cursor:
        """Return the state as it is: results play no part."""
        return state

    def propose(self, state: Cursor, request: Request) -> list[Params]:
        """Return the next points that were not seen."""
        return list(islice(state.unseen(request.seen), request.count))
