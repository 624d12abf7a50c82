"""Where to look next: the models of one sweep, kept up with its history.

`Expert.offers` yields assignments, the most promising first. It depends on the history in
the order in which trials ended, on the trial's number and on what is pending, and on
nothing that was asked before.
"""

import math
from collections import deque
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

import numpy as np

from sonde.core.distributions.values import Params, Value
from sonde.core.space import Space
from sonde.core.streams import generator
from sonde.core.surrogates.acquisition import Acquisition
from sonde.core.surrogates.candidates import Hunt
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.gaussian_process import Posterior, Prior, fit
from sonde.core.surrogates.loss_model import Conditioned, LossModel
from sonde.core.surrogates.warps import normalised

__all__ = ["Expert"]

_FEWEST_RESULTS = 3
_CENTRES = 5
_MARGIN = 0.01  # standard deviations of the warped loss: less is not worth a trial
_SAME = 0.05  # lengthscales between two trials at once, of which the second would tell little
_CANDIDATES, _CANDIDATES_LATER, _LATER = 1024, 512, 200
_MOST_LISTED = 2048  # points up to which a space is looked at whole
_MOST_LABELS = 200
_LABEL_NOISE = (math.log(1e-4), math.log(0.1))  # what fails once mostly fails again
_MOST_WEIGHED = 100  # results of a fit that serves one weighing of the goals only
_SHARE_OF_SUM = 0.05  # of the augmented Chebyshev norm


