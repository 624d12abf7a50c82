"""A Parzen estimator is a density, and draws from itself."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sonde.core.surrogates.parzen import Category, Layout, Mixture

MIDDLES = np.array([0.25, 0.75])
LAYOUT = Layout(np.array([0, 1]), [Category(2, MIDDLES, np.array([0.5, 0.5]))])


def mixture(seed: int, kernels: int = 4, *, some_inactive: bool = True) -> Mixture:
    """Kernels about random points of two numbers and one of two categories."""
    random = np.random.default_rng(seed)
    points = random.random((kernels, 3))
    points[:, 2] = MIDDLES[random.integers(2, size=kernels)]
    active = np.ones((kernels, 3), dtype=bool)
    if some_inactive:
        active[::2, 1] = False
    return Mixture(
        LAYOUT, points, active, random.random(kernels + 1) + 0.1, np.array([0.05, 0.2]), 0.2
    )


def density(of: Mixture, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The density where every axis is active."""
    features = LAYOUT.features(points, np.ones(points.shape, dtype=bool))
    return np.exp(of.log_density(features))


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 9))
def test_it_integrates_to_one(seed: int, kernels: int) -> None:
    axis = (np.arange(200) + 0.5) / 200
    total = 0.0
    for category in MIDDLES:
        x, y = np.meshgrid(axis, axis)
        points = np.stack([x.ravel(), y.ravel(), np.full(x.size, category)], axis=1)
        total += density(mixture(seed, kernels), points).mean()
    assert total == pytest.approx(1, abs=2e-3)


def test_what_it_draws_is_spread_as_it_says() -> None:
    of = mixture(3, some_inactive=False)
    drawn = of.sample(np.random.default_rng(0), 20_000)
    assert (drawn >= 0).all()
    assert (drawn <= 1).all()
    axis = (np.arange(400) + 0.5) / 400
    for place in (0, 1):
        edge = np.zeros((400, 3))
        marginal = np.zeros(400)
        for category in MIDDLES:
            for other in (np.arange(40) + 0.5) / 40:
                edge[:, place], edge[:, 1 - place], edge[:, 2] = axis, other, category
                marginal += density(of, edge) / 40
        cumulated = np.cumsum(marginal) / 400
        found = np.searchsorted(np.sort(drawn[:, place]), axis + 1 / 800) / len(drawn)
        assert np.abs(found - cumulated).max() < 0.02
    assert set(drawn[:, 2]) == set(MIDDLES)


def test_a_kernel_says_of_inactive_axes_what_the_prior_says() -> None:
    points = np.array([[0.3, 0.9, 0.25]])
    active = np.array([[True, False, True]])
    of = Mixture(LAYOUT, points, active, np.array([1.0, 0.0]), np.array([0.05, 0.2]), 0.2)
    along = np.array([[0.3, y, 0.25] for y in (0.1, 0.5, 0.9)])
    assert density(of, along) == pytest.approx(density(of, along)[0])
    drawn = of.sample(np.random.default_rng(0), 4000)[:, 1]
    assert stats.kstest(drawn, "uniform").pvalue > 0.001


def test_a_candidates_inactive_axes_play_no_part() -> None:
    of = mixture(1)
    points = np.array([[0.3, 0.1, 0.25], [0.3, 0.9, 0.25]])
    active = np.array([[True, False, True]] * 2)
    one, other = of.log_density(LAYOUT.features(points, active))
    assert one == pytest.approx(other)


def test_inactive_coordinates_are_drawn_about_points_where_they_are_active() -> None:
    points = np.array([[0.3, 0.5, 0.25], [0.3, 0.9, 0.25]])
    active = np.array([[True, False, True], [True, True, True]])
    narrow = np.array([0.01, 0.01])
    of = Mixture(LAYOUT, points, active, np.array([1.0, 1.0, 1e-9]), narrow, 0.2)
    drawn = of.sample(np.random.default_rng(0), 500)[:, 1]
    assert drawn.min() > 0.8


def test_without_kernels_only_the_prior_is_left() -> None:
    of = mixture(0, kernels=0)
    drawn = of.sample(np.random.default_rng(0), 4000)
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 0.001
    assert density(of, drawn) == pytest.approx(0.5)
