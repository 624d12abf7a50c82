"""How far two rankings agree: Kendall's tau, and what chance makes of it."""

import math

import numpy as np

from sonde.core.surrogates.encoding import Array

__all__ = ["chance", "tau"]


def tau(one: Array, other: Array) -> float:
    """Return Kendall's tau of two rankings (n,), from -1 to 1; ties are left out."""
    agreed = np.sign(one[:, None] - one) * np.sign(other[:, None] - other)
    counted = float(np.abs(agreed).sum())
    return float(agreed.sum()) / counted if counted else 0.0


def chance(n: int) -> float:
    """Return the standard deviation of tau of n, if the rankings have nothing in common."""
    return math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))) if n > 1 else 1.0
