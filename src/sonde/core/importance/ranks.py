"""What a monotonous relation explains: Spearman's rank correlation, and its square.

Of choices without an order it is the correlation ratio of the ranks: how much of their variance
is between the choices. Both are adjusted for the number of trials (Ezekiel), so that chance
explains nothing on average; trials are drawn again (bootstrap) for the interval.
"""

from typing import TYPE_CHECKING, Any

from sonde.core.importance.results import FEWEST, Results

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sonde.core.surrogates.forest import Matrix

__all__ = ["mid_ranks", "signed", "squared"]

_ANSWERS = 100


def mid_ranks(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return ranks from 1; equal values share the mean of theirs."""
    import numpy as np

    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    found: NDArray[np.float64] = (ends - (counts - 1) / 2)[of.reshape(-1)]
    return found


def signed(results: Results, axis: int) -> float | None:
    """Return the correlation of an axis and the goal's values over the trials that have both.

    None of choices without an order, of fewer than `FEWEST` trials, and where one of the two is
    always the same.
    """
    import numpy as np

    if results.is_nominal(axis):
        return None
    has = ~np.isnan(results.places[:, axis])
    if has.sum() < FEWEST:
        return None
    ranks, values = mid_ranks(results.places[has, axis]), mid_ranks(results.values[has])
    if not np.ptp(ranks) or not np.ptp(values):
        return None
    return float(np.corrcoef(ranks, values)[0, 1])


def squared(results: Results, rng: Any) -> "Matrix":
    """Return the share of the ranks' variance that each axis explains, (answers, axes).

    Of a parameter under a condition, times the share of the trials that have it.
    """
    import numpy as np

    n = len(results.losses)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_ANSWERS).astype(np.float64)
    found = np.zeros((_ANSWERS, len(results.parameters)))
    for axis in range(found.shape[1]):
        has = ~np.isnan(results.places[:, axis])
        if has.sum() < FEWEST:
            continue
        places, losses = results.places[has, axis], mid_ranks(results.losses[has])
        weights = drawn[:, has]
        if results.is_nominal(axis):
            explained, groups = _between(weights, places, losses)
        else:
            explained, groups = _together(weights, mid_ranks(places), losses), 2
        count = weights.sum(axis=1)
        adjusted = 1 - (1 - explained) * (count - 1) / np.maximum(count - groups, 1)
        found[:, axis] = adjusted.clip(0, 1) * count / n
    return found


def _together(weights: "Matrix", x: "Matrix", y: "Matrix") -> "Matrix":
    """Return the squared correlation of two columns, for each row of weights."""
    import numpy as np

    x, y = x - x.mean(), y - y.mean()
    n = np.maximum(weights.sum(axis=1), 1)
    means = weights @ np.stack([x, y, x * y, x * x, y * y], axis=1) / n[:, None]
    mx, my, xy, xx, yy = means.T
    spread = (xx - mx**2) * (yy - my**2)
    shared: Matrix = (xy - mx * my) ** 2
    share: Matrix = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 1e-9)
    return share


def _between(weights: "Matrix", x: "Matrix", y: "Matrix") -> "tuple[Matrix, int]":
    """Return the share of the variance between the groups of equal x, and how many those are."""
    import numpy as np

    options, of = np.unique(x, return_inverse=True)
    member = np.eye(len(options))[of]
    y = y - y.mean()
    counts, sums = weights @ member, weights @ (member * y[:, None])
    n = np.maximum(weights.sum(axis=1), 1)
    mean = sums.sum(axis=1) / n
    total = weights @ y**2 / n - mean**2
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    between = (counts * (means - mean[:, None]) ** 2).sum(axis=1) / n
    share: Matrix = np.divide(between, total, out=np.zeros_like(between), where=total > 1e-9)
    return share, len(options)
