"""The contract of search methods finds out a method that breaks it."""

import math
import random
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import pytest

from sonde.core.distributions.values import Params
from sonde.core.search.protocol import Method, Problem, Request
from sonde.core.search.random import Random
from sonde.core.trial import Trial, losses
from sonde.testing.methods import GOALS, MethodContract

Found = list[Params]


class Kept:
    """Random points, and the losses so far; each method below differs from it in one fault."""

    name = "kept"
    adaptive = True

    def start(self, problem: Problem) -> "Kept":
        state = type(self)()
        state.problem = problem
        state.inner = Random().start(problem)
        state.losses = []
        state.asked = 0
        return state

    problem: Problem
    inner: Any
    losses: list[float]
    asked: int

    def observe(self, state: "Kept", trial: Trial) -> "Kept":
        state.losses.append((losses(trial, GOALS) or (math.inf,))[0])
        return state

    def propose(self, state: "Kept", request: Request) -> Found:
        return Random().propose(state.inner, request)

    def again(self, state: "Kept", request: Request, **changed: Any) -> Found:
        """Ask with another request."""
        return Random().propose(state.inner, replace(request, **changed))


class Outside(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        found = super().propose(state, request)
        return [{**params, "b": 5} if params.get("b") == 4 else params for params in found]


class Unconditional(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        found = super().propose(state, request)
        return [{"momentum": 0.3, **params} if "opt" in params else params for params in found]


class Unrelated(Kept):
    def start(self, problem: Problem) -> Kept:
        return super().start(replace(problem, space=replace(problem.space, where=())))


class Untyped(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        found = super().propose(state, request)
        return [{n: float(v) if type(v) is int else v for n, v in p.items()} for p in found]


class Unseeded(Kept):
    def start(self, problem: Problem) -> Kept:
        return super().start(replace(problem, seed=random.SystemRandom().randrange(2**31)))


class OneSeed(Kept):
    def start(self, problem: Problem) -> Kept:
        return super().start(replace(problem, seed=7))


class CountsItsCalls(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        state.asked += 1
        return self.again(state, request, first=request.first + state.asked)


class RemembersWhatRan(Kept):
    """What it saw running shifts its points, which a controller that starts anew cannot know."""

    def propose(self, state: Kept, request: Request) -> Found:
        state.asked += len(request.pending)
        return self.again(state, request, first=request.first + 1000 * state.asked)


class Repeating(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        return self.again(state, request, seen=frozenset[Hashable]())


class Forgetful(Kept):
    """It heeds what has ended and not what runs."""

    def propose(self, state: Kept, request: Request) -> Found:
        running = {state.problem.space.key(params) for params in request.pending}
        seen = frozenset(request.seen) - running
        return self.again(state, request, first=request.first // 5 * 5, seen=seen)


class LeavesTheLast(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        size = state.problem.space.size
        left = request.count if size is None else size - 1 - len(request.seen)
        return super().propose(state, request)[: max(left, 0)]


class TiredOfMany(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        return super().propose(state, request)[:32]


class Narrow(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        assert len(state.problem.space.dimensions) <= 64
        return super().propose(state, request)


class NeedsADimension(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        per_dimension = len(request.seen) / len(state.problem.space.dimensions)
        return super().propose(state, request) if per_dimension >= 0 else []


class Standardises(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        best, worst = min(state.losses, default=0.0), max(state.losses, default=1.0)
        share = 1 / (worst - best)
        return self.again(state, request, first=request.first + (share < 0))


class KnowsTheUnit(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        is_good = min(state.losses, default=1.0) < 1e-6
        return self.again(state, request, first=request.first + 1000 * is_good)


class TrustsEveryNumber(Kept):
    def propose(self, state: Kept, request: Request) -> Found:
        assert all(map(math.isfinite, state.losses))
        return super().propose(state, request)


class NeedsALoss(Kept):
    def observe(self, state: Kept, trial: Trial) -> Kept:
        state.losses.append(trial.metrics["loss"].last)
        return state


class Pretends(Kept):
    adaptive = False

    def propose(self, state: Kept, request: Request) -> Found:
        return self.again(state, request, first=request.first + 1000 * len(state.losses))


class Hangs(Kept):
    """Nothing that satisfies the relations: an end of the search, it believes."""

    def propose(self, state: Kept, request: Request) -> Found:
        texts = {relation.text for relation in state.problem.space.where}
        return [] if texts & {"a + b > 100", "x > 2"} else super().propose(state, request)


INSIDE = "proposals_lie_inside_the_space_with_exactly_its_active_parameters"
TYPES = "values_are_of_the_types_that_were_declared"
ANEW = "a_controller_that_starts_anew_proposes_what_the_old_one_would_have"
TO_ITS_END = "no_point_comes_up_twice_and_a_finite_space_is_searched_to_its_end"
FAILED = "it_goes_on_after_trials_that_failed_or_have_no_number"


@pytest.mark.parametrize(
    ("faulty", "promise"),
    [
        (Outside, INSIDE),
        (Unconditional, INSIDE),
        (Unrelated, INSIDE),
        (Untyped, TYPES),
        (Unseeded, "the_same_seed_proposes_the_same"),
        (OneSeed, "another_seed_proposes_something_else"),
        (CountsItsCalls, ANEW),
        (RemembersWhatRan, ANEW),
        (CountsItsCalls, "asking_again_without_a_trial_added_gives_the_same"),
        (Pretends, "results_play_no_part_unless_it_is_adaptive"),
        (Repeating, TO_ITS_END),
        (LeavesTheLast, TO_ITS_END),
        (NeedsADimension, TO_ITS_END),
        (Repeating, "points_that_the_user_tried_are_not_proposed_again"),
        (Forgetful, "a_batch_beside_running_trials_repeats_none_of_them"),
        (TiredOfMany, "up_to_sixty_four_at_once_all_differ"),
        (Narrow, "two_hundred_parameters_are_searched_too"),
        (Standardises, "a_loss_that_never_changes_ends_nothing"),
        (KnowsTheUnit, "the_units_of_the_loss_change_nothing"),
        (TrustsEveryNumber, FAILED),
        (NeedsALoss, FAILED),
        (Hangs, "relations_that_nothing_satisfies_end_in_an_error"),
    ],
)
def test_a_method_with_one_fault_does_not_keep_the_promise(
    faulty: type[Kept], promise: str
) -> None:
    sound, broken = (
        getattr(type("Contract", (MethodContract,), {"method": made})(), f"test_{promise}")
        for made in (Kept(), faulty())
    )
    sound()
    with pytest.raises((AssertionError, ArithmeticError, KeyError, pytest.fail.Exception)):
        broken()


def test_the_method_that_the_faulty_ones_differ_from_is_a_method() -> None:
    method: Method[Kept] = Kept()
    assert method.adaptive
