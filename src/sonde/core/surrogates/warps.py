"""Monotone warps of the losses, among which the data choose.

    w_c(z) = log(z + c),  z = (loss - least) / (early median - least),  and the identity

expand the region near the best so that a stationary model fits a valley and its walls
alike. A warp is judged by the model's marginal likelihood of the warped values times the
warp's Jacobian (Snelson et al., NeurIPS 16, 2004), and one is drawn for each proposal by
these weights, so that none has to be the right one.
"""

import numpy as np

from sonde.core.surrogates.encoding import Array

__all__ = ["WARPS", "graded", "normalised", "warped", "weights"]

WARPS: tuple[float | None, ...] = (None, 1.0, 0.3, 0.1)
"""The offsets c; None is the identity."""

_TEMPERATURE = 3.0  # evidence differs by more than the choice deserves
_EARLY = 20  # losses that come from all over the space
_DIGITS = 9
_FARTHEST = 1e9  # spans from the least loss


def normalised(losses: Array) -> Array:
    """Return finite losses (n,), in the order they came, with the least at 0.

    At 1 is the median of the first 20. That of all would come nearer to the least the longer
    a search stays at one place, and make much of ever smaller differences there.

    Losses that are the same but for a factor and a shift give the very same numbers, as
    what rounding makes of them is rounded away.
    """
    largest = np.abs(losses).max()
    scaled = losses / largest if largest > 1e100 else losses
    low = scaled.min()
    span = np.median(scaled[:_EARLY]) - low
    if not span > 0:
        span = scaled.max() - low
    if not span > 0:
        return np.zeros(len(losses))
    with np.errstate(over="ignore"):
        found: Array = np.round(np.minimum((scaled - low) / span, _FARTHEST), _DIGITS)
    return found


def warped(z: Array, offset: float | None) -> tuple[Array, float]:
    """Return normalised losses warped and standardised, and the log of the Jacobian."""
    if offset is None:
        values, jacobian = z, 0.0
    else:
        values, jacobian = np.log(z + offset), -float(np.log(z + offset).sum())
    deviation = float(values.std())
    if deviation <= 0:
        return np.zeros(len(z)), jacobian
    return (values - values.mean()) / deviation, jacobian - len(z) * float(np.log(deviation))


def weights(scores: Array) -> Array:
    """Return probabilities from negative log likelihoods, Jacobian included."""
    found: Array = np.exp(-(scores - scores.min()) / _TEMPERATURE)
    found /= found.sum()
    return found


def graded(excesses: Array) -> Array:
    """Return excesses (n,) over a constraint, in the order they came, where 0 stays 0.

    The far ends are drawn in, z = sign(e) log(1 + |e| / s), s being the median of the first 20
    (Eriksson and Poloczek, AISTATS 2021); what is not known counts as the worst seen, and
    as no better than s.
    """
    known = np.isfinite(excesses)
    sizes = np.abs(excesses[known])
    scale = float(np.median(sizes[:_EARLY])) if len(sizes) else 0.0
    if not scale > 0:
        scale = float(sizes.max()) if len(sizes) and sizes.max() > 0 else 1.0
    with np.errstate(over="ignore"):
        sized = np.minimum(np.abs(np.where(known, excesses, 0.0)) / scale, _FARTHEST)
    found: Array = np.round(np.sign(np.where(known, excesses, 0.0)) * np.log1p(sized), _DIGITS)
    worst = max(float(found.max()), float(np.log(2.0))) if len(found) else 0.0
    found[~known] = np.where(excesses[~known] < 0, -worst, worst)
    return found
