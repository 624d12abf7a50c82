"""What a point adds to a front of several losses: the expected growth of what the front dominates.

What no point of the front dominates, up to a reference point that is worse than all of
them, is cut into boxes. With one independent model a goal, the expected volume that a new
point takes from a box is a product over the goals,

    prod_k [psi_k(u_k) - psi_k(l_k)],   psi_k(a) = E max(0, a - y_k),

and the sum over the boxes is the expected hypervolume improvement, exactly. All of it is
done with logarithms, which have a slope where the volume itself is zero to the last bit.

Source: Emmerich et al., CEC 2011, and Yang et al., J. Global Optim. 75, 2019, for the sum
over boxes; Ament et al., NeurIPS 2023, arXiv:2310.20708, for its logarithm.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from sonde.core.surrogates.acquisition import log_expected_improvement
from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Posterior

__all__ = ["FrontGrowth", "boxes", "non_dominated", "reference_point"]

_Strip: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]  # its two corners
_BEYOND = 0.1  # of the front's extent: how far past its ends the reference point lies


def non_dominated(points: Array) -> Array:
    """Return which of the points (n, k) no other one dominates; of equal ones the first."""
    count = len(points)
    kept = np.ones(count, dtype=bool)
    for i in range(count):
        no_worse = (points <= points[i]).all(axis=1)
        better = (points < points[i]).any(axis=1)
        earlier_twin = no_worse & ~better & (np.arange(count) < i)
        kept[i] = not ((no_worse & better) | earlier_twin).any()
    return kept


def reference_point(front: Array, all_points: Array) -> Array:
    """Return what is a tenth of the front's extent worse than the worst of it, goal by goal.

    A front of one point has no extent; there that of all points counts.
    """
    extent = front.max(axis=0) - front.min(axis=0)
    whole = all_points.max(axis=0) - all_points.min(axis=0)
    extent = np.where(extent > 0.0, extent, np.where(whole > 0.0, whole, 1.0))
    found: Array = front.max(axis=0) + _BEYOND * extent
    return found


def boxes(front: Array, reference: Array) -> tuple[Array, Array]:
    """Cut what the front leaves undominated into disjoint boxes, for two or three goals.

    Args:
        front: Points (n, k), better than the reference in all goals.
        reference: (k,).

    Returns:
        Lower corners (b, k), which may be minus infinity, and upper ones.
    """
    if front.shape[1] == 2:
        strips = _strips(front, reference)
        lower = np.array([low for low, _ in strips])
        return lower, np.array([high for _, high in strips])
    # Three goals: sweep the third one upwards. A strip is open as long as no further point
    # cuts it, and gives one box when it closes.
    open_since = dict.fromkeys(_strips(front[:0, :2], reference[:2]), -np.inf)
    lower_corners, upper_corners = [], []
    stairs = front[:0, :2]
    for row in front[np.argsort(front[:, 2], kind="stable")]:
        height, step = float(row[2]), row[:2]
        if not (stairs <= step).all(axis=1).any():
            stairs = np.vstack([stairs[~(stairs >= step).all(axis=1)], step])
        now = set(_strips(stairs, reference[:2]))
        for strip in [strip for strip in open_since if strip not in now]:
            since = open_since.pop(strip)
            if height > since:
                lower_corners.append([*strip[0], since])
                upper_corners.append([*strip[1], height])
        for strip in now:
            open_since.setdefault(strip, height)
    for strip, since in open_since.items():
        lower_corners.append([*strip[0], since])
        upper_corners.append([*strip[1], float(reference[2])])
    # In an order that does not depend on how sets are laid out.
    lower, upper = np.array(lower_corners), np.array(upper_corners)
    order = np.lexsort(np.hstack([lower, upper]).T)
    return lower[order], upper[order]


def _strips(front: Array, reference: Array) -> list[_Strip]:
    """Return the boxes below and left of a staircase, each from -infinity in the second goal."""
    stairs = front[np.argsort(front[:, 0], kind="stable")]
    edges = [-np.inf, *map(float, stairs[:, 0]), float(reference[0])]
    tops = [float(reference[1]), *map(float, stairs[:, 1])]
    return [
        ((left, -np.inf), (right, top))
        for left, right, top in zip(edges[:-1], edges[1:], tops, strict=True)
        if right > left
    ]


class FrontGrowth:
    """Log expected hypervolume improvement.

    Args:
        losses: A model of each goal, two or three.
        front: The points to add to (n, k), in the models' units.
        reference: Worse than all of them (k,).
    """

    def __init__(self, losses: Sequence[Posterior], front: Array, reference: Array) -> None:
        self._losses = losses
        lower, upper = boxes(front, reference)
        # The same few edges bound many boxes.
        self._edges, self._low, self._high = [], [], []
        for k in range(len(losses)):
            edges = np.unique(np.append(lower[:, k], upper[:, k]))
            self._edges.append(edges)
            self._low.append(np.searchsorted(edges, lower[:, k]))
            self._high.append(np.searchsorted(edges, upper[:, k]))

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values and, if wanted, gradients."""
        predictions = [model.predict(x, slopes=slopes) for model in self._losses]
        parts = []
        logs = np.zeros((len(x), len(self._low[0])))
        for k, at in enumerate(predictions):
            u = (self._edges[k] - at.mean[:, None]) / at.sd[:, None]
            log_h, by_mean, by_sd = log_expected_improvement(np.maximum(u, -1e150))
            log_psi = log_h + np.log(at.sd)[:, None]
            below, above = log_psi[:, self._low[k]], log_psi[:, self._high[k]]
            # log(psi(u) - psi(l)); nothing is nearer to its neighbour than rounding.
            share = np.maximum(-np.expm1(below - above), 1e-14)
            logs += above + np.log(share)
            parts.append((by_mean, by_sd, np.exp(below - above), share))
        top = logs.max(axis=1)
        weights = np.exp(logs - top[:, None])
        total = weights.sum(axis=1)
        value = top + np.log(total)
        if not slopes:
            return value, value[:0]
        weights /= total[:, None]
        gradient = np.zeros(x.shape)
        for k, (at, model) in enumerate(zip(predictions, self._losses, strict=True)):
            by_mean, by_sd, ratio, share = parts[k]
            high, low = self._high[k], self._low[k]
            of_mean = (by_mean[:, high] - ratio * by_mean[:, low]) / share
            of_sd = (by_sd[:, high] - ratio * by_sd[:, low]) / share
            gradient += model.pull_back(
                at, -(weights * of_mean).sum(1) / at.sd, (weights * of_sd).sum(1) / at.sd
            )
        return value, gradient
