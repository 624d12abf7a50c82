"""Quasi-random points: scrambled Sobol, which fill the space more evenly than random ones.

Trial n is point n of the sequence, whatever became of the others. Where that point is
infeasible or was seen, the trial takes point n of further sequences, the same one
shifted digit by digit, each of them as even; after these, random points.
"""

from sonde.core.distributions.values import Params
from sonde.core.search.drawing import Drawer
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.trial import Trial

__all__ = ["Quasirandom"]


class Quasirandom:
    """A scrambled Sobol sequence; beyond 64 dimensions the rest is random."""

    name = "quasirandom"
    adaptive = False

    def start(self, problem: Problem) -> Drawer:
        """Return what draws the points."""
        return even(problem.space, problem.seed)

    def observe(self, state: Drawer, trial: Trial) -> Drawer:
        """Return the state as it is: results play no part."""
        return state

    def propose(self, state: Drawer, request: Request) -> list[Params]:
        """Return fresh points."""
        return state.propose(request)
