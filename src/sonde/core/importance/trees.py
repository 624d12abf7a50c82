"""Importances from a forest: main effects, and what shuffling a parameter costs.

A tree is grown on a bootstrap sample. Where a parameter does not exist it is given a value at
random, another one for each tree, so that it explains nothing there.

Sources: Hutter, Hoos and Leyton-Brown, ICML 2014 (functional ANOVA); Breiman 2001 (permutation,
on the trials that a tree has not seen).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sonde.core.importance.results import Results
from sonde.core.surrogates.forest import Tree, grown, inside, main_effects

if TYPE_CHECKING:
    from sonde.core.surrogates.forest import Matrix

__all__ = ["main_effects_of_trees", "permuted_trees"]

_TREES = 48
_MOST = 1500  # results that a tree is grown on; of more each tree has others
_SHUFFLES = 3
_UNSEEN = 400  # results that shuffling is tried on


def main_effects_of_trees(results: Results, rng: Any) -> "Matrix":
    """Return the share of the variance that each axis explains by itself, (trees, axes)."""
    import numpy as np

    return np.array([main_effects(tree) for tree, _, _, _ in _trees(results, rng)])


def permuted_trees(results: Results, rng: Any) -> "Matrix":
    """Return half of what shuffling an axis adds to the squared error, (trees, axes).

    As a share of the variance; of a sum of functions of one parameter each, that is the share
    of the variance that the parameter explains.
    """
    import numpy as np

    answers = []
    for tree, x, y, sample in _trees(results, rng):
        unseen = np.setdiff1d(np.arange(len(y)), sample)
        # With a handful of trials a tree may have seen all.
        rows = rng.permutation(unseen if len(unseen) > 1 else len(y))[:_UNSEEN]
        answers.append(_added_error(tree, x[rows], y[rows], rng) / max(2 * y.var(), 1e-300))
    return np.array(answers)


def _added_error(tree: Tree, x: "Matrix", y: "Matrix", rng: Any) -> "Matrix":
    import numpy as np

    # (axes, n, leaves): which sides of each leaf's box a row is within.
    sides = np.stack([inside(tree, axis, x[:, axis]) for axis in range(x.shape[1])])
    base = ((y - sides.all(axis=0) @ tree.value) ** 2).mean()
    added = np.zeros(len(sides))
    for axis, side in enumerate(sides):
        if side.all():  # the tree does not look at it
            continue
        others = np.delete(sides, axis, axis=0).all(axis=0)
        for _ in range(_SHUFFLES):
            shuffled = (others & side[rng.permutation(len(y))]) @ tree.value
            added[axis] += ((y - shuffled) ** 2).mean() - base
    return added / _SHUFFLES


def _trees(results: Results, rng: Any) -> "Iterator[tuple[Tree, Matrix, Matrix, Any]]":
    """Yield trees, each with the places and losses that it is of, and the rows it was grown on."""
    import numpy as np

    known, losses = results.in_order_of_loss(), results.losses
    every = -(-len(losses) // _MOST)
    smallest = max(1, len(losses[::every]) // 100)
    for number in range(_TREES):
        part = slice(number % every, None, every)
        x, y = known[part], losses[part]
        x = np.where(np.isnan(x), rng.random(x.shape), x)
        sample = rng.integers(0, len(y), len(y))
        yield grown(x, y, sample, smallest=smallest), x, y, sample
