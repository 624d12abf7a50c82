"""Bayesian optimisation: a Gaussian process of the loss says where improvement is to be expected.

After a few even points each trial goes where the logarithm of the expected improvement is
highest. The loss is modelled under several monotone warps, among which the data choose. Where
results scatter that may be noise or many peaks: as long as the data allow both, either has its
share of the proposals. While trials are few the improvement is averaged over several models that
they allow. Of more than 30 the model may also learn what each parameter does by itself, and bend
the range of a number, where the loss changes faster at one end; categories, positions and
conditional parameters have their own distances. Running trials count with what the model expects
of them; failed ones teach a second model where trials succeed. Constraints on outcomes have a
model each. The last two trials of a budget go where the lowest loss is expected. For few, costly
trials: the cost of a proposal grows with their number up to some hundred and stays there.

Two or three goals: the expected growth of what the front dominates. More: a random weighing
of them for each trial.

Sources: Jones et al., J. Global Optim. 13, 1998; Ament et al., arXiv:2310.20708, for the
logarithm; Snelson et al., NeurIPS 2003, for warps; Snoek et al., ICML 2014, for bends, and NeurIPS
2012, for averages; Duvenaud et al., NeurIPS 2011, for parameters by themselves; Hvarfner et al.,
arXiv:2402.02229, for the lengthscales; Gardner et al., ICML 2014, for constraints; Yang et al., J.
Global Optim. 75, 2019, and Knowles, IEEE Trans. Evol. Comput. 10, 2006, for several goals.
"""

import math
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

from sonde.core.constraint import excesses
from sonde.core.distributions.values import Params, Value
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.space import Space
from sonde.core.surrogates.results import Result
from sonde.core.trial import State, Trial, losses
from sonde.errors import ConfigError

__all__ = ["Bayes", "History"]

_FEWEST, _MOST = 3, 6  # even points at the start, two more than half the dimensions
_FEWEST_OF_SEVERAL, _MOST_OF_SEVERAL = 4, 10  # several goals: one more than there are dimensions
_ENOUGH = 3  # trials that have ended before there is a model
_LAST = 2  # trials of a budget that settle: what they teach serves hardly any other
_FEWEST_SETTLING = 20  # trials before them; a model of fewer was not tried


class History:
    """What has ended, until a model takes it over.

    Attributes:
        results: Of the trials that have ended and count.
        succeeded: How many have a loss.
        settling: Numbers of the trials with which the budget ends; none where there is none.
        expert: The models, once they are needed; importing them takes a while.
    """

    def __init__(self, problem: Problem) -> None:
        self.space, self.goals, self.seed = problem.space, tuple(problem.goals), problem.seed
        self.constraints = tuple(problem.constraints)
        self.earlier = tuple(problem.earlier)
        self.drawer = even(problem.space, problem.seed)
        self.results: list[Result] = []
        self.succeeded = 0
        end = problem.trials or 0
        self.settling = range(max(end - _LAST, _FEWEST_SETTLING), end)
        self.expert: Any = None

    @property
    def even_points(self) -> int:
        """How many trials are made before the model is asked."""
        dimensions = len(self.space.dimensions)
        if len(self.goals) > 1:
            return min(max(dimensions + 1, _FEWEST_OF_SEVERAL), _MOST_OF_SEVERAL)
        return min(max(dimensions // 2 + 2, _FEWEST), _MOST)

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        found = losses(trial, self.goals)
        if found is not None and all(math.isfinite(loss) for loss in found):
            over = excesses(trial, self.constraints)
            self.results.append(Result(params=trial.params, losses=found, excesses=over))
            self.succeeded += 1
        elif found is not None or trial.state in {State.FAILED, State.DONE}:
            self.results.append(Result(params=trial.params))


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
        return History(problem)

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

            state.expert = Expert(
                state.space, len(state.goals), len(state.constraints), state.seed, state.earlier
            )
        yield from state.expert.offers(
            state.results, trial, pending, seen, settles=trial in state.settling
        )


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
    """Return the guesses, or else the middle of the numbers and the first of the choices."""
    return space.at([p.distribution.quantile(p.distribution.middle) for p in space.dimensions])
