"""Independent random points, each parameter from its own distribution.

Bergstra and Bengio, JMLR 13, 2012: where few parameters matter, random points try more
values of each than a grid of as many.
"""

from sonde.core.distributions.values import Params
from sonde.core.search.drawing import Drawer
from sonde.core.search.protocol import Problem, Request
from sonde.core.streams import check_seed, uniforms
from sonde.core.trial import Trial

__all__ = ["Random"]


class Random:
    """Trial n comes from the random stream of (seed, n)."""

    name = "random"
    adaptive = False

    def start(self, problem: Problem) -> Drawer:
        """Return what draws the points."""
        check_seed(problem.seed)
        count = len(problem.space.dimensions)
        return Drawer(
            problem.space,
            problem.seed,
            lambda trial, draw: uniforms(problem.seed, trial, draw, count),
        )

    def observe(self, state: Drawer, trial: Trial) -> Drawer:
        """Return the state as it is: results play no part."""
        return state

    def propose(self, state: Drawer, request: Request) -> list[Params]:
        """Return fresh points."""
        return state.propose(request)
