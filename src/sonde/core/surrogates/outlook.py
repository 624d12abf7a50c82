"""What the models of one sweep make of its history: the acquisition of the next point.

One goal: the loss under one of its warps. Two or three: a model each, and the growth of
their front. More: their augmented Chebyshev norm with random weights, anew for each
trial (ParEGO: Knowles, IEEE Trans. Evol. Comput. 10, 2006). Each constraint has a model of
its own; as long as nothing keeps to all of them, how likely that becomes is all that
counts. Running trials turn out as expected (kriging believer). What the last trials teach serves
no others, so they go to the lowest loss that is expected (one goal, no constraints).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sonde.core.earlier import Lesson
from sonde.core.surrogates.acquisition import (
    Acquisition,
    Averaged,
    Improvement,
    Kept,
    Lowest,
    Success,
    Term,
)
from sonde.core.surrogates.belief import Belief
from sonde.core.surrogates.earlier import trend_of
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.gaussian_process import Posterior, Prior, fit
from sonde.core.surrogates.hypervolume import FrontGrowth, non_dominated, reference_point
from sonde.core.surrogates.kernel import Kernel, kernels_for
from sonde.core.surrogates.loss_model import Conditioned, LossModel
from sonde.core.surrogates.records import Records
from sonde.core.surrogates.warps import graded, normalised

__all__ = ["Models", "Outlook"]

_FEWEST_RESULTS = 3
_CENTRES = 5
_MARGIN = 0.01  # standard deviations of the warped loss: less is not worth a trial
_MOST_GOALS = 3  # with a hypervolume that is worth its cost
_LABEL_NOISE = (float(np.log(1e-4)), float(np.log(0.1)))  # what fails once mostly fails again
_MOST_WEIGHED = 100  # results of a fit that serves one weighing of the goals only
_WEIGHED_WARPS = (None, 0.3)
_SHARE_OF_SUM = 0.05  # of the augmented Chebyshev norm
_CERTAIN = 1.0  # standard deviations from its bound that a constraint keeps which never changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where to look next.

    Attributes:
        acquisition: What is to be high.
        scale: 1 / lengthscale for each column: the units in which to climb.
        centres: Rows of the best trials (m, d).
    """

    acquisition: Acquisition
    scale: Array
    centres: Array


