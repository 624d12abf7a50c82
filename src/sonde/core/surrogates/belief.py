"""Guesses as a prior of where the best lies: log pi, which fades as trials come in.

Hvarfner et al., ICLR 2022, arXiv:2204.11051 (piBO): the acquisition is multiplied by
pi(x) ** (beta / n). A number is believed to lie about its guess by a normal distribution in
quantiles, broad enough that a wrong guess is soon overcome; of choices the guess has half of
the probability more than the others. Departures: log pi is the mean over the parameters that
were guessed, not the sum, so that many guesses weigh no more than one; and where trials near
the guess are worse than others, by more than chance, it is believed no more.
"""

import math

import numpy as np

from sonde.core.surrogates.agreement import chance, tau
from sonde.core.surrogates.encoding import Array, Encoding

__all__ = ["SPREAD", "Belief", "share_of_guess"]

SPREAD = 0.25  # standard deviations of a number, as a share of its range
_BETA = 10.0
_SURE = 0.5  # probability that goes to a guess among choices at once


def share_of_guess(count: int) -> float:
    """Return the probability of the guess among so many choices."""
    return _SURE + (1 - _SURE) / count


class Belief:
    """log pi over the columns of a space, times beta / n."""

    def __init__(self, encoding: Encoding, trials: int) -> None:
        guessed = sum(p.distribution.has_guess for p in encoding.space.dimensions)
        weight = _BETA / max(trials, 1) / max(guessed, 1)
        columns = len(encoding.group)
        self._centre = np.zeros(columns)
        self._sharpness = np.zeros(columns)  # of the numbers
        self._bonus = np.zeros(columns)  # of choices
        self._absent = np.full(columns, -1)  # the columns that tell whether a number exists
        dimensions = [p for p in encoding.space.dimensions if p.distribution.size != 1]
        guess = encoding.row({p.name: p.distribution.middle for p in dimensions})
        at = encoding.columns(np.array([guess], dtype=float))[0]
        for j, parameter in enumerate(dimensions):
            if not parameter.distribution.has_guess:
                continue
            first, *others = np.flatnonzero(encoding.group == j)
            if not encoding.is_category[j]:
                self._centre[first] = at[first]
                self._sharpness[first] = weight / SPREAD**2
                self._absent[first] = others[0] if others else -1
                continue
            count = int(encoding.counts[j])
            share = share_of_guess(count)
            gain = weight * math.log(share * (count - 1) / (1 - share))
            if count > 2:
                self._bonus[encoding.group == j] = gain * at[encoding.group == j] / 0.5
            else:  # two values, at 0 and at 1
                self._bonus[first] = gain if at[first] > 0.5 else -gain

    def is_refuted(self, x: Array, losses: Array) -> bool:
        """Tell whether results (n,) at columns (n, c) get worse towards the guess."""
        n = len(losses)
        return tau(self.at(x, slopes=False)[0], losses) > chance(n)

    def at(self, x: Array, *, slopes: bool) -> tuple[Array, Array]:
        """Return values (m,) at columns (m, c) and, if wanted, gradients (m, c)."""
        away = np.where((self._absent >= 0) & (x[:, self._absent] > 0), 0.0, x - self._centre)
        value = x @ self._bonus - (away * away) @ self._sharpness / 2
        if not slopes:
            return value, value[:0]
        return value, self._bonus - away * self._sharpness
