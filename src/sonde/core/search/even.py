"""Even points of a space: trial n is point n of a scrambled Sobol sequence.

Where that point is infeasible or was seen, the trial takes point n of further sequences,
the same one shifted digit by digit, each of them as even; after these, random points.
Beyond 64 dimensions the rest of the coordinates is random.
"""

from collections.abc import Sequence
from functools import cache

from sonde.core.search.drawing import Drawer
from sonde.core.search.sobol import BITS, MOST_DIMENSIONS, Sobol
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, check_seed, uniforms, words

__all__ = ["even"]

_SHIFTS = 16  # sequences before random points
_UNIT = 2.0**-BITS


def even(space: Space, seed: int) -> Drawer:
    """Return what draws even points of a space.

    Raises:
        ConfigError: If the seed is none.
    """
    check_seed(seed)
    count = len(space.dimensions)
    covered = min(count, MOST_DIMENSIONS)
    sequence = Sobol(covered, seed)

    @cache
    def shifts(draw: int) -> tuple[int, ...]:
        return tuple(word >> (64 - BITS) for word in words(seed, WHOLE_SWEEP, draw, covered))

    def point(trial: int, draw: int) -> Sequence[float]:
        if draw >= _SHIFTS:
            return uniforms(seed, trial, draw, count)
        digits = zip(sequence.digits(trial), shifts(draw), strict=True)
        coordinates = [(digit ^ shift) * _UNIT for digit, shift in digits]
        if covered < count:
            coordinates += uniforms(seed, trial, draw, count - covered)
        return coordinates

    return Drawer(space, seed, point)
