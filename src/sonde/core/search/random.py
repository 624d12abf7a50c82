"""Independent random points, each parameter from its own distribution.

Bergstra and Bengio, JMLR 13, 2012: where few parameters matter, random points try more
values of each than a grid of as many.
"""

from collections.abc import Sequence

from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.search.drawing import Drawer
from sonde.core.search.protocol import Request
from sonde.core.space import Space
from sonde.core.streams import check_seed, uniforms
from sonde.core.trial import Trial

__all__ = ["Random"]


class Random:
    """Trial n comes from the random stream of (seed, n)."""

    name = "random"
    adaptive = False

    def start(self, space: Space, goals: Sequence[Goal], seed: int) -> Drawer:
        """Return what draws the points."""
        check_seed(seed)
        count = len(space.dimensions)
        return Drawer(space, seed, lambda trial, draw: uniforms(seed, trial, draw, count))

    def observe(self, state: Drawer, trial: Trial) -> Drawer:
        """Return the state as it is: results play no part."""
        return state

    def propose(self, state: Drawer, request: Request) -> list[Params]:
        """Return fresh points."""
        return state.propose(request)
