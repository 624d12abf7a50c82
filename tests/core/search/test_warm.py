"""A warm start: guesses and earlier bests come first, and little is lost where they mislead."""

from collections.abc import Hashable
from typing import Any

from sonde.core.distributions import Float, Int
from sonde.core.earlier import Lesson
from sonde.core.search import Problem, Request, method
from sonde.core.search.warm import Warm
from sonde.core.space import Space, space_of
from sonde.testing.methods import GOALS, MethodContract, ended

SPACE = space_of({"x": Float(0, 1), "n": Int(1, 9)})
LESSON = Lesson(
    name="old", results=tuple(({"x": i / 10, "n": 5}, (float(abs(i - 3)),)) for i in range(10))
)


class _Told(Warm):
    """A method that is always told something of some parameters of the space."""

    def start(self, problem: Problem) -> Any:
        space = problem.space
        names = [p.name for p in space.dimensions]
        results = []
        for i in range(6):
            params = space.at([(i + 0.5) / 6] * len(names))
            kept = {name: value for name, value in params.items() if name not in names[-1:]}
            results.append((kept, (float(i),)))
        known = frozenset(names[-1:])
        lesson = Lesson(name="old", results=tuple(results) if names else (), unknown=known)
        return super().start(
            Problem(space=space, goals=problem.goals, seed=problem.seed, earlier=[lesson])
        )


class TestToldTpe(MethodContract):
    method = _Told(method("tpe"))


class TestToldRandom(MethodContract):
    method = _Told(method("random"))


def run(losses: dict[int, float], trials: int, space: Space = SPACE, *lessons: Lesson) -> list[Any]:
    """Return what is tried where the trials have these losses, by number."""
    warm, found = Warm(method("quasirandom")), []
    seen: set[Hashable] = set()
    state = warm.start(Problem(space=space, goals=GOALS, earlier=lessons))
    for number in range(trials):
        (params,) = warm.propose(state, Request(first=number, count=1, seen=seen))
        seen.add(space.key(params))
        found.append(params)
        state = warm.observe(state, ended(number, params, losses.get(number, 0.0)))
    return found


def test_the_best_three_of_before_are_tried_in_turns_with_the_methods_own() -> None:
    found = run({}, 9, SPACE, LESSON)
    assert [found[i]["x"] for i in (0, 4, 6)] == [0.3, 0.2, 0.4]
    assert [found[i] for i in (1, 2, 3, 5, 7, 8)] == run({}, 6, SPACE)


def test_one_trial_is_spent_on_what_misleads() -> None:
    found = run({0: 5.0, 1: 6.0, 2: 1.0}, 16, SPACE, LESSON)
    assert [found[i] for i in range(1, 16)] == run({}, 15, SPACE)


def test_nothing_more_of_the_past_is_tried_once_the_own_trials_have_beaten_it() -> None:
    found = run({0: 5.0, 1: 6.0, 2: 7.0, 3: 8.0, 4: 5.0, 5: 4.0}, 9, SPACE, LESSON)
    assert found[4]["x"] == 0.2  # the first was upheld
    assert 0.4 not in [params["x"] for params in found]


def test_nothing_more_of_the_past_is_tried_while_the_first_of_it_has_no_result() -> None:
    warm, seen = Warm(method("quasirandom")), set[Hashable]()
    found: list[Any] = []
    state = warm.start(Problem(space=SPACE, goals=GOALS, earlier=[LESSON]))
    for number in range(6):
        (params,) = warm.propose(state, Request(first=number, count=1, pending=found, seen=seen))
        seen.add(SPACE.key(params))
        found.append(params)
    assert [params["x"] for params in found].count(0.3) == 1
    assert found[1:] == run({}, 5, SPACE)


def test_several_earlier_sweeps_take_turns() -> None:
    other = Lesson(name="other", results=(({"x": 0.9, "n": 1}, (1e9,)),))
    found = run({}, 7, SPACE, LESSON, other)
    assert [found[i]["x"] for i in (0, 4, 6)] == [0.3, 0.9, 0.2]


def test_what_is_unknown_is_tried_at_its_guess() -> None:
    space = space_of({"x": Float(0, 1), "n": Int(1, 9), "new": Int(1, 100, guess=7)})
    lesson = Lesson(name="old", results=LESSON.results, unknown=frozenset({"new"}))
    found = run({}, 7, space, lesson)
    assert [params["new"] for params in (found[0], found[4], found[6])] == [7, 7, 7]


def test_the_first_trial_is_at_the_guess() -> None:
    space = space_of({"x": Float(0, 1, guess=0.2), "n": Int(1, 9)})
    assert run({}, 1, space)[0] == {"x": 0.2, "n": 5}


def test_a_guess_that_the_relations_forbid_is_passed_over() -> None:
    space = space_of({"x": Float(0, 1, guess=0.2), "n": Int(1, 9)}, where="x > 0.5")
    assert run({}, 1, space)[0]["x"] > 0.5


def test_earlier_points_that_the_relations_forbid_are_passed_over() -> None:
    space = space_of({"x": Float(0, 1), "n": Int(1, 9)}, where="x > 0.55")
    assert run({}, 1, space, LESSON)[0]["x"] == 0.6
