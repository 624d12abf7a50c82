"""Scores and figures of benchmarks/search."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import duel, ranks, reached
from problem import Outcome
from score import MOST, Reference, curve, front_of, regret, usual_score, volume

CUBE = st.tuples(*[st.integers(0, 5).map(float)] * 3)


def test_the_true_loss_counts_of_the_trial_that_was_observed_to_be_best() -> None:
    observed = [Outcome((3.0,)), Outcome((1.0,)), Outcome((2.0,))]
    true = [Outcome((2.0,)), Outcome((5.0,)), Outcome((0.0,))]
    assert curve(observed, true) == [2.0, 5.0, 5.0]


def test_trials_beyond_the_limits_do_not_count() -> None:
    seen = [Outcome((1.0,), (0.1,)), Outcome((4.0,), (0.0,)), Outcome((2.0,), (3.0,))]
    assert curve(seen, seen) == [math.inf, 4.0, 4.0]


def test_regret_is_0_at_the_best_1_at_the_usual_and_cut_where_nothing_was_found() -> None:
    unit = Reference(best=-2.0, usual=2.0)
    assert [regret(score, unit) for score in (-3, -2, 0, 2, 99, math.inf)] == [
        0, 0, 0.5, 1, MOST, MOST,
    ]  # fmt: skip


def test_the_volume_of_boxes_is_that_of_their_union() -> None:
    assert volume([(1, 2), (2, 1), (2, 2)], (3, 3)) == 3
    assert volume([(1, 1, 1)], (2, 3, 4)) == 6
    assert volume([(0, 1, 1), (1, 0, 1), (1, 1, 0)], (2, 2, 2)) == 4
    assert volume([(5, 5)], (3, 3)) == 0


@given(st.lists(CUBE, max_size=8))
def test_the_volume_counts_each_unit_cube_that_some_point_dominates(
    points: list[tuple[float, ...]],
) -> None:
    cells = [(x, y, z) for x in range(5) for y in range(5) for z in range(5)]
    counted = sum(
        any(all(a <= b for a, b in zip(point, cell, strict=True)) for point in points)
        for cell in cells
    )
    assert volume(points, (5, 5, 5)) == counted


@given(st.lists(CUBE, max_size=12))
def test_a_front_has_no_point_that_another_dominates_and_loses_no_volume(
    points: list[tuple[float, ...]],
) -> None:
    front = front_of(points)
    for point in front:
        better = [p for p in points if all(a <= b for a, b in zip(p, point, strict=True))]
        assert set(better) == {point}
    assert volume(front, (6, 6, 6)) == volume(points, (6, 6, 6))


def test_several_goals_are_scored_by_the_volume_won() -> None:
    seen = [Outcome((1.0, 2.0)), Outcome((2.0, 2.0)), Outcome((2.0, 1.0))]
    assert curve(seen, seen, (3.0, 3.0)) == [-2.0, -2.0, -3.0]


def test_the_usual_score_is_the_median_of_the_best_of_so_many() -> None:
    outcomes = [Outcome((float(n),)) for n in range(10_000)]
    assert usual_score(outcomes, trials=1) == pytest.approx(5_000, abs=2)
    assert usual_score(outcomes, trials=20) == pytest.approx(341, abs=2)


def test_ranks_share_places_and_a_duel_counts_paired_runs() -> None:
    mine = {("a", 0): [1.0], ("a", 1): [0.5], ("b", 0): [0.2]}
    peer = {("a", 0): [2.0], ("a", 1): [0.5], ("b", 0): [0.1], ("c", 0): [0.0]}
    assert ranks({"mine": mine, "peer": peer}, list(mine), 1) == {"mine": 1.5, "peer": 1.5}
    found = duel(mine, peer, 1)
    assert found is not None
    assert (found.runs, found.problems, found.wins, found.losses, found.ties) == (3, 2, 1, 1, 1)
    assert found.difference == pytest.approx((-0.5 + 0.1) / 2)
    assert reached([0.9, 0.4, 0.2], 0.4) == 2
    assert reached([0.9], 0.4) is None
