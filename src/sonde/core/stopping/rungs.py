"""Where a stopping rule compares trials: for those who draw curves."""

from sonde.core.stopping import rule
from sonde.core.stopping.asha import Asha
from sonde.core.stopping.hyperband import Hyperband
from sonde.errors import ConfigError

__all__ = ["rungs"]

_FURTHEST = 1_000_000


def rungs(text: str) -> list[int]:
    """Return after how many reports a rule compares, ascending; none where it always does.

    Args:
        text: The rule as a sweep has it; one of another package has none that are known.
    """
    try:
        found = rule(text)
    except ConfigError:
        return []
    if isinstance(found, Hyperband):
        return [int(band) for band in found.bands if band <= _FURTHEST]
    if not isinstance(found, Asha):
        return []
    levels, level = [], found.min_steps
    while level < min(found.max_steps or _FURTHEST, _FURTHEST):
        levels.append(level)
        level *= found.eta
    return levels
