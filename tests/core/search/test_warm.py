"""A warm start: guesses and earlier bests come first, and one trial is lost where they mislead."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sonde.core.distributions import Float, Int
from sonde.core.distributions.values import Params
from sonde.core.earlier import Lesson
from sonde.core.metric import Goal, Summary
from sonde.core.search import Method, Problem, Request, method
from sonde.core.search.warm import Warm
from sonde.core.space import Space, space_of
from sonde.core.trial import State as TrialState
from sonde.core.trial import Trial
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


def sweep(
    by: Method[Any], loss: Callable[[Params], float], trials: int, *lessons: Lesson
) -> list[Params]:
    """Return what is tried."""
    found: list[Params] = []
    state = by.start(Problem(space=SPACE, goals=GOALS, earlier=lessons))
    for number in range(trials):
        seen = set(map(SPACE.key, found))
        found += by.propose(state, Request(first=number, count=1, seen=seen))
        state = by.observe(state, ended(number, found[-1], loss(found[-1])))
    return found


@pytest.mark.parametrize("name", ["bayes", "tpe", "quasirandom", "random"])
def test_what_misleads_costs_one_trial_and_changes_none_of_the_others(name: str) -> None:
    def loss(params: Params) -> float:
        return -abs(float(params["x"]) - 0.3) + abs(int(params["n"]) - 2) / 9  # type: ignore[arg-type]

    told = sweep(Warm(method(name)), loss, 7, LESSON)
    plain = sweep(method(name), loss, 6)
    assert told == [{"x": 0.3, "n": 5}, *plain]


def observed(*trials: Trial, goals: Sequence[Goal] = GOALS) -> Any:
    """Return the state of a warm method that has seen these, the first at the earlier best."""
    warm = Warm(method("bayes"))
    state = warm.start(Problem(space=SPACE, goals=goals, earlier=[LESSON]))
    for trial in trials:
        state = warm.observe(state, trial)
    return state


BEST: Params = {"x": 0.3, "n": 5}
OWN: list[Params] = [{"x": 0.5, "n": n} for n in (1, 2, 3)]


def test_what_holds_its_own_is_told_to_the_method_with_all_that_has_ended() -> None:
    own = [ended(number, params, 2.0) for number, params in enumerate(OWN, start=1)]
    state = observed(ended(0, BEST, 1.0), *own)
    assert state.inner.earlier == (LESSON,)
    assert [result.losses for result in state.inner.results] == [(1.0,), (2.0,), (2.0,), (2.0,)]


def test_an_earlier_best_that_fails_is_forgotten_and_one_that_was_cancelled_says_nothing() -> None:
    own = [ended(number, params, 1.0) for number, params in enumerate(OWN, start=1)]
    failed = observed(replace(ended(0, BEST, 0.0), state=TrialState.FAILED, metrics={}), *own)
    assert not failed.is_on_trial
    assert failed.inner.earlier == ()
    assert len(failed.inner.results) == 3
    cancelled = observed(replace(ended(0, BEST, 0.0), state=TrialState.CANCELLED, metrics={}), *own)
    assert cancelled.is_on_trial


def test_three_repeats_are_one_assignment_and_their_mean_counts() -> None:
    first = [ended(number, BEST, loss) for number, loss in enumerate((1.0, 5.0, 3.0))]
    again = [ended(3 + number, OWN[0], 2.9) for number in range(3)]
    assert observed(*first, *again).is_on_trial
    rest = [ended(6, OWN[1], 2.9), ended(9, OWN[2], 9.0)]
    assert observed(*first, *again, *rest).withheld == {SPACE.key(BEST)}


def test_one_lucky_point_does_not_refute_the_past_but_ends_its_turns() -> None:
    found = run({0: 5.0, 1: 4.0, 2: 6.0, 3: 6.0}, 9, SPACE, LESSON)
    assert [found[i] for i in range(1, 9)] == run({}, 8, SPACE)
    own = [ended(number, params, 4.0 + number) for number, params in enumerate(OWN)]
    assert observed(ended(3, BEST, 4.5), *own).inner.earlier == (LESSON,)
    assert observed(ended(3, BEST, 5.5), *own).inner.earlier == ()


def test_of_several_goals_the_past_is_forgotten_only_if_it_was_worse_in_all() -> None:
    goals = (*GOALS, Goal(metric="size"))

    def sized(number: int, params: Params, loss: float, size: float) -> Trial:
        one = ended(number, params, loss)
        return replace(one, metrics={**one.metrics, "size": Summary.of([(0, size)])})

    best = sized(0, BEST, 2.0, 2.0)
    other = [sized(1 + i, params, 1.0, 3.0) for i, params in enumerate(OWN)]
    assert observed(best, *other, goals=goals).inner.earlier == (LESSON,)
    better = [sized(1 + i, params, 1.0, 2.0) for i, params in enumerate(OWN[:2])]
    assert observed(best, *better, other[2], goals=goals).inner.earlier == ()


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
    assert [found[i]["x"] for i in (0, 2, 6)] == [0.3, 0.9, 0.2]


def test_one_that_misleads_does_not_take_a_good_one_with_it() -> None:
    other = Lesson(name="other", results=(({"x": 0.9, "n": 1}, (1e9,)),))
    found = run({0: 9.0, 1: 5.0, 2: 4.0, 3: 5.0, 4: 5.0, 5: 5.0}, 7, SPACE, LESSON, other)
    assert found[6]["x"] == 0.2
    found = run({0: 9.0, 1: 5.0, 2: 6.0, 3: 5.0, 4: 5.0}, 16, SPACE, LESSON, other)
    assert [found[i] for i in (1, *range(3, 16))] == run({}, 14, SPACE)


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
