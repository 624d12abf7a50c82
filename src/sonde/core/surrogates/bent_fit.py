"""Fits in which the ranges of numbers may be bent, if the data ask for it.

The exponents are fitted together with the hyperparameters, from where those are without a bend.
A bend has two numbers for each column to fit the data by, and so always fits them better. It is
taken only if the log likelihood gains more than Schwarz's criterion asks of so many numbers, half
the logarithm of the count of results each: where there is nothing to bend that is rare.

Source of the criterion: Schwarz, Ann. Statist. 6, 1978.
"""

import math
from dataclasses import dataclass

import numpy as np

from sonde.core.surrogates.bend import MOST, Bend
from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Prior, with_slopes
from sonde.core.surrogates.kernel import Kernel

__all__ = ["Fit", "bent"]

_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Hyperparameters as they were fitted.

    Attributes:
        kernel: Of the process.
        theta: Its hyperparameters (d + 1,).
        bend: What the columns go through; None: nothing.
        value: The negative log posterior, the price of a bend included.
    """

    kernel: Kernel
    theta: Array
    bend: Bend | None = None
    value: float


def bent(x: Array, y: Array, prior: Prior, columns: Array, plain: Fit, near: Fit) -> Fit:
    """Return a fit with these columns bent, or `plain` if that is as good.

    Args:
        x: Columns (n, c).
        y: Standardised values (n,).
        prior: Of theta.
        columns: Which may be bent (k,).
        plain: The fit without a bend.
        near: Where to start, if it has a bend; else the start is `plain`.
    """
    from scipy.optimize import minimize

    d = len(plain.theta)

    def function(both: Array) -> tuple[float, Array]:
        bend = Bend(columns=columns, shape=both[d:])
        value, by_theta, by_x = with_slopes(both[:d], bend.of(x), y, plain.kernel, prior)
        cost, by_shape = bend.cost()
        moved = [(by_x[:, columns] * slope).sum(0) for slope in bend.by_shape(x)]
        return value + cost, np.concatenate([by_theta, by_shape + np.concatenate(moved)])

    straight = np.zeros(2 * len(columns))
    base = plain if near.bend is None else near
    start = np.append(base.theta, straight if base.bend is None else base.bend.shape)
    low, high = prior.box(d - 1)
    bounds = np.column_stack([np.append(low, straight - MOST), np.append(high, straight + MOST)])
    found = minimize(
        function, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": _STEPS, "ftol": 1e-6, "gtol": 1e-3},
    )  # fmt: skip
    value = float(found.fun) + math.log(len(y)) * len(columns)
    if not value < plain.value:
        return plain
    bend = Bend(columns=columns, shape=found.x[d:])
    return Fit(kernel=plain.kernel, theta=found.x[:d], bend=bend, value=value)
