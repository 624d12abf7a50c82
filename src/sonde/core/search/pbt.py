"""Population based training: a few trainings at once, of which the poor go on from the good.

A trial is one leg of a training: it begins with the checkpoint of an earlier one, trains for as
long as its program does, and saves a checkpoint. When a leg has ended, its place is taken by the
next one. Where it is among the worst of the population, that goes on from one of the best
instead (*exploit*), with its values changed (*explore*): each is drawn anew, or multiplied by one
of the factors. All others go on as they are. Nobody waits for anybody: a leg is compared with
the latest one that has ended in each place. So values change in the course of a training, which
no other method tries.

Source: Jaderberg et al., arXiv:1711.09846, sections 3.1 to 3.3 and appendix A (truncation
selection; explore by resampling and perturbing), in the asynchronous form and with the defaults of
Ray Tune. Departures: a choice without order keeps its value unless it is drawn anew; failed trials
are the worst; where relations rule a change out, another one is drawn.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sonde.core.constraint import violation
from sonde.core.distributions import Choice, Distribution
from sonde.core.distributions.values import Params, Value
from sonde.core.lineage import Lineage
from sonde.core.search.even import even
from sonde.core.search.protocol import Child, Problem, Request
from sonde.core.space import Space
from sonde.core.streams import uniforms
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Pbt", "Population"]

_TRIES = 32  # changes until one keeps to the relations
_DRAWS = 2**34  # the first draw of a trial's stream that nobody else makes


@dataclass(frozen=True, slots=True)
class _Leg:
    number: int
    params: Mapping[str, Value]
    rank: tuple[float, float, int]  # by how much it breaks the constraints, loss, number

    @property
    def has_result(self) -> bool:
        return math.isfinite(self.rank[1])


class Population:
    """The places, and the latest leg that has ended in each.

    Attributes:
        latest: By number, in the order in which they ended.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.drawer = even(problem.space, problem.seed)
        self.latest: dict[int, _Leg] = {}

    def add(self, trial: Trial) -> None:
        """Take in a leg that has ended."""
        found = losses(trial, self.problem.goals)
        loss = math.inf if found is None else found[0]
        over = violation(trial, self.problem.constraints) if found else math.inf
        if trial.lineage is not None:
            self.latest.pop(trial.lineage.place, None)
        self.latest[trial.number] = _Leg(trial.number, trial.params, (over, loss, trial.number))

    def ranked(self) -> list[_Leg]:
        """Return the latest legs, best first."""
        return sorted(self.latest.values(), key=lambda leg: leg.rank)


