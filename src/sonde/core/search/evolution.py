"""Evolution: the children of good trials; for several goals at once, or very many trials.

For several goals NSGA-II: parents are the best so far by Pareto layers, within a layer
those that stand alone; a child lies between two of them and is mutated. For one goal
regularised evolution: the best of a few drawn from the latest trials is mutated, and
whatever is old is forgotten. Failed trials have no children. A trial that breaks a
constraint is worse than any that keeps to them all, and of two such the one that is further
from it. Nobody waits for anybody: any number of workers may run.

Source: Deb et al., IEEE Trans. Evol. Comput. 6, 2002 (with its rule for constraints); Real et
al., AAAI 2019. Departure: a generation is whichever trials ended one after the other.
"""

import math
from collections import deque
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from sonde.core.constraint import Constraint, violation
from sonde.core.distributions.values import Params, Value
from sonde.core.dominance import crowding, layers
from sonde.core.metric import Goal
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.search.variation import Numbers, Variation
from sonde.core.space import Space
from sonde.core.streams import uniforms
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Evolution"]

_STARTUP = 10  # results before the first child
_LATEST, _DRAWN = 20, 10  # one goal: trials that may have children, and how many compete
_PARENTS = 32  # several goals
_CROSSED = 0.9
_TRIES = 24  # children until one is feasible and new
_DRAWS = 2**33  # the first draw of a trial's stream that nobody else makes


@dataclass(frozen=True, slots=True)
class _Individual:
    over: float  # by how much it breaks the constraints
    losses: tuple[float, ...]
    number: int
    params: Mapping[str, Value]


class Population:
    """The trials that may have children.

    Attributes:
        results: How many trials with a result there were.
        parents: Best first, where there are several goals.
        latest: The others since the parents were chosen; of one goal the latest trials.
    """

    def __init__(
        self,
        space: Space,
        goals: Sequence[Goal],
        seed: int,
        constraints: Sequence[Constraint] = (),
    ) -> None:
        self.space, self.goals, self.seed = space, tuple(goals), seed
        self.constraints = tuple(constraints)
        self.drawer = even(space, seed)
        self.variation = Variation(space)
        self.results = 0
        self.parents: list[_Individual] = []
        self.latest: deque[_Individual] = deque(maxlen=_LATEST if len(goals) == 1 else None)

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended, if it has a result."""
        found = losses(trial, self.goals)
        if found is None or not all(map(math.isfinite, found)):
            return
        try:
            self.space.quantiles(trial.params)
        except ValueError:  # from before the space was edited
            return
        self.results += 1
        over = violation(trial, self.constraints)
        self.latest.append(_Individual(over, found, trial.number, trial.params))
        if len(self.goals) > 1 and len(self.latest) == _PARENTS:
            self.parents = _selected([*self.parents, *self.latest])
            self.latest.clear()

    def child(self, numbers: Numbers, strength: float) -> Params:
        """Return a new assignment."""
        if len(self.goals) == 1:
            drawn = [self.latest[numbers.index(len(self.latest))] for _ in range(_DRAWN)]
            best = min(drawn, key=lambda one: (one.over, one.losses, one.number))
            return self.variation.mutated(best.params, numbers, strength)
        pool = self.parents or list(self.latest)
        one, other = (self._winner(pool, numbers).params for _ in range(2))
        if numbers.uniform() < _CROSSED:
            one = self.variation.crossed(one, other, numbers)
        return self.variation.mutated(one, numbers, strength)

    def _winner(self, pool: Sequence[_Individual], numbers: Numbers) -> _Individual:
        # The parents stand in order, so that of two the earlier is the better; before
        # there are any, chance decides.
        places = [numbers.index(len(pool)) for _ in range(2)]
        return pool[min(places) if self.parents else places[0]]


def _selected(candidates: Sequence[_Individual]) -> list[_Individual]:
    """Return the best, by layer and then by how alone they stand; infeasible ones last."""
    kept = sorted((one for one in candidates if not one.over), key=lambda one: one.number)
    found: list[_Individual] = []
    for layer in layers([one.losses for one in kept]):
        alone = crowding([kept[i].losses for i in layer])
        order = sorted(range(len(layer)), key=lambda i: (-alone[i], i))
        found += [kept[layer[i]] for i in order]
        if len(found) >= _PARENTS:
            break
    broken = (one for one in candidates if one.over)
    found += sorted(broken, key=lambda one: (one.over, one.losses, one.number))
    return found[:_PARENTS]


class Evolution:
    """NSGA-II for several goals, regularised evolution for one."""

    name = "evolution"
    adaptive = True

    def start(self, problem: Problem) -> Population:
        """Return an empty population.

        Raises:
            ConfigError: If there is no goal.
        """
        if not problem.goals:
            raise ConfigError("method evolution", "there is no goal", "name the metric")
        return Population(problem.space, problem.goals, problem.seed, problem.constraints)

    def observe(self, state: Population, trial: Trial) -> Population:
        """Take in a trial that has ended."""
        state.add(trial)
        return state

    def propose(self, state: Population, request: Request) -> list[Params]:
        """Return children."""
        found: list[Params] = []
        taken: set[Hashable] = set()
        for trial in range(request.first, request.first + request.count):
            params = None
            if state.results >= _STARTUP and state.space.dimensions:
                params = _born(state, trial, request.seen, taken)
            if params is None:
                params = state.drawer.fresh(trial, request.seen, taken)
            if params is None:
                break
            found.append(params)
            taken.add(state.space.key(params))
        return found


def _born(
    state: Population, trial: int, seen: Collection[Hashable], taken: Collection[Hashable]
) -> Params | None:
    """Return the first child that may be tried; mutations grow until there is one."""
    space = state.space
    needs = state.variation.needs + _DRAWN
    for turn in range(_TRIES):
        numbers = Numbers(uniforms(state.seed, trial, _DRAWS + turn, needs + 8))
        params = state.child(numbers, 1 + turn / 8)
        if space.where and not space.feasible(params):
            continue
        key = space.key(params)
        if key not in seen and key not in taken:
            return params
    return None
