"""The growth of a front is the volume that a new point adds to it, on average."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from sonde.core.surrogates.gaussian_process import Posterior
from sonde.core.surrogates.hypervolume import FrontGrowth, boxes, non_dominated, reference_point
from sonde.core.surrogates.kernel import Kernel

GRID = 6.0


def fronts(goals: int) -> st.SearchStrategy[np.ndarray]:
    """Points with coordinates 0 .. 5, none dominated."""
    point = st.lists(st.integers(0, 5), min_size=goals, max_size=goals)
    sets = st.lists(point, min_size=1, max_size=12)
    return sets.map(lambda found: np.array(found, dtype=float)).map(lambda p: p[non_dominated(p)])


def models(goals: int) -> list[Posterior]:
    random = np.random.default_rng(3)
    x = random.random((12, 2))
    found = []
    for k in range(goals):
        model = Posterior(x, Kernel(np.arange(2)), np.array([-1.0 + k / 3, -0.5, -5.0]), 12)
        model.target(np.cos(3 * x[:, 0] + k) + (k - 1) * x[:, 1])
        found.append(model)
    return found


@pytest.mark.parametrize("goals", [2, 3])
def test_boxes_are_disjoint_and_hold_what_no_point_dominates(goals: int) -> None:
    @given(fronts(goals))
    def check(front: np.ndarray) -> None:
        lower, upper = boxes(front, np.full(goals, GRID))
        cells = np.stack(np.meshgrid(*[np.arange(-1, 6) + 0.5] * goals), axis=-1)
        for cell in cells.reshape(-1, goals):
            inside = ((lower < cell) & (cell < upper)).all(axis=1).sum()
            assert inside == (not (front <= cell).all(axis=1).any())

    check()


@pytest.mark.parametrize("goals", [2, 3])
def test_it_is_the_mean_of_what_random_points_add(goals: int) -> None:
    front = np.array([[-0.5, 0.8, 0.0], [0.3, -0.2, 0.1], [0.1, 0.9, -0.7]])[:, :goals]
    front = front[non_dominated(front)]
    reference = np.full(goals, 1.2)
    losses, at = models(goals), np.array([[0.3, 0.7]])
    predicted = [model.predict(at) for model in losses]
    normal = np.random.default_rng(0).standard_normal((200_000, goals))
    points = np.column_stack([p.mean[0] + p.sd[0] * normal[:, k] for k, p in enumerate(predicted)])
    lower, upper = boxes(front, reference)
    sides = np.maximum(upper - np.maximum(points[:, None], lower), 0.0)
    expected = sides.prod(axis=2).sum(axis=1).mean()
    value, _ = FrontGrowth(losses, front, reference).at(at, slopes=False)
    assert np.exp(value[0]) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("goals", [2, 3])
@pytest.mark.parametrize("shift", [0.0, -6.0])
def test_its_slope_is_that_of_finite_differences_also_where_nothing_is_to_be_gained(
    goals: int, shift: float
) -> None:
    front = np.array([[-0.5, 0.8, 0.0], [0.3, -0.2, 0.1], [0.1, 0.9, -0.7]])[:, :goals] + shift
    front = front[non_dominated(front)]
    growth = FrontGrowth(models(goals), front, reference_point(front, front))
    for point in np.random.default_rng(1).random((5, 2)):
        value, slope = growth.at(point[None], slopes=True)
        expected = approx_fprime(point, lambda p: float(growth.at(p[None], slopes=False)[0][0]))
        assert np.isfinite(value).all()
        assert slope[0] == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_the_reference_lies_past_both_ends_of_a_front_and_past_a_single_point() -> None:
    front = np.array([[0.0, 2.0], [1.0, 0.0]])
    assert reference_point(front, front) == pytest.approx([1.1, 2.2])
    every = np.array([[1.0, 1.0], [3.0, 2.0]])
    assert reference_point(every[:1], every) == pytest.approx([1.2, 1.1])
    assert (reference_point(every[:1], every[:1]) > every[0]).all()


def test_of_equal_points_one_is_kept() -> None:
    points = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])
    assert non_dominated(points).tolist() == [True, False, True, False]
