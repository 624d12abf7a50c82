"""How many trials a sweep will have."""

from collections.abc import Sequence
from functools import lru_cache

from sonde.core.search import BREEDERS, parse_wanted
from sonde.core.space import Space
from sonde.core.sweep import Control
from sonde.store.protocol import SweepRecord

__all__ = ["total_of"]

MOST_COUNTED = 10_000  # points of a grid; beyond, conditions and relations are not counted out


def total_of(record: SweepRecord, trials: Sequence[object]) -> int | None:
    """Return how many trials there will be, or None where only time ends the sweep.

    Of one that was stopped, how many there were to be, and will be if it is gone on with.
    """
    if record.control in {Control.DONE, Control.CANCELLED}:
        return len(trials)
    # Trials that go on from others may have their values again.
    is_bound = parse_wanted(record.sweep.method).name not in BREEDERS
    points = points_of(record.sweep.space) if is_bound else None
    repeats = record.sweep.repeats
    limits = [limit for limit in (record.budget.trials, points and points * repeats) if limit]
    if not limits:
        return len(trials) if record.control is Control.STOPPED else None
    return max(min(limits), len(trials))


@lru_cache(maxsize=32)
def points_of(space: Space) -> int | None:
    """Return how many points there are: exactly, where they can be walked through soon."""
    size = space.size
    is_bound = bool(space.where) or any(p.when is not None for p in space.parameters)
    if size is None or size > MOST_COUNTED or not is_bound:
        return size
    return sum(1 for _ in space.lattice())
