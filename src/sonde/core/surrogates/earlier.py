"""A prior mean from earlier sweeps: what they found is believed as far as the new trials agree.

Each earlier sweep has a Gaussian process of its own, of its losses warped and standardised, so
that their scale plays no part. Those that order the new trials better than chance are averaged,
by the square of Kendall's tau, to a *trend*. The new loss is then modelled as a multiple of the
trend plus a process for what is left. Beside that stands the model without a trend: which of
them is asked is drawn by their evidence (`sonde.core.surrogates.loss_model`), so that a trend
that explains nothing loses its say as trials come in.

Ranking as the measure of what an earlier sweep is worth is from Feurer et al.,
arXiv:1802.02219, 2018; departure: one process with a mean instead of an ensemble of processes.
"""

from collections.abc import Sequence

import numpy as np

from sonde.core.earlier import Lesson
from sonde.core.surrogates.agreement import chance, tau
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.gaussian_process import Posterior, Prediction, Prior, fit
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.warps import WARPS, normalised, warped

__all__ = ["Leaning", "Trend", "leaned", "trend_of"]

_MOST = 100  # results of an earlier sweep that its model sees
_FEWEST = 5
_CHANCE = 2.0  # standard deviations of tau by chance, up to which a sweep is not believed
_FIRMNESS = 1.0  # of the belief, before any trial, that a trend is worth nothing
_LEAST_LEFT = 0.05  # standard deviations of the loss: no trend is taken to explain all
_PENALTY = 1.0  # log evidence: for the multiple, which is fitted


