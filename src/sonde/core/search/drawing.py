"""Drawing fresh points: inside the relations, and not seen before.

What does not depend on results draws trial n from its own numbers. Where the first
draw is infeasible or was seen, further ones follow; where they keep failing, the
unseen points of a finite space are listed and one of them is drawn, or, where it is
too large for a list, the first unseen one is taken. Thus no point comes up twice, and
a space that is used up, or has nothing to offer, ends the search instead of hanging it.
"""

from collections.abc import Callable, Collection, Hashable, Sequence

from sonde.core.distributions.values import Params
from sonde.core.search.protocol import Request
from sonde.core.space import Space
from sonde.core.streams import uniforms
from sonde.errors import ConfigError

__all__ = ["Drawer", "unsatisfied"]

_PATIENCE = 64  # draws before a finite space is listed
_MOST_LISTED = 2**18
_MOST_DRAWS, _MOST_DRAWS_WITH_RELATIONS = 10_000, 100_000
_FROM_LIST = 2**32  # the draw whose number picks from the list; no other draw gets there


class Drawer:
    """Draws for one sweep.

    Args:
        space: Where from.
        seed: The sweep's.
        point: Gives the point of [0, 1]^d for a trial's number and its draw, from 0.
    """

    def __init__(
        self, space: Space, seed: int, point: Callable[[int, int], Sequence[float]]
    ) -> None:
        self._space = space
        self._seed = seed
        self._point = point
        size = space.size
        self._is_listable = size is not None and size <= _MOST_LISTED
        self._left: dict[Hashable, Params] | None = None  # in the order of the lattice

    def propose(self, request: Request) -> list[Params]:
        """Return fresh points for the trials from `request.first`; see `Method.propose`."""
        found: list[Params] = []
        taken: set[Hashable] = set()
        for trial in range(request.first, request.first + request.count):
            params = self.fresh(trial, request.seen, taken)
            if params is None:
                break
            found.append(params)
            taken.add(self._space.key(params))
        return found

    def fresh(
        self, trial: int, seen: Collection[Hashable], taken: Collection[Hashable] = frozenset()
    ) -> Params | None:
        """Return a point for a trial that was neither seen nor taken; None: there is no more."""
        space, relations = self._space, self._space.where
        is_feasible_seen = False
        for draw in range(_MOST_DRAWS_WITH_RELATIONS if relations else _MOST_DRAWS):
            if draw == _PATIENCE and self._is_listable:
                return self._listed(trial, seen, taken)
            params = space.at(self._point(trial, draw))
            if relations and not space.feasible(params):
                continue
            key = space.key(params)
            if key not in seen and key not in taken:
                return params
            is_feasible_seen = True
        if space.size is not None:
            for params in space.lattice():
                is_feasible_seen = True
                key = space.key(params)
                if key not in seen and key not in taken:
                    return params
        if not is_feasible_seen:
            raise unsatisfied(space, f"none of {_MOST_DRAWS_WITH_RELATIONS:,} points satisfies it")
        return None

    def _listed(
        self, trial: int, seen: Collection[Hashable], taken: Collection[Hashable]
    ) -> Params | None:
        space = self._space
        if self._left is None:
            self._left = {space.key(params): params for params in space.lattice()}
            if not self._left:
                raise unsatisfied(space, "no point of the space satisfies it")
        self._left = {key: params for key, params in self._left.items() if key not in seen}
        left = [params for key, params in self._left.items() if key not in taken]
        if not left:
            return None
        (u,) = uniforms(self._seed, trial, _FROM_LIST, 1)
        return left[int(u * len(left))]


def unsatisfied(space: Space, found: str) -> ConfigError:
    """Return the error for a space in which nothing satisfies the relations."""
    relations = " and ".join(relation.text for relation in space.where)
    return ConfigError(f"where {relations}", found, "loosen it, or widen the parameters")
