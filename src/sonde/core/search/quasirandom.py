"""Quasi-random points: scrambled Sobol, which fill the space more evenly than random ones.

Trial n is point n of the sequence, whatever became of the others. Where that point is
infeasible or was seen, the trial takes point n of further sequences, the same one
shifted digit by digit, each of them as even; after these, random points.
"""

from collections.abc import Sequence
from functools import cache

from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.search.drawing import Drawer
from sonde.core.search.protocol import Request
from sonde.core.search.sobol import BITS, MOST_DIMENSIONS, Sobol
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, check_seed, uniforms, words
from sonde.core.trial import Trial

__all__ = ["Quasirandom"]

_SHIFTS = 16  # sequences before random points
_UNIT = 2.0**-BITS


class Quasirandom:
    """A scrambled Sobol sequence; beyond 64 dimensions the rest is random."""

    name = "quasirandom"
    adaptive = False

    def start(self, space: Space, goals: Sequence[Goal], seed: int) -> Drawer:
        """Return what draws the points."""
        check_seed(seed)
        count = len(space.dimensions)
        even = min(count, MOST_DIMENSIONS)
        sequence = Sobol(even, seed)

        @cache
        def shifts(draw: int) -> tuple[int, ...]:
            return tuple(word >> (64 - BITS) for word in words(seed, WHOLE_SWEEP, draw, even))

        def point(trial: int, draw: int) -> Sequence[float]:
            if draw >= _SHIFTS:
                return uniforms(seed, trial, draw, count)
            digits = zip(sequence.digits(trial), shifts(draw), strict=True)
            coordinates = [(digit ^ shift) * _UNIT for digit, shift in digits]
            if even < count:
                coordinates += uniforms(seed, trial, draw, count - even)
            return coordinates

        return Drawer(space, seed, point)

    def observe(self, state: Drawer, trial: Trial) -> Drawer:
        """Return the state as it is: results play no part."""
        return state

    def propose(self, state: Drawer, request: Request) -> list[Params]:
        """Return fresh points."""
        return state.propose(request)
