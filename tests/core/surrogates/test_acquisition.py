"""The acquisition is the logarithm of an expectation, with its slope, as far out as one likes."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import norm

from sonde.core.surrogates.acquisition import (
    Acquisition,
    Averaged,
    Improvement,
    Kept,
    Lowest,
    Success,
    log_expected_improvement,
)
from sonde.core.surrogates.gaussian_process import Posterior
from sonde.core.surrogates.kernel import Kernel


@pytest.mark.parametrize("u", [-6.0, -2.0, -0.3, 0.0, 0.5, 3.0, 7.9, 8.1, 20.0])
def test_it_is_the_integral_over_all_improvements(u: float) -> None:
    expected, _ = quad(lambda z: (u - z) * norm.pdf(z), -40, u, epsabs=0, limit=200)
    assert log_expected_improvement(np.array([u]))[0][0] == pytest.approx(
        np.log(expected), rel=1e-6
    )


def test_far_below_it_falls_like_a_parabola_without_a_break() -> None:
    u = -np.logspace(0, 6, 4001)
    values, by_mean, by_sd = log_expected_improvement(u)
    # -u^2 / 2 - log(sqrt(2 pi) u^2), the first term of the asymptotic series
    series = -(u**2) / 2 - np.log(np.sqrt(2 * np.pi) * u**2)
    assert values[u < -100] == pytest.approx(series[u < -100], rel=1e-6)
    assert (np.diff(values) < 0).all()
    assert np.isfinite(by_mean).all()
    assert np.isfinite(by_sd).all()


@pytest.mark.parametrize("u", [-2000.0, -900.0, -30.0, -1.0, 0.0, 1.0, 7.0, 9.0])
def test_its_slope_is_that_of_finite_differences(u: float) -> None:
    def value(point: np.ndarray) -> float:
        return float(log_expected_improvement(point)[0][0])

    at = np.array([u])
    step = 1e-6 * max(abs(u), 1)
    expected = (value(at + step) - value(at - step)) / (2 * step)
    assert log_expected_improvement(at)[1][0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("is_bound", [False, True])
@pytest.mark.parametrize("has_results", [False, True])
def test_the_slope_in_space_is_that_of_finite_differences(
    fails: bool, is_bound: bool, has_results: bool
) -> None:
    random = np.random.default_rng(0)
    x, kernel = random.random((20, 2)), Kernel(np.arange(2))
    loss = Posterior(x, kernel, np.array([-1.0, -0.5, -4.0]), 20)
    loss.target(np.cos(4 * x[:, 0]) + x[:, 1])
    success = Posterior(x, kernel, np.array([-0.5, -1.0, -3.0]), 20)
    success.target(np.where(x[:, 0] > 0.7, -1.5, 0.5))
    acquisition = Acquisition(
        Improvement(loss, -0.8) if has_results else None,
        Success(success, offset=0.5) if fails else None,
        [Kept(success, -0.7)] if is_bound else [],
    )
    for point in random.random((5, 2)):
        value, slope = acquisition.with_gradient(point[None])
        expected = approx_fprime(point, lambda p: float(acquisition(p[None])[0]), 1e-6)
        assert acquisition(point[None]) == pytest.approx(value)
        assert slope[0] == pytest.approx(expected, abs=1e-3, rel=1e-3)


def test_the_lowest_loss_that_is_expected_counts_whatever_is_unsure() -> None:
    random = np.random.default_rng(0)
    x, points = random.random((9, 2)), random.random((6, 2))
    loss = Posterior(x, Kernel(np.arange(2)), np.array([-1.0, -0.5, -4.0]), 9)
    loss.target(np.cos(4 * x[:, 0]) + x[:, 1])
    acquisition = Acquisition(Lowest(loss))
    values, slopes = acquisition.with_gradient(points)
    assert values == pytest.approx(-loss.mean(points))
    assert acquisition(points) == pytest.approx(values)
    for point, slope in zip(points, slopes, strict=True):
        expected = approx_fprime(point, lambda p: -float(loss.mean(p[None])[0]), 1e-6)
        assert slope == pytest.approx(expected, abs=1e-4)


def test_where_trials_fail_there_is_less_to_expect() -> None:
    x = np.linspace(0, 1, 11)[:, None]
    success = Posterior(x, Kernel(np.zeros(1, dtype=int)), np.array([-1.0, -4.0]), 11)
    success.target(np.where(x[:, 0] > 0.5, -1.0, 1.0))
    values = Acquisition(None, Success(success))(np.array([[0.2], [0.8]]))
    assert values[0] > -0.2
    assert values[1] < -1.0


def test_far_beyond_its_bound_a_constraint_still_shows_the_way_back() -> None:
    x = np.linspace(0, 1, 11)[:, None]
    excess = Posterior(x, Kernel(np.zeros(1, dtype=int)), np.array([0.0, -14.0]), 11)
    excess.target(x[:, 0] - 0.5)
    values, slopes = Kept(excess, -40.0).at(np.array([[0.2], [0.4], [0.6]]), slopes=True)
    assert (values < -1e3).all()
    assert np.isfinite(values).all()
    assert (slopes < 0).all()


def test_an_average_is_that_of_what_the_logarithms_stand_for() -> None:
    random = np.random.default_rng(0)
    x, kernel = random.random((12, 2)), Kernel(np.arange(2))
    terms = []
    for theta in random.normal(-1.0, 1.0, (3, 3)):
        loss = Posterior(x, kernel, theta, 12)
        loss.target(np.cos(4 * x[:, 0]) + x[:, 1])
        terms.append(Improvement(loss, -0.8))
    average = Averaged(terms)
    points = random.random((5, 2))
    values, slopes = average.at(points, slopes=True)
    parts = [np.exp(term.at(points, slopes=False)[0]) for term in terms]
    assert np.exp(values) == pytest.approx(np.mean(parts, axis=0))
    assert average.at(points, slopes=False)[0] == pytest.approx(values)
    for point, slope in zip(points, slopes, strict=True):
        expected = approx_fprime(point, lambda p: float(average.at(p[None], slopes=False)[0][0]))
        assert slope == pytest.approx(expected, abs=1e-3, rel=1e-3)
