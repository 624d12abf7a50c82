"""Learning curves for the dashboard: the joined points of some trials, thinned to what shows.

A curve of more points than asked for keeps, of each stretch, its lowest and its highest, so
that no spike is lost. NaN and infinities are points like others.
"""

from array import array
from collections.abc import Sequence
from typing import Any

from sonde.server.block import pack
from sonde.store.protocol import Curve, Store

__all__ = ["curves_block", "thinned"]


def curves_block(
    store: Store, sweep: str, trials: Sequence[int], metric: str, points: int
) -> bytes:
    """Return a block: `trials` with `starts` in `steps` and `values`, one more start at the end."""
    found = store.curves(sweep, trials, [metric])
    numbers, starts = array("I"), array("I", [0])
    steps, values = array("d"), array("d")
    for number in trials:
        curve = found.get(number, {}).get(metric)
        if curve is None:
            continue
        kept = thinned(curve, points)
        steps.extend(curve.steps[at] for at in kept)
        values.extend(curve.values[at] for at in kept)
        numbers.append(number)
        starts.append(len(steps))
    arrays: list[tuple[str, array[Any]]] = [
        ("trials", numbers),
        ("starts", starts),
        ("steps", steps),
        ("values", values),
    ]
    return pack({"metric": metric}, arrays)


def thinned(curve: Curve, points: int) -> Sequence[int]:
    """Return the places of the points to show, at most `points` (4 or more) of them."""
    count = len(curve.steps)
    if count <= points:
        return range(count)
    stretches = (points - 2) // 2
    kept = {0, count - 1}
    for i in range(stretches):
        first = 1 + i * (count - 2) // stretches
        last = 1 + (i + 1) * (count - 2) // stretches
        # NaN compares with nothing: it is kept where a stretch has no number.
        stretch = [at for at in range(first, last) if curve.values[at] == curve.values[at]]
        stretch = stretch or list(range(first, last))[:1]
        if stretch:
            kept.add(min(stretch, key=curve.values.__getitem__))
            kept.add(max(stretch, key=curve.values.__getitem__))
    return sorted(kept)
