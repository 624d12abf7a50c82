"""Evolution comes near the whole Pareto front, and improves on chance for one goal."""

import math
import statistics
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from sonde.core.distributions import Float, Int
from sonde.core.distributions.values import Params
from sonde.core.dominance import layers
from sonde.core.metric import Goal, Summary
from sonde.core.search import Problem, Request, method
from sonde.core.space import Space, space_of
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.testing.methods import Search

EVOLUTION, RANDOM = method("evolution"), method("random")
TIME = datetime(2026, 1, 1, tzinfo=UTC)


def zdt1(params: Params) -> tuple[float, float]:
    """Zitzler, Deb and Thiele, 2000: the front is f2 = 1 - sqrt(f1)."""
    first, *rest = [float(str(value)) for value in params.values()]
    g = 1 + 9 * math.fsum(rest) / len(rest)
    return first, g * (1 - math.sqrt(first / g))


def hypervolume(points: Sequence[tuple[float, float]]) -> float:
    """What the front dominates up to (1.1, 1.1); 0.87 is all there is on ZDT1."""
    area, ceiling = 0.0, 1.1
    for first, second in sorted(points[place] for place in layers(points)[0]):
        if first < 1.1 and second < ceiling:
            area += (1.1 - first) * (ceiling - second)
            ceiling = second
    return area


def front(name: str, trials: int, seed: int) -> list[tuple[float, float]]:
    """The two losses of each of so many trials on ZDT1."""
    space = space_of({f"x{i}": Float(0, 1) for i in range(6)})
    searcher = method(name)
    goals = [Goal(metric="a"), Goal(metric="b")]
    state = searcher.start(Problem(space=space, goals=goals, seed=seed))
    found: list[tuple[float, float]] = []
    seen: set[Hashable] = set()
    for number in range(trials):
        (params,) = searcher.propose(state, Request(first=number, count=1, seen=seen))
        seen.add(space.key(params))
        found.append(zdt1(params))
        metrics = dict(zip("ab", (Summary.of([(0, loss)]) for loss in found[-1]), strict=True))
        trial = Trial(number=number, state=State.DONE, params=params, metrics=metrics, created=TIME)
        state = searcher.observe(state, trial)
    return found


def test_on_zdt1_it_comes_near_the_whole_front() -> None:
    volumes = [hypervolume(front("evolution", 800, seed)) for seed in range(3)]
    assert statistics.median(volumes) > 0.75
    assert hypervolume(front("random", 800, 0)) < 0.4


def test_the_front_is_covered_from_end_to_end() -> None:
    points = front("evolution", 800, 0)
    firsts = sorted(points[place][0] for place in layers(points)[0])
    assert firsts[0] < 0.05
    assert firsts[-1] > 0.8
    assert max(b - a for a, b in pairwise(firsts)) < 0.2


def bowl(params: Params) -> float:
    """Zero at 0.7 everywhere."""
    return math.fsum((float(str(value)) - 0.7) ** 2 for value in params.values())


def best(name: str, space: Space, trials: int) -> float:
    """The median over seeds of the best bowl."""
    found = []
    for seed in range(5):
        search = Search(method(name), space, seed)
        for _ in range(trials):
            search.end(search.add(search.propose()[0]), loss=bowl)
        found.append(min(map(bowl, search.params)))
    return statistics.median(found)


def test_for_one_goal_it_is_many_times_closer_than_chance() -> None:
    space = space_of({name: Float(0, 1) for name in "abcde"})
    assert best("evolution", space, 200) < best("random", space, 200) / 5


def test_what_is_old_is_forgotten() -> None:
    space = space_of({"x": Float(0, 1)})
    search = Search(EVOLUTION, space)
    for number in range(150):
        params = search.propose()[0]
        # Thirty good values once; later such values are no good any more.
        near = abs(float(str(params["x"])) - (0.1 if number < 60 else 0.9))
        search.end(search.add(params), loss=lambda _, near=near: near)  # type: ignore[misc]
    assert statistics.median(float(str(p["x"])) for p in search.params[120:]) > 0.7


def test_only_the_order_of_the_losses_counts_for_one_goal() -> None:
    runs = []
    for scale in (1.0, 1e12, 1e-12):
        search = Search(EVOLUTION, space_of({"x": Float(0, 1), "n": Int(1, 50)}), 5)
        for _ in range(60):
            number = search.add(search.propose()[0])
            search.end(number, loss=lambda p, scale=scale: bowl(p) * scale)  # type: ignore[misc]
        runs.append(search.params)
    assert runs[0] == runs[1] == runs[2]


def test_it_needs_a_goal() -> None:
    with pytest.raises(ConfigError, match="method evolution: there is no goal; name the metric"):
        EVOLUTION.start(Problem(space=space_of({"x": Float(0, 1)})))
