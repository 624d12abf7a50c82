"""Every problem of benchmarks/search is what it says: its space, its best, its unit of regret."""

import math
from functools import cache
from statistics import mean

import numpy as np
import pytest

from problem import FIRST_JUDGED, Member, Outcome
from problems import members, select
from reference import known_best, reference
from score import MOST, curve, regret

QUICK = [member for member in members().values() if not member.slow]
SLOW = [member for member in members().values() if member.slow]
KNOWN = [member for member in QUICK if member.instance(0).best is not None]


def named(member: Member) -> str:
    return member.name


@cache
def random_outcomes(member: Member) -> list[Outcome]:
    problem = member.instance(0)
    points = np.random.default_rng(5).random((400, len(problem.space.dimensions))).tolist()
    return [problem.true(problem.space.at(point)) for point in points]


def scores(member: Member, outcomes: list[Outcome]) -> list[float]:
    return curve(outcomes, outcomes, reference(member.name, 0).corner)


def test_there_are_many_and_each_half_has_some_of_every_suite() -> None:
    assert len(members()) >= 95
    for suite in {member.suite for member in members().values()}:
        halves = [member.split for member in select(suite, "all")]
        assert min(halves.count("tune"), halves.count("judge")) >= 2, suite


@pytest.mark.parametrize("member", KNOWN, ids=named)
def test_the_best_lies_in_the_space_and_gives_the_reference(member: Member) -> None:
    for seed in (0, 1):
        problem = member.instance(seed)
        assert problem.best is not None
        assert problem.space.admits(problem.best)
        found = problem.true(problem.best).losses[0]
        assert found == pytest.approx(reference(member.name, seed).best, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("member", QUICK, ids=named)
def test_nothing_random_beats_the_best_known(member: Member) -> None:
    unit = reference(member.name, 0)
    assert unit.best <= scores(member, random_outcomes(member))[-1] + 1e-9 * abs(unit.best)


@pytest.mark.parametrize("member", SLOW, ids=named)
def test_a_training_gives_its_best_loss_again(member: Member) -> None:
    problem, unit, params = (
        member.instance(0),
        reference(member.name, 0),
        known_best(member.name, 0),
    )
    assert unit.best < unit.usual
    if params is not None:
        assert problem.space.admits(params)
        # Another version of a library trains a little differently.
        slack = 0.2 * (unit.usual - unit.best)
        assert problem.true(params).losses[0] == pytest.approx(unit.best, abs=slack)
        assert problem.true(params).is_feasible


@pytest.mark.parametrize("member", QUICK, ids=named)
def test_twenty_random_trials_have_a_regret_about_one(member: Member) -> None:
    unit = reference(member.name, 0)
    drawn = random_outcomes(member)
    runs = [drawn[first : first + 20] for first in range(0, len(drawn), 20)]
    found = [regret(scores(member, run)[-1], unit) for run in runs]
    # One is the median: half of these twenty are expected below it.
    assert 3 <= sum(value <= 1 for value in found) <= 17
    assert 0 < mean(found) <= MOST


@pytest.mark.parametrize("member", QUICK, ids=named)
def test_an_instance_is_the_same_each_time_and_moves_with_the_seed(member: Member) -> None:
    one, again, other = member.instance(3), member.instance(3), member.instance(4)
    params = one.space.at([0.4] * len(one.space.dimensions))
    assert one.true(params) == again.true(params)
    assert one.evaluate(params, (3, 1)) == again.evaluate(params, (3, 1))
    assert len(one.true(params).losses) == one.goals
    assert len(one.true(params).limits) == one.limits
    moved = other.true(other.space.at([0.4] * len(other.space.dimensions)))
    assert (moved != one.true(params)) is member.moves


@pytest.mark.parametrize("member", QUICK, ids=named)
def test_noise_differs_between_trials_and_where_there_is_none_all_is_true(member: Member) -> None:
    problem = member.instance(0)
    params = problem.space.at([0.4] * len(problem.space.dimensions))
    seen = {problem.evaluate(params, (0, trial)) for trial in range(30)}
    if problem.noise is None:
        assert seen == {problem.true(params)}
    else:
        assert len(seen) > 1


def test_the_judging_half_is_made_of_instances_that_the_other_never_sees() -> None:
    for member in members().values():
        if member.moves:
            assert (member.instance(7).instance >= FIRST_JUDGED) is (member.split == "judge")


def test_references_of_a_seed_that_is_not_kept_are_worked_out() -> None:
    unit = reference("bowl-5f", 123)
    assert known_best("bowl-5f", 123) is None
    assert math.isfinite(unit.best)
    assert unit.best < unit.usual
