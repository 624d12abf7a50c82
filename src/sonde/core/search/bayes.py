"""Bayesian optimisation: a Gaussian process of the loss says where improvement is to be expected.

After a few even points each trial goes where the logarithm of the expected improvement is
highest. The loss is modelled under several monotone warps, among which the data choose;
categories, positions and conditional parameters have their own distances. Running trials
count with what the model expects of them; failed ones teach a second model where trials
succeed. For few, costly trials: the cost of a proposal grows with their number up to some
hundred and stays there.

Sources: Jones et al., J. Global Optim. 13, 1998; Ament et al., arXiv:2310.20708, for the
logarithm; Snelson et al., NeurIPS 2003, for warps; Hvarfner et al., arXiv:2402.02229, for
the lengthscales. Several goals: a random weighing of them for each trial (Knowles, IEEE
Trans. Evol. Comput. 10, 2006).
"""

import math
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

from sonde.core.distributions import Choice
from sonde.core.distributions.values import Params, Value
from sonde.core.metric import Goal
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Space
from sonde.core.trial import State, Trial, losses
from sonde.errors import ConfigError

__all__ = ["Bayes", "History"]

_FEWEST, _MOST = 4, 10  # even points at the start, one more than there are dimensions
_ENOUGH = 3  # trials that have ended before there is a model


class History:
    """What has ended, until a model takes it over.

    Attributes:
        results: Assignments with their losses, empty for those without a result.
        succeeded: How many have one.
        expert: The models, once they are needed; importing them takes a while.
    """

    def __init__(self, space: Space, goals: Sequence[Goal], seed: int) -> None:
        self.space, self.goals, self.seed = space, tuple(goals), seed
        self.drawer = even(space, seed)
        self.results: list[tuple[Mapping[str, Value], tuple[float, ...]]] = []
        self.succeeded = 0
        self.expert: Any = None

    @property
    def even_points(self) -> int:
        """How many trials are made before the model is asked."""
        return min(max(len(self.space.dimensions) + 1, _FEWEST), _MOST)

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        found = losses(trial, self.goals)
        if found is not None:
            finite = all(math.isfinite(loss) for loss in found)
            self.results.append((trial.params, found if finite else ()))
            self.succeeded += finite
        elif trial.state in {State.FAILED, State.DONE}:
            self.results.append((trial.params, ()))


class Bayes:
    """A Gaussian process with warps, log expected improvement and a model of failure."""

    name = "bayes"
    adaptive = True

    def start(self, problem: Problem) -> History:
        """Return an empty history.

        Raises:
            ConfigError: If there is no goal.
        """
        if not problem.goals:
            raise ConfigError("method bayes", "there is no goal", "name the metric")
        return History(problem.space, problem.goals, problem.seed)

    def observe(self, state: History, trial: Trial) -> History:
        """Take in a trial that has ended; cancelled ones do not count."""
        state.add(trial)
        return state

    def propose(self, state: History, request: Request) -> list[Params]:
        """Return the centre, then even points, then what the model finds most promising."""
        found: list[Params] = []
        taken: set[Hashable] = set()
        for trial in range(request.first, request.first + request.count):
            pending = [*request.pending, *found]
            params = _new(state, _offers(state, trial, pending, request.seen), request.seen, taken)
            if params is None:
                params = state.drawer.fresh(trial, request.seen, taken)
            if params is None:
                break
            found.append(params)
            taken.add(state.space.key(params))
        return found


def _offers(
    state: History,
    trial: int,
    pending: Sequence[Mapping[str, Value]],
    seen: Collection[Hashable],
) -> Iterator[Params]:
    """Yield what to try, best first; nothing where an even point is due."""
    if trial == 0:
        yield _centre(state.space)
    elif trial >= state.even_points and state.succeeded and len(state.results) >= _ENOUGH:
        if state.space.size == 1:
            return
        if state.expert is None:
            from sonde.core.surrogates.expert import Expert

            state.expert = Expert(state.space, len(state.goals), state.seed)
        yield from state.expert.offers(state.results, trial, pending, seen)


def _new(
    state: History,
    offers: Iterator[Params],
    seen: Collection[Hashable],
    taken: Collection[Hashable],
) -> Params | None:
    for params in offers:
        key = state.space.key(params)
        if key not in seen and key not in taken and state.space.feasible(params):
            return params
    return None


def _centre(space: Space) -> Params:
    """Return the middle of the numbers and the first of the choices."""
    return space.at(
        [
            p.distribution.quantile(p.distribution.nth(0))
            if isinstance(p.distribution, Choice) and not p.distribution.ordered
            else 0.5
            for p in space.dimensions
        ]
    )