class Pbt:
    """Population based training.

    Args:
        population: How many trainings there are.
        quantile: Which share of them is given up for the same share of the best, at each leg.
        resample: How probable it is that a value is drawn anew, where values change.
        factors: One of which multiplies each of the others.
        keep: Names of parameters that a training begins with and never changes, such as sizes.
    """

    name = "pbt"
    adaptive = True

    def __init__(
        self,
        *,
        population: int = 10,
        quantile: float = 0.25,
        resample: float = 0.25,
        factors: Sequence[float] = (0.8, 1.2),
        keep: str | Sequence[str] = (),
    ) -> None:
        _check(isinstance(population, int) and population >= 2, "population", population,
               "use a whole number from 2 on")  # fmt: skip
        _check(0 < quantile <= 0.5, "quantile", quantile, "use a number above 0, at most 0.5")
        _check(0 <= resample <= 1, "resample", resample, "use a number from 0 to 1")
        is_factors = len(factors) > 0 and all(factor > 0 for factor in factors)
        _check(is_factors, "factors", factors, "use numbers above 0, as [0.8, 1.2]")
        self.population, self.quantile, self.resample = population, quantile, resample
        self.factors = tuple(factors)
        self.keep = (keep,) if isinstance(keep, str) else tuple(keep)

    def start(self, problem: Problem) -> Population:
        """Return an empty population.

        Raises:
            ConfigError: If there is not one goal, or what is to be kept is no parameter.
        """
        if len(problem.goals) != 1:
            found = f"there are {len(problem.goals)} goals" if problem.goals else "there is no goal"
            raise ConfigError("method pbt", found, "name the one metric that it goes by")
        if problem.earlier:
            found = "it does not learn from earlier sweeps"
            raise ConfigError("method pbt", found, "leave --from out, or try values with --try")
        names = [parameter.name for parameter in problem.space.parameters]
        for name in self.keep:
            _check(name in names, "keep", name, f"it is no parameter: use {', '.join(names)}")
        return Population(problem)

    def observe(self, state: Population, trial: Trial) -> Population:
        """Take in a trial that has ended."""
        state.add(trial)
        return state

    def propose(self, state: Population, request: Request) -> list[Params]:
        """Return the assignments of `children`."""
        return [child.params for child in self.children(state, request)]

    def children(self, state: Population, request: Request) -> list[Child]:
        """Return the first legs of the population, then one after each that has ended."""
        tips = [leg for number, leg in state.latest.items() if number not in request.followed]
        missing = self.population - len(tips) - len(request.pending)
        found: list[Child] = []
        taken: set[Hashable] = set()
        for number in range(request.first, request.first + request.count):
            child = None
            if missing > 0:
                missing -= 1
                child = self._first(state, number, request.seen, taken)
            if child is None and tips:
                child = self._next(state, tips.pop(0), number)
            if child is None:
                break
            found.append(child)
            taken.add(state.problem.space.key(child.params))
        return found

    def _first(
        self,
        state: Population,
        number: int,
        seen: Collection[Hashable],
        taken: Collection[Hashable] = (),
    ) -> Child | None:
        params = state.drawer.fresh(number, seen, taken)
        return None if params is None else Child(params=params)

    def _next(self, state: Population, leg: _Leg, number: int) -> Child:
        """Return the leg that comes after one."""
        ranked = state.ranked()
        # As Ray Tune counts them: never more than half, and none of one alone.
        count = math.ceil(len(ranked) * self.quantile)
        count = min(count, len(ranked) // 2)
        best = [one for one in ranked[:count] if one.has_result]
        is_poor = leg in ranked[len(ranked) - count :] or not leg.has_result
        if not is_poor:
            lineage = Lineage(parent=leg.number, place=leg.number)
            return Child(params=dict(leg.params), lineage=lineage)
        if not best:  # all have failed so far
            params = state.drawer.fresh(number, ()) or dict(leg.params)
            return Child(params=params, lineage=Lineage(parent=None, place=leg.number))
        (u,) = uniforms(state.problem.seed, number, _DRAWS, 1)
        parent = best[int(u * len(best))]
        lineage = Lineage(parent=parent.number, place=leg.number)
        return Child(params=self._explored(state.problem, parent.params, number), lineage=lineage)

    def _explored(self, problem: Problem, params: Mapping[str, Value], number: int) -> Params:
        """Return other values, or the same where nothing else keeps to the relations."""
        space = problem.space
        for turn in range(1, _TRIES):
            numbers = uniforms(problem.seed, number, _DRAWS + turn, 3 * len(space.dimensions))
            changed = space.at(self._changed(space, params, numbers))
            if not space.where or space.feasible(changed):
                return changed
        return dict(params)

    def _changed(
        self, space: Space, params: Mapping[str, Value], numbers: Sequence[float]
    ) -> list[float]:
        """Return the point of other values; those of `keep` stay."""
        point: list[float] = []
        for place, parameter in enumerate(space.dimensions):
            drawn, how, u = numbers[3 * place : 3 * place + 3]
            name, distribution = parameter.name, parameter.distribution
            if name not in params:
                point.append(u)  # should it come to exist by the change of another
            elif name in self.keep:
                point.append(distribution.quantile(params[name]))
            elif drawn < self.resample:
                point.append(u)
            else:
                point.append(self._perturbed(distribution, params[name], how))
        return point

    def _perturbed(self, distribution: Distribution, value: Value, u: float) -> float:
        """Return the quantile of a value that was multiplied, or of its neighbour in a list."""
        here: float = distribution.quantile(value)
        if isinstance(distribution, Choice):
            return _beside(distribution, value, up=u < 0.5) if distribution.is_ordinal else here
        if isinstance(value, bool) or not isinstance(value, int | float):
            return here
        factor = self.factors[int(u * len(self.factors))]
        there: float = distribution.quantile(value * factor)
        if distribution.size is not None and factor != 1 and distribution.at(there) == value:
            # Less than a step is none: 2 times 1.2 is 2 again, so that it takes the next one.
            return _beside(distribution, value, up=(factor > 1) == (value > 0))
        return there


def _beside(distribution: Distribution, value: Value, *, up: bool) -> float:
    """Return the quantile of the next value of a list, or of the same at its end."""
    here = there = distribution.quantile(value)
    cell = 1 / (distribution.size or 1)
    for _ in range(_TRIES):  # cells may be of different widths
        there = min(max(there + (cell if up else -cell), 0.0), 1.0)
        if distribution.at(there) != value:
            return there
    return here


def _check(truth: bool, option: str, value: Any, remedy: str) -> None:
    if not truth:
        raise ConfigError(f"method pbt: {option}", f"{value!r} will not do", remedy)
