"""Methods that learn keep to the constraints on outcomes."""

import math
import statistics
from collections.abc import Hashable, Sequence

import pytest

from sonde.core.constraint import Constraint, is_feasible, parse_constraint
from sonde.core.distributions import Float
from sonde.core.distributions.values import Params
from sonde.core.metric import Goal, Summary, parse_goal
from sonde.core.search import Problem, Request, method
from sonde.core.space import space_of
from sonde.core.trial import State, Trial
from trials import make

SPACE = space_of({"x": Float(0, 1), "y": Float(0, 1)})
LOSS = (Goal(metric="loss"),)
# The loss falls towards (1, 1); what is allowed ends at x + y = 0.5, where it is 0.75 at best.
BOUND = (parse_constraint("cost <= 0.5"),)


def measured(number: int, params: Params) -> Trial:
    x, y = params["x"], params["y"]
    assert isinstance(x, float)
    assert isinstance(y, float)
    loss = ((1 - x) ** 2 + (1 - y) ** 2) / 1.5
    return make(number, params=dict(params), loss=loss, cost=x + y, gap=abs(x - y))


def search(
    name: str,
    trials: int,
    seed: int,
    *,
    constraints: Sequence[Constraint] = BOUND,
    goals: Sequence[Goal] = LOSS,
) -> list[Trial]:
    at_work = method(name)
    problem = Problem(space=SPACE, goals=goals, constraints=constraints, seed=seed)
    state = at_work.start(problem)
    found: list[Trial] = []
    seen: set[Hashable] = set()
    for number in range(trials):
        (params,) = at_work.propose(state, Request(first=number, count=1, seen=seen))
        trial = measured(number, params)
        seen.add(SPACE.key(params))
        found.append(trial)
        state = at_work.observe(state, trial)
    return found


def best(trials: Sequence[Trial]) -> float:
    feasible = (t.metrics["loss"].last for t in trials if is_feasible(t, BOUND))
    return min(feasible, default=math.inf)


@pytest.mark.parametrize("name", ["tpe", "cmaes", "evolution"])
def test_what_is_allowed_is_searched_to_its_edge(name: str) -> None:
    found = [search(name, 100, seed) for seed in range(5)]
    by_chance = statistics.median(best(search("random", 100, seed)) for seed in range(5))
    assert statistics.median(best(trials) for trials in found) < min(by_chance, 0.79)
    kept = [sum(is_feasible(t, BOUND) for t in trials[50:]) for trials in found]
    assert statistics.median(kept) >= 15  # by chance 6, and next to none without constraints
    free = [
        sum(is_feasible(t, BOUND) for t in search(name, 100, s, constraints=())) for s in (0, 1)
    ]
    assert max(free) < statistics.median(kept)


@pytest.mark.parametrize("name", ["tpe", "cmaes", "evolution"])
def test_where_nothing_is_allowed_so_far_the_way_there_is_found(name: str) -> None:
    rare = (parse_constraint("cost <= 0.06"),)  # one point in 500
    reached = [
        sum(is_feasible(t, rare) for t in search(name, 120, seed, constraints=rare))
        for seed in range(5)
    ]
    assert sum(count > 0 for count in reached) >= 4


def test_evolution_of_several_goals_keeps_to_them_too() -> None:
    goals = (parse_goal("loss:min"), parse_goal("gap:min"))
    late = search("evolution", 300, 0, goals=goals)[150:]
    assert sum(is_feasible(t, BOUND) for t in late) > 75


@pytest.mark.parametrize("name", ["tpe", "cmaes", "evolution"])
def test_a_missing_metric_and_a_failure_teach_nothing_wrong(name: str) -> None:
    at_work = method(name)
    state = at_work.start(Problem(space=SPACE, goals=LOSS, constraints=BOUND, seed=1))
    for number in range(30):
        params = {"x": number / 40, "y": 0.1}
        trial = make(number, params=params, loss=float(number))
        if number % 3 == 0:
            trial = make(number, State.FAILED, params=params)
        elif number % 3 == 1:
            metrics = dict(trial.metrics) | {"cost": Summary.of([(0, math.nan)])}
            trial = Trial(
                number=number, state=State.DONE, params=params, metrics=metrics,
                created=trial.created, version=number + 1,
            )  # fmt: skip
        state = at_work.observe(state, trial)
    assert len(at_work.propose(state, Request(first=30, count=4))) == 4
