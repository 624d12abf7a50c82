"""CMA-ES: a normal distribution of points that learns where, how far and in which direction.

For numeric parameters that interact, and some hundred trials or more. Each time as many
trials have ended as make a generation, the distribution moves; nobody waits for anybody,
so that any number of workers may run. Whole numbers and steps keep a margin for the
values beside the mean, categories have a probability each, and what an inactive
parameter would have been is drawn. Failed trials come last in their generation, and before
them those that break a constraint, by how much. Once it has converged it starts anew
elsewhere, with generations twice as large.

Source: Hansen, arXiv:1604.00772, 2016, and what `sonde.core.surrogates.cma` names.
Departure: a generation is whichever trials ended one after the other, also such as an
earlier distribution, or a person, proposed.
"""

import math
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonde.core.constraint import Constraint, violation
from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.search.axes import Axes
from sonde.core.search.drawing import Drawer
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, check_seed, generator, uniforms
from sonde.core.surrogates.cma import Cma
from sonde.core.trial import State, Trial, losses
from sonde.errors import ConfigError

__all__ = ["Cmaes"]

_LATENT, _RESTART = 2**33, 2**34  # draws of a trial, and of the sweep, that nobody else makes
_DRAWS, _ROUNDS, _WIDENING = 16, 6, 1.5  # where all that was drawn was seen, or infeasible


@dataclass(frozen=True, slots=True)
class _Ended:
    over: float  # by how much it breaks the constraints; infinite for failures
    loss: float
    number: int
    point: npt.NDArray[np.float64]
    active: npt.NDArray[np.bool_]


class Generation:
    """The distribution, and the trials that ended since it moved last."""

    def __init__(
        self, space: Space, goal: Goal, seed: int, constraints: Sequence[Constraint] = ()
    ) -> None:
        check_seed(seed)
        self.space, self.goal, self.seed = space, goal, seed
        self.constraints = tuple(constraints)
        self.axes = Axes(space)
        count = len(space.dimensions)
        self.drawer = Drawer(space, seed, lambda trial, draw: uniforms(seed, trial, draw, count))
        each, numeric = self.axes.each, self.axes.numeric
        self._edges = [each[i].edges for i in numeric]
        self._shares = [s for i in self.axes.categorical if (s := each[i].shares) is not None]
        self._restarts = 0
        middle = [p.distribution.quantile(p.distribution.middle) for p in space.dimensions]
        guessed = [p.distribution.has_guess for p in space.dimensions]
        mean = [middle[i] if guessed[i] else 0.5 for i in numeric]
        self.cma = Cma(self._edges, self._shares, 0, np.array(mean))
        self._ended: list[_Ended] = []

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended; the last one of a generation moves the distribution."""
        if trial.state is State.CANCELLED:
            return
        try:
            point, active = self.axes.row(trial.params)
        except ValueError:  # from before the space was edited
            return
        found = losses(trial, (self.goal,))
        loss = found[0] if found is not None and math.isfinite(found[0]) else math.inf
        over = violation(trial, self.constraints) if math.isfinite(loss) else math.inf
        self._ended.append(_Ended(over, loss, trial.number, point, active))
        if len(self._ended) == self.cma.size:
            self._move()

    def _move(self) -> None:
        ended = sorted(self._ended, key=lambda one: (one.over, one.loss, one.number))
        self._ended = []
        numeric, categorical = self.axes.numeric, self.axes.categorical
        points = np.empty((len(ended), len(numeric)))
        chosen = np.full((len(ended), len(categorical)), -1)
        for row, one in enumerate(ended):
            u = np.array(uniforms(self.seed, one.number, _LATENT, len(numeric)))
            points[row] = self.cma.latent(one.point[numeric], one.active[numeric], u)
            for column, place in enumerate(categorical):
                if one.active[place]:
                    chosen[row, column] = self.axes.category(place, one.point[None, :])[0]
        self.cma.adapt(points, chosen, _as_losses(ended))
        if self.cma.has_converged:
            self._restarts += 1
            draw = _RESTART + self._restarts
            mean = np.array(uniforms(self.seed, WHOLE_SWEEP, draw, len(numeric)))
            self.cma = Cma(self._edges, self._shares, self._restarts, mean)

    def draw(self, random: np.random.Generator, scale: float) -> npt.NDArray[np.float64]:
        """Draw points of [0, 1]^d, (n, d)."""
        numeric = self.axes.numeric
        found = np.empty((_DRAWS, len(self.axes.each)))
        found[:, numeric] = self.cma.sample(random, _DRAWS, scale)
        shares = self.cma.probabilities
        for place, share in zip(self.axes.categorical, shares, strict=True):
            middles = self.axes.each[place].middles
            assert middles is not None
            u = random.random(_DRAWS)
            found[:, place] = middles[np.searchsorted(np.cumsum(share[:-1]), u, side="right")]
        return found


def _as_losses(ended: Sequence[_Ended]) -> npt.NDArray[np.float64]:
    """Return numbers that ascend with the order of a generation; only failures are infinite.

    Where some are feasible the others count as the worst of these, else by their violation.
    """
    worst = max((one.loss for one in ended if not one.over), default=None)
    return np.array(
        [
            one.loss
            if not one.over
            else one.over
            if worst is None or math.isinf(one.over)
            else worst
            for one in ended
        ]
    )


class Cmaes:
    """CMA-ES with margin, categories and restarts."""

    name = "cmaes"
    adaptive = True

    def start(self, problem: Problem) -> Generation:
        """Return the distribution in the middle of the box, or about the guesses.

        Raises:
            ConfigError: Unless there is exactly one goal.
        """
        if len(problem.goals) != 1:
            found = f"it searches for one goal, not {len(problem.goals)}"
            remedy = "use evolution" if problem.goals else "name the metric"
            raise ConfigError("method cmaes", found, remedy)
        return Generation(problem.space, problem.goals[0], problem.seed, problem.constraints)

    def observe(self, state: Generation, trial: Trial) -> Generation:
        """Take in a trial that has ended; cancelled ones do not count."""
        state.add(trial)
        return state

    def propose(self, state: Generation, request: Request) -> list[Params]:
        """Return points drawn from the distribution."""
        found: list[Params] = []
        taken: set[Hashable] = set()
        for trial in range(request.first, request.first + request.count):
            params = _drawn(state, trial, request.seen, taken)
            if params is None:
                params = state.drawer.fresh(trial, request.seen, taken)
            if params is None:
                break
            found.append(params)
            taken.add(state.space.key(params))
        return found


def _drawn(
    state: Generation, trial: int, seen: Collection[Hashable], taken: Collection[Hashable]
) -> Params | None:
    """Return the first point drawn that may be tried; the search widens until there is one."""
    random, space = generator(state.seed, trial), state.space
    for turn in range(_ROUNDS):
        for point in state.draw(random, _WIDENING**turn):
            params = space.at(point.tolist())
            if space.where and not space.feasible(params):
                continue
            key = space.key(params)
            if key not in seen and key not in taken:
                return params
    return None
