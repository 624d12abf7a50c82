"""A model of the loss from the history: what is fitted when, and from which trials.

All of it is a function of the history, so that a controller that starts anew comes to the
same numbers without fitting what the old one had fitted before:

- Hyperparameters are fitted when the number of results has grown by a tenth. Such a fit
  starts from that of an *anchor*, which was made from the prior alone; anchors are some
  1.6 times apart.
- In between, results are added to the factor one by one. A view (`sonde.core.surrogates.views`)
  that an anchor speaks against is not fitted until the next one.
- Up to 30 results there are further models, whose hyperparameters are drawn when there is a fit.
- Of more than 30 results the kernel is chosen with the hyperparameters, and ranges may be bent
  (`sonde.core.surrogates.bent_fit`).
- Of more than 200 results the fit, of more than 400 the posterior sees a part: the best
  half of it, and others at random. That part is chosen anew every 100 results.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sonde.core.streams import WHOLE_SWEEP, generator
from sonde.core.surrogates.averaging import draws
from sonde.core.surrogates.bent_fit import Fit
from sonde.core.surrogates.earlier import Leaning, Trend, leaned
from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Posterior, Prior
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.views import FEW, Fitting, views
from sonde.core.surrogates.warps import WARPS, normalised, warped, weights

__all__ = ["Conditioned", "LossModel", "anchor_and_due"]

_FIRST = 3
_GROWTH, _ANCHOR_GROWTH = 1.1, 1.6
_MOST_FITTED = 200
_MOST_HELD, _HELD_FOR = 400, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioned:
    """What a proposal is made from.

    Attributes:
        posterior: Of the warped loss, given the results; not to be changed.
        target: The warped losses that it holds.
        fitted: Its means at these points.
        indices: Which results they are.
        others: Posteriors of the same target that the results do not rule out; none where
            they are many.
    """

    posterior: Posterior
    target: Array
    fitted: Array
    indices: Array
    others: tuple[Posterior, ...] = ()


class LossModel:
    """Models for one sweep.

    Args:
        kernels: Of the columns; as long as there are few results the first.
        prior: Of the hyperparameters.
        seed: The sweep's.
        warps: The offsets to choose from.
        levels: Makes what is modelled, before it is warped, from the values that came.
        most_fitted: How many results a fit sees at most.
        trend: What earlier sweeps expect; each warp is then tried with and without it.
        scales: Columns whose range may be bent; None: none.
        rough: Whether what looks like noise may be roughness as well.
    """

    def __init__(
        self,
        kernels: Sequence[Kernel],
        prior: Prior,
        seed: int,
        warps: tuple[float | None, ...] = WARPS,
        *,
        levels: Callable[[Array], Array] = normalised,
        most_fitted: int = _MOST_FITTED,
        trend: Trend | None = None,
        scales: Array | None = None,
        rough: bool = False,
    ) -> None:
        self._prior = prior
        self._seed = seed
        self._trend = trend
        self._views = views(warps, leaning=trend is not None, rough=rough)
        self._fitting = Fitting(self._views, kernels, prior, scales)
        self._levels = levels
        self._most_fitted = most_fitted
        self._fits: dict[int, list[Fit]] = {}
        self._posteriors: dict[tuple[int, int], tuple[Posterior, Array]] = {}
        self._draws: dict[tuple[int, int], list[Array]] = {}

    def given(
        self,
        x: Array,
        losses: Array,
        random: np.random.Generator,
        demerits: Callable[[int], Array] | None = None,
    ) -> Conditioned:
        """Return the posterior under one of the views, drawn by their weights.

        Args:
            x: Columns of all results (n, c), in the order in which they came; n >= 3.
            losses: Finite (n,), or whatever the levels are made of.
            random: Draws the view.
            demerits: Of the first so many results; of many those with the lowest are kept. By
                default the losses.
        """
        n = len(losses)
        anchor, due = anchor_and_due(n)
        kept_by = (lambda count: losses[:count]) if demerits is None else demerits
        fits = self._fitted(x, losses, kept_by, anchor, due)
        shares = weights(np.array([one.value for one in fits]))
        which = int(random.choice(len(shares), p=shares))
        posterior, indices = self._posterior(x[:n], kept_by, due, which, fits[which])
        return self._targeted(posterior, indices, x[:n], losses, which)

    def _targeted(
        self, posterior: Posterior, indices: Array, x: Array, losses: Array, which: int
    ) -> Conditioned:
        view = self._views[which]
        target, _ = warped(self._levels(losses)[indices], view.offset)
        if view.leans:
            posterior, target = self._leaning(posterior, x, losses, target, indices)
        posterior.target(target)
        others = [] if view.leans or len(x) > FEW else self._others(x, losses, which)
        for other in others:
            other.target(target)
        return Conditioned(
            posterior=posterior, target=target, fitted=posterior.fitted(target), indices=indices,
            others=tuple(others),
        )  # fmt: skip

    def _others(self, x: Array, losses: Array, which: int) -> list[Posterior]:
        """Return models of one warp with hyperparameters as they were drawn at the last fit."""
        due = anchor_and_due(len(x))[1]
        if (due, which) not in self._draws:
            y, _ = warped(self._levels(losses[:due]), self._views[which].offset)
            stream = generator(self._seed, WHOLE_SWEEP - 2 * due - 1)
            mode = self._fits[due][which]
            self._draws = {key: drawn for key, drawn in self._draws.items() if key[0] == due}
            self._draws[due, which] = draws(
                mode.theta, x[:due], y, mode.kernel, self._prior, stream
            )
        kernel = self._fits[due][which].kernel
        return [Posterior(x, kernel, theta, len(x)) for theta in self._draws[due, which]]

    def _leaning(
        self, posterior: Posterior, x: Array, losses: Array, target: Array, indices: Array
    ) -> tuple[Posterior, Array]:
        """Return the model with its trend, and the target in its units."""
        shares = None if self._trend is None else self._trend.shares(x, losses)
        if self._trend is None or shares is None:
            return posterior, target
        there = self._trend.values(x[indices], shares)
        left, _, multiple = leaned(target, 0.0, there)
        return Leaning(posterior, (self._trend, shares), multiple, there), left + multiple * there

    def _fitted(
        self, x: Array, losses: Array, kept_by: Callable[[int], Array], anchor: int, due: int
    ) -> list[Fit]:
        if due not in self._fits:
            base = None if anchor == due else self._fitted(x, losses, kept_by, anchor, anchor)
            found = self._fit(x[:due], losses[:due], kept_by, base)
            self._fits = {anchor: base, due: found} if base else {due: found}
        return self._fits[due]

    def _fit(
        self,
        x: Array,
        losses: Array,
        kept_by: Callable[[int], Array],
        base: list[Fit] | None,
    ) -> list[Fit]:
        n = len(losses)
        stream = generator(self._seed, WHOLE_SWEEP - 2 * n)
        chosen = _part(n, kept_by, self._most_fitted, stream)
        shares = None if self._trend is None else self._trend.shares(x, losses)
        x, z = x[chosen], self._levels(losses)[chosen]
        leaning = None
        if self._trend is not None and shares is not None:
            leaning = self._trend.values(x, shares)
        return self._fitting.fits(x, z, n, leaning, base)

    def _posterior(
        self, x: Array, kept_by: Callable[[int], Array], due: int, which: int, found: Fit
    ) -> tuple[Posterior, Array]:
        n = len(x)
        base = due if n <= _MOST_HELD else max(due, n // _HELD_FOR * _HELD_FOR)
        if (base, which) not in self._posteriors:
            stream = generator(self._seed, WHOLE_SWEEP - 2 * base - 1)
            chosen = _part(base, kept_by, _MOST_HELD, stream)
            room = len(chosen) + max(_HELD_FOR, math.ceil(base * (_GROWTH - 1)) + 1)
            kept = {key: one for key, one in self._posteriors.items() if key[0] == base}
            self._posteriors = kept
            made = Posterior(x[chosen], found.kernel, found.theta, room, found.bend)
            kept[base, which] = made, chosen
        posterior, chosen = self._posteriors[base, which]
        held = base + len(posterior) - len(chosen)
        posterior.extend(x[held:n])
        return posterior, np.append(chosen, np.arange(base, n))


def anchor_and_due(n: int) -> tuple[int, int]:
    """Return the counts of results of the last anchor and of the last fit, up to n >= 3."""
    anchor = due = _FIRST
    while True:
        following = max(due + 1, math.ceil(due * _GROWTH))
        if following > n:
            return anchor, due
        due = following
        if due >= anchor * _ANCHOR_GROWTH:
            anchor = due


def _part(
    n: int, demerits: Callable[[int], Array], most: int, random: np.random.Generator
) -> Array:
    """Return indices in ascending order: all, or the best half of `most` and as many others."""
    if n <= most:
        return np.arange(n)
    order = np.argsort(demerits(n), kind="stable")
    half = most // 2
    others = random.choice(order[half:], most - half, replace=False)
    return np.sort(np.append(order[:half], others))
