"""PED-ANOVA: a parameter matters where the best trials are spread otherwise than all are.

Both are densities on one axis, of Gaussian kernels (Scott's rule) or of shares of choices, each
with a uniform one that counts as one trial. Their Pearson divergence, as a share of the sum over
all parameters, is the importance. It says what mattered for being good, and not what made bad
trials bad. Of a parameter under a condition those of the best count that have it.

Source: Watanabe, Bansal and Hutter, IJCAI 2023, eq. 17, local to the trials as they lie. Trials are
drawn again (bootstrap) for the interval.
"""

from typing import TYPE_CHECKING, Any

from sonde.core.importance.results import Results

if TYPE_CHECKING:
    from sonde.core.surrogates.forest import Matrix

__all__ = ["divergences"]

_BEST = 0.1  # of the trials
_FEWEST = 3  # best ones
_STEPS = 50  # of an axis without cells of its own
_ANSWERS = 64


def divergences(results: Results, rng: Any) -> "Matrix":
    """Return the importances of the axes, (answers, axes); the rows sum up to 1, or are 0."""
    import numpy as np

    n = len(results.losses)
    best = min(max(-(-n // int(1 / _BEST)), _FEWEST), n)
    order = np.argsort(results.losses, kind="stable")
    # How often each trial is drawn; the best tenth of what is drawn, in parts where it must be.
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_ANSWERS).astype(np.float64)
    ranked = drawn[:, order]
    before = ranked.cumsum(axis=1) - ranked
    top = np.empty_like(drawn)
    top[:, order] = np.clip(best - before, 0, ranked)
    found = np.empty((_ANSWERS, len(results.parameters)))
    for axis in range(found.shape[1]):
        places = results.places[:, axis]
        has = ~np.isnan(places)
        among_best = top[:, has].sum(axis=1) / best
        cells, smooth = _cells(results, axis, places[has])
        all_, good = (_density(weights[:, has], cells, smooth=smooth) for weights in (drawn, top))
        found[:, axis] = (all_ * (good / all_ - 1) ** 2).sum(axis=1) * among_best
    total = found.sum(axis=1, keepdims=True)
    shares: Matrix = np.divide(found, total, out=np.zeros_like(found), where=total > 1e-12)
    return shares


def _cells(results: Results, axis: int, places: "Matrix") -> "tuple[Any, bool]":
    """Return which cell of (n, cells) each place lies in, as a matrix of 0 and 1."""
    import numpy as np

    size = results.parameters[axis].distribution.size
    nominal = results.is_nominal(axis)
    count = size if size is not None and (nominal or size <= _STEPS) else _STEPS
    if nominal:  # only those that came up have a place of their own
        _, cell = np.unique(places, return_inverse=True)
    else:
        cell = np.minimum((places * count).astype(int), count - 1)
    return np.eye(max(count, 1))[cell], not nominal


def _density(weights: "Matrix", cells: "Matrix", *, smooth: bool) -> "Matrix":
    """Return the shares of the cells, (answers, cells), with one trial that is everywhere."""
    import numpy as np

    counts = weights @ cells
    n, steps = counts.sum(axis=1), counts.shape[1]
    if smooth and len(cells):
        middle = counts.mean(axis=0)
        total, at = max(float(middle.sum()), 1e-12), np.arange(steps)
        mean = float(middle @ at) / total
        deviation = float(np.sqrt(middle @ (at - mean) ** 2 / total))
        width = max(1.059 * deviation * max(float(n.mean()), 1.0) ** -0.2, 0.5)  # Scott's rule
        kernel = np.exp(-0.5 * ((at[:, None] - at[None, :]) / width) ** 2)
        counts = counts @ (kernel / kernel.sum(axis=1, keepdims=True))
    found: Matrix = (counts + 1 / steps) / (n + 1)[:, None]
    return found
