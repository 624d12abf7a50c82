"""`auto` chooses a method, says why, and switches as a sweep goes on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sonde.core.distributions import Choice, Float, Int
from sonde.core.metric import Goal
from sonde.core.search import Problem, Progress, choose, method
from sonde.core.space import space_of
from sonde.testing.methods import MethodContract, Search, bowl, ended

LOSS = (Goal(metric="loss"),)
BOTH = (*LOSS, Goal(metric="latency"))
CUBE = space_of({"x": Float(0, 1), "y": Float(0, 1)})


class TestAuto(MethodContract):
    """It passes the contract whatever it passes on to."""

    method = method("auto")
    many = 420
    most_seconds = 60.0


@pytest.mark.parametrize(
    ("written", "trials", "name"),
    [
        ({"a": [1, 2], "b": ["x", "y"], "k": 5}, None, "grid"),
        ({"k": 5}, None, "grid"),
        ({"a": [1, 2], "b": ["x", "y"]}, 4, "grid"),
        ({"a": [1, 2], "b": ["x", "y"]}, 3, "quasirandom"),
        ({"a": [1, 2], "b": Int(1, 2)}, None, "quasirandom"),
        ({"a": Choice((1, 2), probabilities=(0.1, 0.9))}, None, "quasirandom"),
        ({f"x{i}": Float(0, 1) for i in range(20)}, None, "quasirandom"),
        ({f"x{i}": Float(0, 1) for i in range(21)}, None, "random"),
    ],
)
def test_without_a_metric_a_grid_of_listed_values_is_taken_and_else_the_space_is_filled(
    written: dict[str, Any], trials: int | None, name: str
) -> None:
    chosen, reason = choose(Problem(space=space_of(written), trials=trials))
    assert chosen == name
    assert reason
    assert "\n" not in reason


def test_a_grid_that_the_budget_reaches_round_is_walked_through_also_with_a_metric() -> None:
    grid = space_of({"a": [1, 2], "b": ["x", "y"]})
    assert choose(Problem(space=grid, goals=LOSS))[0] == "grid"
    assert choose(Problem(space=grid, goals=LOSS, trials=4))[0] == "grid"
    assert choose(Problem(space=grid, goals=LOSS, trials=3))[0] == "bayes"


@pytest.mark.parametrize(
    ("goals", "ended", "seconds", "name"),
    [
        (LOSS, 0, None, "bayes"),
        (LOSS, 299, 0.0, "bayes"),
        (LOSS, 300, 60.0, "bayes"),
        (LOSS, 999, 0.25, "bayes"),
        (LOSS, 300, 0.01, "tpe"),
        (LOSS, 300, None, "tpe"),
        (LOSS, 10_000, 3600.0, "tpe"),
        (BOTH, 199, None, "bayes"),
        (BOTH, 200, None, "evolution"),
        (BOTH, 10_000, None, "evolution"),
    ],
)
def test_a_model_decides_while_trials_are_few_or_slow(
    goals: tuple[Goal, ...], ended: int, seconds: float | None, name: str
) -> None:
    progress = Progress(ended=ended, seconds=seconds)
    chosen, reason = choose(Problem(space=CUBE, goals=goals), progress=progress)
    assert chosen == name
    assert "2 dimensions" in reason
    assert "\n" not in reason


def test_what_was_asked_for_is_used() -> None:
    assert choose(Problem(space=CUBE, goals=LOSS), "random") == ("random", "as asked")


def test_the_pace_is_that_of_the_latest_trials_and_of_all_workers() -> None:
    trials = [ended(i, {}, 0.0) for i in range(100)]
    quick = [replace(t, finished=t.created + timedelta(seconds=1)) for t in trials]
    slow = [replace(t, finished=t.created + timedelta(seconds=8)) for t in trials]
    assert Progress.of(200, reversed([*quick, *slow]), 4) == Progress(ended=200, seconds=2.0)
    assert Progress.of(0, [], 4) == Progress()


def test_it_proposes_what_the_method_it_chose_would() -> None:
    auto, bayes = (Search(method(name), CUBE).run(12) for name in ("auto", "bayes"))
    assert auto.params == bayes.params


def test_a_method_that_takes_over_knows_all_that_was_before() -> None:
    search = Search(method("auto"), CUBE)
    later = Search(method("tpe"), CUBE)
    for point in Search(method("random"), CUBE).run(350).params:
        for one in (search, later):
            one.end(one.add(point), loss=bowl)
    assert search.propose(3) == later.propose(3)
