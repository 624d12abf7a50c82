"""Counter-based random numbers: a stream of its own for each (seed, trial, draw).

A number depends on nothing but its place, so a restarted controller draws what it
would have drawn, and no state is kept. The bits are SHAKE-128 of the three counters:
measured in Python it costs a quarter of setting up NumPy's Philox, needs no NumPy, and
is the same on every platform.
"""

import hashlib
import struct
from typing import TYPE_CHECKING

from sonde.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["WHOLE_SWEEP", "check_seed", "generator", "trial_seed", "uniforms", "words"]

WHOLE_SWEEP = 2**64 - 1
"""The trial to name for what is drawn once for a sweep."""

_COUNTERS = struct.Struct("<QQQ")
_UNIT = 2.0**-53
_TRIAL_SEED = 2**35  # the draw of a trial that is its own


def check_seed(seed: int) -> None:
    """Raise ConfigError unless a seed is an int from 0 up to, but not including, 2**63."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise ConfigError("seed", f"{seed!r} is no seed", "use a whole number from 0 to 2**63 - 1")


def words(seed: int, trial: int, draw: int, count: int) -> tuple[int, ...]:
    """Return `count` random ints of 64 bits."""
    try:
        counters = _COUNTERS.pack(seed, trial, draw)
    except struct.error:
        check_seed(seed)
        raise
    return struct.unpack(f"<{count}Q", hashlib.shake_128(counters).digest(8 * count))


def uniforms(seed: int, trial: int, draw: int, count: int) -> tuple[float, ...]:
    """Return `count` random numbers in [0, 1), each a multiple of 2**-53."""
    return tuple([(word >> 11) * _UNIT for word in words(seed, trial, draw, count)])


def trial_seed(seed: int, trial: int) -> int:
    """Return what a trial may seed its own random numbers with: from 0 up to 2**31 - 1.

    Repeats of an assignment differ in it, and a further attempt at a trial does not.
    """
    return words(seed, trial, _TRIAL_SEED, 1)[0] >> 33


def generator(seed: int, trial: int) -> "np.random.Generator":
    """Return NumPy's generator of a trial: Philox with the seed as key, from the trial's counter.

    Trials are 2**128 numbers apart, so that their streams never meet.
    """
    import numpy as np

    check_seed(seed)
    counter = np.array([0, 0, trial, 0], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=seed, counter=counter))
