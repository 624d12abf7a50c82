"""A forest of regression trees over the unit cube, and what it says of each axis.

Each tree is grown on a bootstrap sample and cuts the cube into boxes, each with the mean of
the losses in it. The functional ANOVA of such a piecewise constant function is exact: the
marginal of an axis is a step function, and the share of the total variance that is the
marginal's says how much this axis matters by itself.

Sources: Breiman 2001 (forests); Hutter, Hoos and Leyton-Brown, ICML 2014 (their marginals).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix: TypeAlias = NDArray[np.float64]

__all__ = ["Tree", "grow", "grown", "inside", "main_effects"]

_LEAST_GAIN = 1e-12  # of the variance; smaller ones are rounding


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as its leaves.

    Attributes:
        low: (leaves, axes): where each leaf's box begins.
        high: (leaves, axes): where it ends.
        value: (leaves,): the mean loss in it.
    """

    low: "Matrix"
    high: "Matrix"
    value: "Matrix"


def grow(x: "Matrix", y: "Matrix", rng: Any, *, smallest: int) -> Tree:
    """Grow a tree on a bootstrap sample.

    Args:
        x: (n, axes), in [0, 1].
        y: (n,), finite.
        rng: A NumPy generator.
        smallest: Fewest points of the sample in a leaf.
    """
    return grown(x, y, rng.integers(0, len(y), len(y)), smallest=smallest)


def grown(x: "Matrix", y: "Matrix", sample: "NDArray[np.int64]", *, smallest: int) -> Tree:
    """Grow a tree on some rows, which may be there several times; the arguments are `grow`'s."""
    import numpy as np

    axes = x.shape[1]
    lows, highs, values = [], [], []
    todo = [(sample, np.zeros(axes), np.ones(axes))]
    while todo:
        rows, low, high = todo.pop()
        split = _split(x[rows], y[rows], smallest)
        if split is None:
            lows.append(low)
            highs.append(high)
            values.append(y[rows].mean())
            continue
        axis, at = split
        is_left = x[rows, axis] <= at
        left_high, right_low = high.copy(), low.copy()
        left_high[axis] = right_low[axis] = at
        todo.append((rows[is_left], low, left_high))
        todo.append((rows[~is_left], right_low, high))
    return Tree(np.array(lows), np.array(highs), np.array(values))


def main_effects(tree: Tree) -> "Matrix":
    """Return the share of the variance that each axis explains by itself, (axes,).

    All are 0 where the tree is constant.
    """
    import numpy as np

    sides = tree.high - tree.low
    volume = sides.prod(axis=1)
    mean = volume @ tree.value
    total = volume @ (tree.value - mean) ** 2
    shares = np.zeros(tree.low.shape[1])
    if total <= 0:
        return shares
    for axis in range(len(shares)):
        edges = np.unique(np.concatenate([tree.low[:, axis], tree.high[:, axis]]))
        if len(edges) <= 2:
            continue
        middles = (edges[:-1] + edges[1:]) / 2
        # (intervals, leaves): which boxes an interval of the axis passes through.
        passes = (tree.low[:, axis] < middles[:, None]) & (middles[:, None] < tree.high[:, axis])
        rest = volume / sides[:, axis]
        marginal = (passes * rest) @ tree.value
        shares[axis] = np.diff(edges) @ (marginal - mean) ** 2
    explained: Matrix = shares / total
    return explained


def inside(tree: Tree, axis: int, places: "Matrix") -> "NDArray[np.bool_]":
    """Tell which leaves' boxes some places (n,) on an axis are within, (n, leaves).

    Within all sides of its box a point of the cube is in one leaf alone.
    """
    low, high = tree.low[:, axis], tree.high[:, axis]
    at = places[:, None]
    found: NDArray[np.bool_] = ((low < at) | (low <= 0)) & (at <= high)
    return found


def _split(x: "Matrix", y: "Matrix", smallest: int) -> tuple[int, float] | None:
    """Return the axis and place that part the losses best; None if none does."""
    import numpy as np

    n = len(y)
    if n < 2 * smallest:
        return None
    order = x.argsort(axis=0, kind="stable")
    ranked = np.take_along_axis(x, order, axis=0)
    centred = y - y.mean()
    left = centred[order].cumsum(axis=0)[:-1]  # (n - 1, axes)
    count = np.arange(1, n)[:, None]
    gain = left**2 / count + left**2 / (n - count)
    # A cut lies between two values that differ, and leaves enough on both sides.
    gain[ranked[1:] <= ranked[:-1]] = -1.0
    gain[: smallest - 1] = -1.0
    gain[n - smallest :] = -1.0
    best = int(gain.argmax())
    row, axis = divmod(best, x.shape[1])
    if gain[row, axis] <= _LEAST_GAIN * max(float(centred @ centred), 1e-300):
        return None
    return axis, float((ranked[row, axis] + ranked[row + 1, axis]) / 2)