class Source:
    """The model of one earlier sweep.

    Args:
        columns: Of its results (n, c).
        losses: (n,).
        group: The dimension of each column.
        known: Which columns it knows of (c,); along the others it says the same everywhere.
    """

    def __init__(self, columns: Array, losses: Array, group: Array, known: Array) -> None:
        self._known = known.astype(float)
        order = np.argsort(losses, kind="stable")
        if len(order) > _MOST:
            half = _MOST // 2
            rest = order[half:]
            order = np.append(order[:half], rest[:: -(-len(rest) // half)])
        chosen = np.sort(order)
        x, z = columns[chosen] * self._known, normalised(losses[chosen])
        prior = Prior.of(float(len(np.unique(group[known]))))
        kernel = Kernel(group)
        start = prior.start(kernel.dimensions, -4.0)
        best: tuple[float, Array, Array] | None = None
        for offset in WARPS:
            y, jacobian = warped(z, offset)
            theta, value = fit(x, y, kernel, prior, [start])
            if best is None or value - jacobian < best[0]:
                best = value - jacobian, theta, y
        assert best is not None
        self._posterior = Posterior(x, kernel, best[1], len(x))
        self._posterior.target(best[2])

    def mean(self, x: Array) -> Array:
        """Return what it expects, in standard deviations of its own losses (m,)."""
        return self._posterior.mean(x * self._known)

    def slope(self, x: Array) -> Array:
        """Return the gradient of that (m, c)."""
        at = self._posterior.predict(x * self._known, slopes=True)
        one = np.ones(len(x))
        found: Array = self._posterior.pull_back(at, one, 0.0 * one) * self._known
        return found


class Trend:
    """What several sources say together, each by its share."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)

    def shares(self, x: Array, losses: Array) -> Array | None:
        """Return how much each source counts (s,), or None where none does better than chance."""
        taus = np.array([tau(source.mean(x), losses) for source in self._sources])
        found: Array = np.where(taus > _CHANCE * chance(len(losses)), taus, 0.0) ** 2
        total = found.sum()
        return found / total if total > 0 else None

    def values(self, x: Array, shares: Array) -> Array:
        """Return the trend at columns (m, c)."""
        return sum(
            (s * source.mean(x) for s, source in zip(shares, self._sources, strict=True) if s),
            np.zeros(len(x)),
        )

    def slopes(self, x: Array, shares: Array) -> Array:
        """Return its gradients (m, c)."""
        return sum(
            (s * source.slope(x) for s, source in zip(shares, self._sources, strict=True) if s),
            np.zeros(x.shape),
        )


def trend_of(encoding: Encoding, earlier: Sequence[Lesson], goal: int = 0) -> Trend | None:
    """Return the trend of one goal, if there is a lesson that is large enough for a model."""
    names = [p.name for p in encoding.space.dimensions if p.distribution.size != 1]
    sources = []
    for lesson in earlier:
        known = np.array([name not in lesson.unknown for name in names], dtype=bool)
        if len(lesson.results) < _FEWEST or not known.any():
            continue
        rows = np.array([encoding.row(params) for params, _ in lesson.results], dtype=float)
        losses = np.array([losses[goal] for _, losses in lesson.results])
        columns, group = encoding.columns(rows), encoding.group
        sources.append(Source(columns, losses, group, known[group]))
    return Trend(sources) if sources else None


def leaned(y: Array, jacobian: float, trend: Array) -> tuple[Array, float, float]:
    """Return what a trend leaves of standardised values, standardised again.

    Args:
        y: (n,).
        jacobian: Its log, of how y came about.
        trend: At the same points (n,).

    Returns:
        What is left, the log of the Jacobian with a penalty, and the multiple of the trend in the
        new units.
    """
    centred = trend - trend.mean()
    multiple = max(float(y @ centred), 0.0) / (float(centred @ centred) + _FIRMNESS)
    left = y - multiple * centred
    deviation = max(float(left.std()), _LEAST_LEFT)
    return (
        (left - left.mean()) / deviation,
        jacobian - len(y) * float(np.log(deviation)) - _PENALTY,
        multiple / deviation,
    )


class Leaning(Posterior):
    """A process of what is left, plus a multiple of the trend.

    Args:
        base: Of what is left; changed where this is.
        trend: The trend, with its sources' shares.
        multiple: As `leaned` gave it.
        there: The trend at the points that `base` holds.
    """

    def __init__(
        self, base: Posterior, trend: tuple[Trend, Array], multiple: float, there: Array
    ) -> None:
        self._base, self._trend, self._multiple, self._there = base, trend, multiple, there

    def __len__(self) -> int:
        return len(self._base)

    @property
    def inverse_length(self) -> Array:
        """1 / l for every column."""
        return self._base.inverse_length

    @property
    def noise(self) -> float:
        """The ratio g."""
        return self._base.noise

    def copy(self, room: int) -> "Leaning":
        """Return one that can be extended without changing this one."""
        return Leaning(self._base.copy(room), self._trend, self._multiple, self._there)

    def extend(self, x: Array, *, exact: bool = False) -> None:
        """Add points; see `Posterior.extend`."""
        self._base.extend(x, exact=exact)
        self._there = np.append(self._there, self._at(x))

    def target(self, y: Array) -> None:
        """Set the values at the points, the trend included."""
        self._base.target(y - self._multiple * self._there)

    def fitted(self, y: Array) -> Array:
        """Return the means at the points themselves."""
        trend = self._multiple * self._there
        return self._base.fitted(y - trend) + trend

    def mean(self, x: Array) -> Array:
        """Return the means at columns (m, c)."""
        return self._base.mean(x) + self._multiple * self._at(x)

    def predict(self, x: Array, *, slopes: bool = False) -> Prediction:
        """Return means and standard deviations at columns (m, c); see `Posterior.predict`."""
        found = self._base.predict(x, slopes=slopes)
        found.mean = found.mean + self._multiple * self._at(x)
        return found

    def pull_back(self, at: Prediction, of_mean: Array, of_sd: Array) -> Array:
        """Return the gradient by columns; see `Posterior.pull_back`."""
        trend, shares = self._trend
        slopes = trend.slopes(at.given, shares)
        found = self._base.pull_back(at, of_mean, of_sd)
        found += (self._multiple * of_mean)[:, None] * slopes
        return found

    def _at(self, x: Array) -> Array:
        trend, shares = self._trend
        return trend.values(x, shares)
