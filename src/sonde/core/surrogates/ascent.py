"""Maximising from several starts at once, inside a box: BFGS with one matrix for each start.

All starts take their steps together, so that a step costs one call of the function
however many there are; a start that has converged leaves the batch.
"""

from collections.abc import Callable

import numpy as np

from sonde.core.surrogates.encoding import Array

__all__ = ["ascend"]

_STEPS = 40
_FIRST_SCALE = 0.05  # of the first inverse Hessian
_LONGEST_STEP = 1.0
_ARMIJO = 1e-4
_SHRINK, _SHORTEST = 0.3, 1e-3
_ENOUGH = 1e-3  # a gain below which a start has converged


def ascend(
    function: Callable[[Array, Array], tuple[Array, Array]], start: Array, high: Array
) -> tuple[Array, Array]:
    """Return local maxima (b, d) between 0 and `high`, and the values there (b,).

    Args:
        function: Takes points (m, d) and which starts they belong to (m,); returns values
            (m,) and gradients (m, d).
        start: Where from (b, d), in units in which the function bends about alike.
        high: The upper bounds (d,).
    """
    best, values = start.copy(), np.full(len(start), -np.inf)
    who = np.arange(len(start))
    x = start
    f, g = _negated(function(x, who))
    h = np.tile(np.eye(x.shape[1]) * _FIRST_SCALE, (len(x), 1, 1))
    length = np.ones(len(x))
    for _ in range(_STEPS):
        step = _direction(x, g, h, high)
        x_new = np.clip(x + length[:, None] * step, 0.0, high)
        f_new, g_new = _negated(function(x_new, who))
        moved = x_new - x
        accepted = f_new <= f + _ARMIJO * (g * moved).sum(1)
        _update(h, moved, g_new - g, accepted)
        converged = accepted & (f - f_new < _ENOUGH)
        x = np.where(accepted[:, None], x_new, x)
        g = np.where(accepted[:, None], g_new, g)
        f = np.where(accepted, f_new, f)
        length = np.where(accepted, 1.0, length * _SHRINK)
        goes_on = ~converged & (length > _SHORTEST)
        if not goes_on.all():
            best[who[~goes_on]], values[who[~goes_on]] = x[~goes_on], -f[~goes_on]
            who, x, f, g = who[goes_on], x[goes_on], f[goes_on], g[goes_on]
            h, length = h[goes_on], length[goes_on]
            if not len(who):
                break
    best[who], values[who] = x, -f
    return best, values


def _negated(found: tuple[Array, Array]) -> tuple[Array, Array]:
    return -found[0], -found[1]


def _direction(x: Array, g: Array, h: Array, high: Array) -> Array:
    """Return descent directions that do not lead out of the box at once."""
    stuck = ((x <= 0.0) & (g > 0.0)) | ((x >= high) & (g < 0.0))
    free = np.where(stuck, 0.0, g)
    step: Array = -np.matmul(h, free[:, :, None])[:, :, 0]
    step[stuck] = 0.0
    uphill = (step * free).sum(1) >= 0.0
    step[uphill] = -free[uphill] * _FIRST_SCALE
    norm = np.sqrt((step * step).sum(1))
    step /= np.maximum(norm / _LONGEST_STEP, 1.0)[:, None]
    return step


def _update(h: Array, moved: Array, bent: Array, accepted: Array) -> None:
    """Take what was seen of the curvature into the inverse Hessians, in place (BFGS)."""
    curvature = (moved * bent).sum(1)
    rows = np.flatnonzero(accepted & (curvature > 1e-10))
    if not len(rows):
        return
    s, y, rho = moved[rows], bent[rows], 1.0 / curvature[rows]
    hy = np.matmul(h[rows], y[:, :, None])[:, :, 0]
    scale = (1.0 + (y * hy).sum(1) * rho) * rho
    cross = s[:, :, None] * (hy * rho[:, None])[:, None, :]
    h[rows] += (scale[:, None] * s)[:, :, None] * s[:, None, :] - cross - cross.transpose(0, 2, 1)
