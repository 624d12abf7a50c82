"""Differential evolution: each trial crosses a good one with the difference of two others.

Source: Storn and Price, J. Global Optim. 11, 1997, scheme DE/best/1/bin with F and CR as
there. Departure: there are no generations. The population is the best trials so far, so
that any number of workers may ask at any time.
"""

import math
from bisect import insort
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from sonde.core.distributions.values import Params
from sonde.core.search.drawing import Drawer
from sonde.core.search.protocol import Problem, Request
from sonde.core.streams import uniforms
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Differential"]

TRIES = 16  # children until one is feasible and new
FIRST_DRAW = 2**35  # of a trial's stream; the Drawer takes those from 0


@dataclass(slots=True)
class Population:
    """The best trials so far: (loss, number, point), best first."""

    problem: Problem
    drawer: Drawer
    best: list[tuple[float, int, tuple[float, ...]]] = field(default_factory=list)


class Differential:
    """A search method; see `sonde.core.search.protocol.Method`.

    Args:
        population: How many trials may have children.
        f: How far the difference of two reaches.
        cr: The share of parameters that change.
    """

    name = "differential"
    adaptive = True

    def __init__(self, *, population: int = 20, f: float = 0.6, cr: float = 0.9) -> None:
        if population < 4:
            raise ConfigError(
                "method differential", f"population={population} is too small", "use 4 or more"
            )
        self.population, self.f, self.cr = population, f, cr

    def start(self, problem: Problem) -> Population:
        """Return the state before the first trial."""
        if len(problem.goals) != 1:
            raise ConfigError(
                "method differential", f"{len(problem.goals)} goals are not one", "name a metric"
            )
        count, seed = len(problem.space.dimensions), problem.seed
        drawer = Drawer(problem.space, seed, lambda trial, draw: uniforms(seed, trial, draw, count))
        return Population(problem, drawer)

    def observe(self, state: Population, trial: Trial) -> Population:
        """Take in a trial that has ended; one without a result has no children."""
        found = losses(trial, state.problem.goals)
        if found is not None and math.isfinite(found[0]):
            try:
                point = state.problem.space.quantiles(trial.params)
            except ValueError:  # from before the space was edited
                return state
            insort(state.best, (found[0], trial.number, point))
            del state.best[self.population :]
        return state

    def propose(self, state: Population, request: Request) -> list[Params]:
        """Return children, or random points as long as there are too few parents."""
        space = state.problem.space
        proposed: list[Params] = []
        taken: set[Hashable] = set()
        for trial in range(request.first, request.first + request.count):
            params = self._child(state, trial, request, taken)
            if params is None:
                # Points that are new, until a finite space has no more of them.
                params = state.drawer.fresh(trial, request.seen, taken)
            if params is None:
                break
            proposed.append(params)
            taken.add(space.key(params))
        return proposed

    def _child(
        self, state: Population, trial: int, request: Request, taken: set[Hashable]
    ) -> Params | None:
        space, count = state.problem.space, len(state.problem.space.dimensions)
        if len(state.best) < self.population:
            return None
        points = [point for _, _, point in state.best]
        for draw in range(TRIES):
            # The random numbers of a trial depend on nothing but the seed and its number.
            numbers = uniforms(state.problem.seed, trial, FIRST_DRAW + draw, 4 + count)
            chosen = [points[int(u * len(points))] for u in numbers[:3]]
            kept, first, second = points[int(numbers[3] * 3)], chosen[1], chosen[2]
            child = [
                _inside(kept[i] + self.f * (first[i] - second[i]))
                if numbers[4 + i] < self.cr
                else chosen[0][i]
                for i in range(count)
            ]
            params = space.at(child)
            key = space.key(params)
            if space.feasible(params) and key not in request.seen and key not in taken:
                return params
        return None


def _inside(u: Any) -> float:
    """Reflect a coordinate at the walls of [0, 1]."""
    rest = abs(u) % 2
    return float(2 - rest if rest > 1 else rest)
