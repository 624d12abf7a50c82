"""A tree-structured Parzen estimator: more of what the good trials have and the bad ones lack.

The best trials so far make one density and all others a second one, each a mixture of
kernels over all parameters at once; of candidates drawn from the first, the one at which
the ratio of the two is highest is proposed. Failed trials count among the others, and
so do those that are running, which keeps parallel proposals apart. Those that break a
constraint are never among the good while any trial keeps to them all. Conditional and
categorical parameters are at home here; the cost of a proposal hardly grows with the
number of trials.

Source: Bergstra et al., NeurIPS 2011; Watanabe, arXiv:2304.11127, 2023, for the settings.
Departures: of many bad trials only some have a kernel, those next to the good ones and a
random few of the rest, which then weigh as much as the whole. The good kernels are
narrower than the bad ones, and the first trials are even points.
"""

import math
from bisect import insort
from collections.abc import Collection, Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sonde.core.constraint import Constraint, violation
from sonde.core.distributions.values import Params, Value
from sonde.core.metric import Goal
from sonde.core.search.axes import Axes
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Space
from sonde.core.streams import generator
from sonde.core.surrogates.parzen import Category, Layout, Mixture
from sonde.core.trial import State, Trial, losses
from sonde.errors import ConfigError

__all__ = ["Tpe"]

_STARTUP = 10  # results before the first proposal of its own
_GOOD_SHARE, _MOST_GOOD = 0.1, 25
_NEAR, _FAR = 128, 128  # bad trials with a kernel: the best of them, and of the rest
_CANDIDATES = 64
_ROUNDS = 8  # of candidates, where all are infeasible or seen
_STRAY = 0.2  # b of `parzen`
# Bandwidths are width * n ** (-1 / (d + 4)) for n kernels, at least 1 / (n + 1) or 1 / 100.
_GOOD_WIDTH, _BAD_WIDTH, _FINEST = 0.1, 0.2, 100
_GOOD_PRIOR, _BAD_PRIOR = 1.0, 3.0  # weight of the broad kernel; any other weighs 1


