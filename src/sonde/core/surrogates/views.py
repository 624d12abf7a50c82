"""The ways to see the losses, among which the data choose, and the fit of each.

A view is a warp of the losses, with or without what earlier sweeps expect, and a side to look for
hyperparameters from: results that scatter are noise to a model with long lengthscales, and pits
and peaks to one with short ones. While trials are few both often explain them about as well. So a
*rough* view begins with short lengthscales and little noise, and where it ends elsewhere than the
plain one, proposals are made from both, as often as the likelihood has it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sonde.core.surrogates.bent_fit import Fit, bent
from sonde.core.surrogates.earlier import leaned
from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Prior, fit
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.warps import warped, weights

__all__ = ["FEW", "Fitting", "View", "views"]

FEW = 30
"""Results up to which there is one kernel and no bend, and several models are averaged."""

_NOISES = (-4.0, -1.0)  # logs to start from
_ROUGH_NOISE, _SHORTER = -5.0, 1.0  # and where what looks like noise may be roughness: logs as well
_ROUGH_PRICE = 3.0  # log odds against, before any result
_BOTH = 100  # results up to which an anchor looks at both sides: it costs, and more tell by then
_SAME = 0.3  # in any log hyperparameter: less far apart, two fits are the same
_UNLIKELY = 0.02  # share at an anchor below which a view is not fitted until the next


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One way.

    Attributes:
        offset: Of the warp.
        leans: Whether on earlier sweeps.
        is_rough: Whether its fit starts from short lengthscales.
    """

    offset: float | None
    leans: bool = False
    is_rough: bool = False


def views(warps: Sequence[float | None], *, leaning: bool, rough: bool) -> list[View]:
    """Return all that there are, the rough ones after the others.

    Args:
        warps: The offsets.
        leaning: Whether each is tried with earlier sweeps, too.
        rough: Whether each without them is tried from short lengthscales, too.
    """
    plain = [View(offset=offset) for offset in warps]
    found = list(plain)
    if leaning:
        found += [replace(view, leans=True) for view in plain]
    if rough:
        found += [replace(view, is_rough=True) for view in plain]
    return found


class Fitting:
    """Fits views to results.

    Args:
        found: The views, a rough one after the plain one with its warp.
        kernels: Of the columns; as long as there are few results the first.
        prior: Of the hyperparameters.
        scales: Columns whose range may be bent; None: none.
    """

    def __init__(
        self,
        found: Sequence[View],
        kernels: Sequence[Kernel],
        prior: Prior,
        scales: Array | None,
    ) -> None:
        self._views, self._kernels, self._prior = tuple(found), tuple(kernels), prior
        self._scales = None if scales is None or not len(scales) else scales

    def fits(
        self, x: Array, z: Array, n: int, leaning: Array | None, base: Sequence[Fit] | None
    ) -> list[Fit]:
        """Return a fit for each view, of infinite value where it is not to be drawn.

        Args:
            x: Columns of the results (m, c).
            z: Levels of their losses (m,), which are warped here.
            n: How many results there are, of which these may be a part.
            leaning: What earlier sweeps expect of them (m,); None: nothing.
            base: The fits of the last anchor; None at an anchor.
        """
        found: list[Fit] = []
        straight: dict[float | None, Fit] = {}
        unlikely = self._unlikely(base)
        for place, view in enumerate(self._views):
            near = None if base is None else base[place]
            if near is not None and place in unlikely:
                found.append(_never(near))
                continue
            if (view.leans and leaning is None) or (view.is_rough and near is None and n > _BOTH):
                start = self._starts(view)[0]
                found.append(Fit(kernel=self._kernels[0], theta=start, value=math.inf))
                continue
            y, jacobian = warped(z, view.offset)
            if view.leans and leaning is not None:
                y, jacobian, _ = leaned(y, jacobian, leaning)
            best = self._straight(x, y, n, view, near)
            if view.is_rough and _is_same(best, straight.get(view.offset)):
                found.append(_never(best))
                continue
            if not (view.leans or view.is_rough):
                straight[view.offset] = best
            if self._scales is not None and n > FEW:
                best = bent(x, y, self._prior, self._scales, best, near or best)
            price = _ROUGH_PRICE if view.is_rough else 0.0
            found.append(replace(best, value=best.value - jacobian + price))
        return found

    def _unlikely(self, base: Sequence[Fit] | None) -> set[int]:
        """Return the views without a trend that an anchor speaks against."""
        if base is None:
            return set()
        plain = [place for place, view in enumerate(self._views) if not view.leans]
        odds = weights(np.array([base[place].value for place in plain]))
        return {place for place, share in zip(plain, odds, strict=True) if share < _UNLIKELY}

    def _straight(self, x: Array, y: Array, n: int, view: View, near: Fit | None) -> Fit:
        """Return the best fit without a bend."""
        kernels = self._kernels if n > FEW else self._kernels[:1]
        starts = self._starts(view) if near is None else [near.theta]
        fits = []
        for kernel in kernels:
            theta, value = fit(x, y, kernel, self._prior, starts)
            fits.append(Fit(kernel=kernel, theta=theta, value=value))
            starts = [fits[0].theta] if near is None else starts
        return min(fits, key=lambda one: one.value)

    def _starts(self, view: View) -> list[Array]:
        dimensions = self._kernels[0].dimensions
        if not view.is_rough:
            return [self._prior.start(dimensions, noise) for noise in _NOISES]
        start = self._prior.start(dimensions, _ROUGH_NOISE)
        start[:-1] -= _SHORTER
        return [start]


def _never(one: Fit) -> Fit:
    """Return a fit that is not drawn before the next anchor."""
    return replace(one, value=math.inf)


def _is_same(one: Fit, other: Fit | None) -> bool:
    if other is None or one.kernel is not other.kernel:
        return False
    return bool(np.abs(one.theta - other.theta).max() < _SAME)
