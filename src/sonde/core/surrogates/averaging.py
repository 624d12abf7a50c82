"""Hyperparameters drawn from what the data leave open, for when there are few of them.

A handful of results hardly tells a short lengthscale from noise, so that the mode of the
posterior alone is surer than it may be. As long as results are few, the improvement is
therefore averaged over models: the one at the mode, and some whose hyperparameters are drawn
by elliptical slice sampling, which needs no tuning where the prior is normal.

Source: Murray, Adams and MacKay, AISTATS 2010, Figure 2; Snoek et al., NeurIPS 2012, section
3.2, for averaging the acquisition.
"""

import math

import numpy as np

from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Prior, negative_log_likelihood
from sonde.core.surrogates.kernel import Kernel

__all__ = ["draws"]

_COUNT = 4
_BURN_IN, _APART = 10, 5  # steps of the chain
_NARROWEST = 1e-3  # of the bracket, in radians: the chain then stays where it is


def draws(
    mode: Array, x: Array, y: Array, kernel: Kernel, prior: Prior, random: np.random.Generator
) -> list[Array]:
    """Return a few thetas from their posterior within the prior's bounds.

    Args:
        mode: Where the chain begins (d + 1,).
        x: Columns (n, c).
        y: Standardised values (n,).
        kernel: Of the columns.
        prior: Of theta.
        random: For the chain.
    """
    dimensions = len(mode) - 1
    centre = prior.start(dimensions, prior.noise)
    spread = np.append(np.full(dimensions, prior.length_sd), prior.noise_sd)
    low, high = prior.box(dimensions)

    def energy(theta: Array) -> float:
        outside = (theta < low).any() or (theta > high).any()
        return math.inf if outside else negative_log_likelihood(theta, x, y, kernel)

    theta, here = mode, energy(mode)
    found = []
    for step in range(1, _BURN_IN + _COUNT * _APART + 1):
        across = spread * random.standard_normal(dimensions + 1)
        most = here + random.exponential()  # what the next one may cost
        angle = random.uniform(0.0, 2 * math.pi)
        low_angle, high_angle = angle - 2 * math.pi, angle
        while high_angle - low_angle > _NARROWEST:
            there = centre + (theta - centre) * math.cos(angle) + across * math.sin(angle)
            cost = energy(there)
            if cost < most:
                theta, here = there, cost
                break
            if angle < 0:
                low_angle = angle
            else:
                high_angle = angle
            angle = random.uniform(low_angle, high_angle)
        if step > _BURN_IN and (step - _BURN_IN) % _APART == 0:
            found.append(theta)
    return found