class History:
    """What TPE knows of a sweep.

    Attributes:
        ranked: (violation, loss, number, row) of the trials with a result, best first.
        feasible: How many of these break no constraint.
        failed: (number, row) of those without.
        guess: What the user believes to be good, if anything.
    """

    def __init__(
        self, space: Space, goal: Goal, seed: int, constraints: Sequence[Constraint] = ()
    ) -> None:
        self.space, self.goal, self.seed = space, goal, seed
        self.constraints = tuple(constraints)
        self.axes = Axes(space)
        self.drawer = even(space, seed)
        self.ranked: list[tuple[float, float, int, int]] = []
        self.feasible = 0
        self.failed: list[tuple[int, int]] = []
        dimensions = len(space.dimensions)
        self._points = np.empty((64, dimensions))
        self._active = np.empty((64, dimensions), dtype=bool)
        self._count = 0
        each = self.axes.each
        categories = [
            Category(place, axis.middles, axis.shares)
            for place, axis in enumerate(each)
            if axis.middles is not None and axis.shares is not None
        ]
        self.guess = self._guessed() if space.has_guesses else None
        self.layout = Layout(self.axes.numeric, categories)

    def _guessed(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the point of the guesses, and which coordinates were guessed, (d,) each."""
        each = [p.distribution for p in self.space.dimensions]
        point = np.array([distribution.quantile(distribution.middle) for distribution in each])
        return point, np.array([distribution.has_guess for distribution in each])

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        if trial.state is State.CANCELLED:
            return
        try:
            point, active = self.axes.row(trial.params)
        except ValueError:  # from before the space was edited
            return
        row = self._count
        if row == len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
            self._active = np.concatenate([self._active, np.empty_like(self._active)])
        self._points[row], self._active[row] = point, active
        self._count += 1
        found = losses(trial, (self.goal,))
        if found is None or not math.isfinite(found[0]):
            insort(self.failed, (trial.number, row))
        else:
            over = violation(trial, self.constraints)
            self.feasible += not over
            insort(self.ranked, (over, found[0], trial.number, row))

    def rows(self, chosen: Sequence[int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the points of some rows and what is active there, (n, d) each."""
        return self._points[chosen], self._active[chosen]


class Tpe:
    """Multivariate, conditional and categorical, with a constant liar."""

    name = "tpe"
    adaptive = True

    def start(self, problem: Problem) -> History:
        """Return an empty history.

        Raises:
            ConfigError: Unless there is exactly one goal.
        """
        if len(problem.goals) != 1:
            found = f"it searches for one goal, not {len(problem.goals)}"
            remedy = "use evolution" if problem.goals else "name the metric"
            raise ConfigError("method tpe", found, remedy)
        return History(problem.space, problem.goals[0], problem.seed, problem.constraints)

    def observe(self, state: History, trial: Trial) -> History:
        """Take in a trial that has ended; cancelled ones do not count."""
        state.add(trial)
        return state

    def propose(self, state: History, request: Request) -> list[Params]:
        """Return points at which the ratio of the two densities is high."""
        found: list[Params] = []
        taken: set[Hashable] = set()
        pending = _Pending(state.axes, request.pending)
        for trial in range(request.first, request.first + request.count):
            params = None
            if len(state.ranked) >= _STARTUP:
                params = _best(state, pending, trial, request.seen, taken)
            if params is None:
                params = state.drawer.fresh(trial, request.seen, taken)
            if params is None:
                break
            found.append(params)
            taken.add(state.space.key(params))
            pending.add(params)
        return found


class _Pending:
    """The points of trials without a result yet."""

    def __init__(self, axes: Axes, pending: Sequence[Mapping[str, Value]]) -> None:
        self._axes = axes
        self.points: list[npt.NDArray[np.float64]] = []
        self.active: list[npt.NDArray[np.bool_]] = []
        for params in pending:
            self.add(params)

    def add(self, params: Mapping[str, Value]) -> None:
        try:
            point, active = self._axes.row(params)
        except ValueError:
            return
        self.points.append(point)
        self.active.append(active)


def _best(
    state: History,
    pending: _Pending,
    trial: int,
    seen: Collection[Hashable],
    taken: Collection[Hashable],
) -> Params | None:
    """Return the best unseen candidate, or None if all were seen or are infeasible."""
    random = generator(state.seed, trial)
    good, bad = _mixtures(state, pending, random)
    space, axes = state.space, state.axes
    for _ in range(_ROUNDS):
        points = good.sample(random, _CANDIDATES)
        axes.snap(points)
        features = state.layout.features(points, axes.active(points))
        ratio = good.log_density(features) - bad.log_density(features)
        for place in np.argsort(-ratio, kind="stable").tolist():
            params = space.at(points[place].tolist())
            if space.where and not space.feasible(params):
                continue
            key = space.key(params)
            if key not in seen and key not in taken:
                return params
    return None


def _mixtures(
    state: History, pending: _Pending, random: np.random.Generator
) -> tuple[Mixture, Mixture]:
    """Return the densities of the good trials and of the others, running ones included."""
    ranked, failed = state.ranked, state.failed
    border = min(math.ceil(_GOOD_SHARE * len(ranked)), _MOST_GOOD)
    # As long as nothing is feasible, what comes nearest to it shows the way there.
    border = min(border, state.feasible or border)
    good = [row for *_, row in ranked[:border]]
    near = [row for *_, row in ranked[border : border + _NEAR]]
    first, total = border + len(near), len(ranked) + len(failed)
    step = max((total - first) / _FAR, 1.0)
    # Systematic sampling by rank: one of every `step`, from a random start.
    places = np.arange(first + step * random.random(), total, step).astype(int).tolist()
    known = len(ranked)
    far = [ranked[i][-1] if i < known else failed[i - known][1] for i in places]
    points, active = state.rows(good)
    if state.guess is not None:
        # As if a good trial had been there, of which only the guessed parameters are known.
        points = np.concatenate([points, state.guess[0][None]])
        active = np.concatenate([active, state.guess[1][None]])
    weights = np.append(np.ones(len(points)), _GOOD_PRIOR)
    best = _mixture(state, points, active, weights, _GOOD_WIDTH)
    points, active = state.rows(near + far)
    weights = np.ones(len(points) + len(pending.points))
    weights[len(near) : len(near) + len(far)] = (total - first) / max(len(far), 1)
    if pending.points:
        points = np.concatenate([points, pending.points])
        active = np.concatenate([active, pending.active])
    return best, _mixture(state, points, active, np.append(weights, _BAD_PRIOR), _BAD_WIDTH)


def _mixture(
    state: History,
    points: npt.NDArray[np.float64],
    active: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    width: float,
) -> Mixture:
    count = len(weights)
    dimensions = active.sum() / max(len(points), 1)
    width *= count ** (-1 / (dimensions + 4))  # Scott's rule
    finest = 1 / min(count + 1, _FINEST)
    bandwidths = np.maximum(max(width, finest), state.axes.widths / 2)
    return Mixture(state.layout, points, active, weights, bandwidths, _STRAY)