class Expert:
    """Models, and the history as arrays."""

    def __init__(self, space: Space, goals: int, seed: int) -> None:
        self._space, self._goals, self._seed = space, goals, seed
        self._encoding = Encoding(space)
        self._prior = Prior.of(self._encoding.active)
        self._loss = LossModel(self._encoding.group, self._prior, seed)
        self._rows = Growing(self._encoding.dimensions)  # of trials with a result
        self._columns = Growing(len(self._encoding.group))
        self._losses = Growing(goals)
        self._codes = Growing(1, dtype=np.uint64)  # of all trials
        self._labels: deque[tuple[Array, float]] = deque(maxlen=_MOST_LABELS)
        self._ended = self._failed = 0
        self._read = 0
        self._all: list[tuple[Params, Hashable]] | None = None
        self._all_rows = self._rows.filled
        if space.size is not None and space.size <= _MOST_LISTED:
            self._all = [(params, space.key(params)) for params in space.lattice()]
            self._all_rows = self._as_rows([params for params, _ in self._all])

    def offers(
        self,
        results: Sequence[tuple[Mapping[str, Value], tuple[float, ...]]],
        trial: int,
        pending: Sequence[Mapping[str, Value]],
        seen: Collection[Hashable],
    ) -> Iterator[Params]:
        """Yield assignments to try, best first; some may have been seen.

        Args:
            results: All so far, in the order in which they ended, without losses where a
                trial has failed.
            trial: The number of the one to come.
            pending: What is being tried.
            seen: Keys of all trials.
        """
        self._read_up(results)
        random = generator(self._seed, trial)
        waiting = self._as_rows(pending)
        acquisition, scale, centres = self._acquisition(waiting, random)
        if self._all is not None:
            yield from self._listed(acquisition, seen)
            return
        codes = np.append(self._codes.filled, self._encoding.codes(waiting))
        hunt = Hunt(
            encoding=self._encoding,
            random=random,
            acquisition=acquisition,
            scale=scale,
            centres=centres,
            admits=self._admits if self._space.where else None,
            taken=codes,
        )
        count = _CANDIDATES if self._ended < _LATER else _CANDIDATES_LATER
        near = self._encoding.columns(waiting) * scale
        for row in hunt.best(count):
            if len(near) and not self._encoding.is_finite:
                away = near - self._encoding.columns(row[None]) * scale
                if ((away * away).sum(1) < _SAME**2).any():
                    continue
            yield self._encoding.params(row.tolist())

    def _listed(self, acquisition: Acquisition, seen: Collection[Hashable]) -> Iterator[Params]:
        assert self._all is not None
        left = [i for i, (_, key) in enumerate(self._all) if key not in seen]
        values = acquisition(self._encoding.columns(self._all_rows[left]))
        for place in np.argsort(-values, kind="stable"):
            yield self._all[left[place]][0]

    def _admits(self, row: Array) -> bool:
        return self._space.feasible(self._encoding.params(row.tolist()))

    def _read_up(self, results: Sequence[tuple[Mapping[str, Value], tuple[float, ...]]]) -> None:
        new = results[self._read :]
        self._read = len(results)
        read = [(row, found) for params, found in new if (row := self._row(params)) is not None]
        if not read:
            return
        rows = np.array([row for row, _ in read]).reshape(len(read), -1)
        columns = self._encoding.columns(rows)
        succeeded = np.array([bool(found) for _, found in read])
        self._ended += len(read)
        self._failed += len(read) - int(succeeded.sum())
        if self._encoding.is_finite:
            self._codes.add(self._encoding.codes(rows)[:, None])
        self._labels.extend(zip(columns, np.where(succeeded, 1.0, -1.0), strict=True))
        self._rows.add(rows[succeeded])
        self._columns.add(columns[succeeded])
        self._losses.add(np.array([found for _, found in read if found]).reshape(-1, self._goals))

    def _row(self, params: Mapping[str, Value]) -> list[float] | None:
        try:
            return self._encoding.row(params)
        except ValueError:  # a value from before the space was edited
            return None

    def _as_rows(self, several: Sequence[Mapping[str, Value]]) -> Array:
        rows = [row for params in several if (row := self._row(params)) is not None]
        return np.array(rows).reshape(len(rows), self._encoding.dimensions)

    def _acquisition(
        self, waiting: Array, random: np.random.Generator
    ) -> tuple[Acquisition, Array, Array]:
        """Return it, the units of its columns, and rows around which to look."""
        there = self._encoding.columns(waiting)
        success, offset = self._success(there)
        group = self._encoding.group
        rows = self._rows.filled
        if len(rows) < _FEWEST_RESULTS:
            scale = np.exp(-self._prior.start(self._encoding.dimensions, 0.0)[:-1])[group]
            return Acquisition(None, 0.0, success, offset), scale, rows
        given = self._conditioned(random)
        posterior = given.posterior
        best = float(given.fitted.min()) - _MARGIN
        if len(there):
            # Kriging believer: what runs will turn out as expected.
            expected = posterior.mean(there)
            posterior = posterior.copy(len(there))
            posterior.extend(there, exact=True)
            posterior.target(np.append(given.target, expected))
            best = min(best, float(expected.min()) - _MARGIN)
        top = given.indices[np.argsort(given.fitted, kind="stable")[:_CENTRES]]
        scale = posterior.inverse_length
        return Acquisition(posterior, best, success, offset), scale, rows[top]

    def _conditioned(self, random: np.random.Generator) -> Conditioned:
        columns, losses = self._columns.filled, self._losses.filled
        if self._goals == 1:
            return self._loss.given(columns, losses[:, 0], random)
        weighed = _weighed(losses, random.dirichlet(np.ones(self._goals)))
        model = LossModel(
            self._encoding.group, self._prior, self._seed, (None, 0.3), most_fitted=_MOST_WEIGHED
        )
        return model.given(columns, weighed, random)

    def _success(self, there: Array) -> tuple[Posterior | None, float]:
        """Return a model of success less its offset, or None if nothing has failed."""
        if not self._failed:
            return None, 0.0
        # Of many trials the last ones: where one looks now is what matters.
        columns = np.array([column for column, _ in self._labels])
        labels = np.array([label for _, label in self._labels])
        offset = 1.0 - 2.0 * (self._failed + 1) / (self._ended + 2)
        prior = Prior.of(self._encoding.active, noise=-4.0, noise_bounds=_LABEL_NOISE)
        start = prior.start(self._encoding.dimensions, prior.noise)
        theta, _ = fit(columns, labels - offset, self._encoding.group, prior, [start])
        posterior = Posterior(columns, self._encoding.group, theta, len(columns) + len(there))
        posterior.target(labels - offset)
        expected = posterior.mean(there)
        posterior.extend(there)
        posterior.target(np.append(labels - offset, expected))
        return posterior, offset


class Growing:
    """Rows in one array with room for more; `filled` is a view of those there are."""

    def __init__(self, width: int, dtype: type = float) -> None:
        self._room: Array = np.zeros((64, width), dtype=dtype)
        self._count = 0

    def add(self, rows: Array) -> None:
        """Append rows (k, width), amortised O(k)."""
        needed = self._count + len(rows)
        if needed > len(self._room):
            room = np.zeros((2 * needed, self._room.shape[1]), dtype=self._room.dtype)
            room[: self._count] = self.filled
            self._room = room
        self._room[self._count : needed] = rows
        self._count = needed

    @property
    def filled(self) -> Array:
        """The rows so far (n, width)."""
        return self._room[: self._count]


def _weighed(losses: Array, weights: Array) -> Array:
    """Return the augmented Chebyshev norm of several losses (n, k) from the best of each."""
    z = np.column_stack([normalised(column) for column in losses.T])
    parts = z * weights
    total: Array = parts.max(1) + _SHARE_OF_SUM * parts.sum(1)
    return total