class Models:
    """Of the losses, the constraints and the failures of one sweep."""

    def __init__(
        self,
        encoding: Encoding,
        goals: int,
        constraints: int,
        seed: int,
        earlier: Sequence[Lesson] = (),
    ) -> None:
        self._encoding, self._goals, self._seed = encoding, goals, seed
        self._prior = Prior.of(encoding.active)
        self._kernels = kernels = kernels_for(encoding)
        modelled = goals if goals <= _MOST_GOALS else 0
        self._losses = [
            LossModel(
                kernels, self._prior, seed, trend=trend_of(encoding, earlier, goal),
                scales=encoding.scales if goals == 1 else None, rough=goals == 1,
            )
            for goal in range(modelled)
        ]  # fmt: skip
        self._limits = [
            LossModel(kernels, self._prior, seed, (None,), levels=graded)
            for _ in range(constraints)
        ]

    def outlook(
        self,
        records: Records,
        there: Array,
        random: np.random.Generator,
        *,
        settles: bool = False,
    ) -> Outlook:
        """Return where to look next.

        Args:
            records: What has ended.
            there: Columns of what is being tried (q, c).
            random: For this trial.
            settles: Hardly any other trial is to come.
        """
        success = self._success(records, there)
        if len(records.rows) < _FEWEST_RESULTS:
            start = self._prior.start(self._encoding.dimensions, 0.0)[:-1]
            scale = np.exp(-start)[self._encoding.group]
            acquisition = Acquisition(None, success, self._believed(records))
            return Outlook(acquisition=acquisition, scale=scale, centres=records.rows)
        feasible = records.feasible
        limits, scale = self._kept(records, there, random)
        if not feasible.any():
            over = np.column_stack([graded(column) for column in records.excesses.T])
            least = np.argsort(np.maximum(over, 0.0).sum(1), kind="stable")[:_CENTRES]
            acquisition = Acquisition(None, success, limits)
            return Outlook(acquisition=acquisition, scale=scale, centres=records.rows[least])
        if 1 < self._goals <= _MOST_GOALS:
            gain, scale, best = self._growth(records, there, random)
        else:
            alone = self._goals == 1 and not self._limits
            gain, scale, best = self._improvement(records, there, random, settles and alone)
        acquisition = Acquisition(gain, success, [*limits, *self._believed(records)])
        return Outlook(acquisition=acquisition, scale=scale, centres=records.rows[best])

    def _improvement(
        self, records: Records, there: Array, random: np.random.Generator, settles: bool
    ) -> tuple[Term, Array, Array]:
        """Return the term, the scale of its model, and which results are the best."""
        losses, feasible = records.losses, records.feasible
        if self._goals == 1:
            model, values = self._losses[0], losses[:, 0]
        else:
            values = _weighed(losses, random.dirichlet(np.ones(self._goals)))
            model = LossModel(
                self._kernels[:1], self._prior, self._seed, _WEIGHED_WARPS,
                most_fitted=_MOST_WEIGHED,
            )  # fmt: skip
        given = model.given(
            records.columns, values, random, lambda n: np.where(feasible[:n], values[:n], np.inf)
        )
        kept = feasible[given.indices]
        top = np.argsort(np.where(kept, given.fitted, np.inf), kind="stable")[:_CENTRES]
        gain: Term = Lowest(given.posterior) if settles else _improvement(given, kept, there)
        if given.others and not settles:
            others = [
                replace(given, posterior=other, fitted=other.fitted(given.target))
                for other in given.others
            ]
            gain = Averaged([gain, *(_improvement(other, kept, there) for other in others)])
        return gain, given.posterior.inverse_length, given.indices[top]

    def _growth(
        self, records: Records, there: Array, random: np.random.Generator
    ) -> tuple[Term, Array, Array]:
        """Return the term, the scale of the least smooth goal, and points of the front."""
        losses, feasible = records.losses, records.feasible

        def dominated_by(n: int) -> Array:
            found = np.array([(losses[:n] <= row).all(axis=1).sum() for row in losses[:n]])
            return np.where(feasible[:n], found, np.inf)

        given = [
            model.given(records.columns, losses[:, k], random, dominated_by)
            for k, model in enumerate(self._losses)
        ]
        believed = [_believing(one, there) for one in given]
        expected = np.column_stack([values for _, values in believed])
        is_feasible = feasible[given[0].indices]
        fitted = np.column_stack([one.fitted for one in given])
        points = np.vstack([fitted[is_feasible], expected])
        front = points[non_dominated(points)]
        posteriors = [posterior for posterior, _ in believed]
        scale = np.max([posterior.inverse_length for posterior in posteriors], axis=0)
        indices = given[0].indices[is_feasible]
        on_front = indices[non_dominated(fitted[is_feasible])]
        best = random.choice(on_front, min(2 * _CENTRES, len(on_front)), replace=False)
        return FrontGrowth(posteriors, front, reference_point(front, points)), scale, best

    def _kept(
        self, records: Records, there: Array, random: np.random.Generator
    ) -> tuple[list[Term], Array]:
        """Return a term for each constraint, and the scale of the least smooth one."""
        found: list[Term] = []
        scale = np.zeros(len(self._encoding.group))
        for model, excesses in zip(self._limits, records.excesses.T, strict=True):
            given = model.given(records.columns, excesses, random, partial(_off_bound, excesses))
            level = graded(excesses)[given.indices]
            spread = float(level.std())
            limit = -float(level.mean()) / spread if spread > 0 else _CERTAIN
            posterior, _ = _believing(given, there)
            if spread > 0 or level[0] > 0:
                found.append(Kept(posterior, limit if spread > 0 else -_CERTAIN))
            scale = np.maximum(scale, posterior.inverse_length)
        return found, scale

    def _believed(self, records: Records) -> list[Term]:
        """Return a term for what the user has guessed, unless the first goal speaks against it."""
        if not self._encoding.space.has_guesses:
            return []
        belief = Belief(self._encoding, records.ended)
        is_refuted = belief.is_refuted(records.columns, records.losses[:, 0])
        return [] if is_refuted else [belief]

    def _success(self, records: Records, there: Array) -> Term | None:
        """Return a model of success less its offset, or None if nothing has failed."""
        if not records.failed:
            return None
        columns = np.array([column for column, _ in records.labels])
        labels = np.array([label for _, label in records.labels])
        offset = 1.0 - 2.0 * (records.failed + 1) / (records.ended + 2)
        prior = Prior.of(self._encoding.active, noise=-4.0, noise_bounds=_LABEL_NOISE)
        start = prior.start(self._encoding.dimensions, prior.noise)
        kernel = Kernel(self._encoding.group)
        theta, _ = fit(columns, labels - offset, kernel, prior, [start])
        posterior = Posterior(columns, kernel, theta, len(columns) + len(there))
        posterior.target(labels - offset)
        expected = posterior.mean(there)
        posterior.extend(there)
        posterior.target(np.append(labels - offset, expected))
        return Success(posterior, offset)


def _improvement(given: Conditioned, kept: Array, there: Array) -> Improvement:
    """Return the improvement on the lowest mean, where results that are kept or running lie."""
    posterior, expected = _believing(given, there)
    fitted = np.where(kept, given.fitted, np.inf)
    return Improvement(posterior, min([float(fitted.min()), *map(float, expected)]) - _MARGIN)


def _believing(given: Conditioned, there: Array) -> tuple[Posterior, Array]:
    """Return the posterior if running trials turn out as expected, and what that is (q,)."""
    if not len(there):
        return given.posterior, np.zeros(0)
    expected = given.posterior.mean(there)
    posterior = given.posterior.copy(len(there))
    posterior.extend(there, exact=True)
    posterior.target(np.append(given.target, expected))
    return posterior, expected


def _off_bound(excesses: Array, count: int) -> Array:
    """Return how far the first so many are from the bound: near it a model has to be right."""
    return np.abs(graded(excesses[:count]))


def _weighed(losses: Array, weights: Array) -> Array:
    """Return the augmented Chebyshev norm of several losses (n, k) from the best of each."""
    z = np.column_stack([normalised(column) for column in losses.T])
    parts = z * weights
    total: Array = parts.max(1) + _SHARE_OF_SUM * parts.sum(1)
    return total
