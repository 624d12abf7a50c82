"""The Gaussian process: its gradients are right, and adding points is as good as starting anew."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sonde.core.surrogates.gaussian_process import (
    Posterior,
    Prior,
    fit,
    negative_log_likelihood,
    negative_log_posterior,
)

GROUP = np.array([0, 1, 1, 1, 2])  # a number, a category of three, a number
PRIOR = Prior.of(3)


def data(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.random((n, len(GROUP)))
    y = np.sin(5 * x[:, 0]) + x[:, 4] ** 2 + x[:, 1] + 0.05 * random.standard_normal(n)
    return x, (y - y.mean()) / y.std()


def dense(x: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """The covariance without noise, written as in the docstring."""
    scaled = x / np.exp(theta[:-1])[GROUP]
    r = np.sqrt(5 * ((scaled[:, None] - scaled[None]) ** 2).sum(2))
    return np.asarray((1 + r + r**2 / 3) * np.exp(-r))


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_the_fit_is_that_of_finite_differences(seed: int) -> None:
    x, y = data(25, seed)
    theta = np.random.default_rng(seed).normal(size=4) - np.array([0, 0, 0, 3])
    _, gradient = negative_log_posterior(theta, x, y, GROUP, PRIOR)
    expected = approx_fprime(
        theta, lambda t: negative_log_posterior(t, x, y, GROUP, PRIOR)[0], 1e-6
    )
    assert gradient == pytest.approx(expected, abs=2e-4)


def test_the_likelihood_is_the_posterior_without_its_prior() -> None:
    x, y = data(25)
    mode = np.append(np.full(3, PRIOR.length), PRIOR.noise)
    spread = np.append(np.full(3, PRIOR.length_sd), PRIOR.noise_sd)
    for theta in np.random.default_rng(0).normal(mode, spread, (5, 4)):
        belief = (((theta - mode) / spread) ** 2).sum() / 2
        whole, _ = negative_log_posterior(theta, x, y, GROUP, PRIOR)
        assert negative_log_likelihood(theta, x, y, GROUP) == pytest.approx(whole - belief)


def test_a_fit_finds_which_dimensions_matter() -> None:
    random = np.random.default_rng(0)
    x = random.random((60, 3))
    y = np.sin(8 * x[:, 0])
    group = np.arange(3)
    theta, value = fit(x, (y - y.mean()) / y.std(), group, PRIOR, [PRIOR.start(3, -4.0)])
    assert theta[0] < theta[1] - 1
    assert theta[0] < theta[2] - 1
    assert value < negative_log_posterior(PRIOR.start(3, -4.0), x, y, group, PRIOR)[0]


def test_the_posterior_is_that_of_the_textbook() -> None:
    x, y = data(30)
    new, _ = data(7, seed=1)
    theta = np.array([-1.0, 0.5, 0.0, -3.0])
    posterior = Posterior(x, GROUP, theta, 30)
    posterior.target(y)
    found = posterior.predict(new)
    both = dense(np.vstack([x, new]), theta)
    k, between = both[:30, :30] + np.exp(theta[-1]) * np.eye(30), both[30:, :30]
    solved = np.linalg.solve(k, y)
    amplitude = (y @ solved / 2 + 1) / (30 / 2 + 2)
    assert found.mean == pytest.approx(between @ solved)
    assert posterior.mean(new) == pytest.approx(found.mean)
    variance = 1 - np.einsum("ij,ji->i", between, np.linalg.solve(k, between.T))
    assert found.sd == pytest.approx(np.sqrt(amplitude * variance))
    assert posterior.fitted(y) == pytest.approx(both[:30, :30] @ solved)


def test_points_added_one_by_one_give_what_all_at_once_give() -> None:
    x, y = data(40)
    new, _ = data(9, seed=1)
    theta = np.array([-1.0, 0.5, 0.0, -5.0])
    whole = Posterior(x, GROUP, theta, 40)
    grown = Posterior(x[:10], GROUP, theta, 40)
    grown.extend(x[10:25])
    grown.extend(x[25:])
    for posterior in (whole, grown):
        posterior.target(y)
    assert len(grown) == len(whole) == 40
    assert grown.predict(new).mean == pytest.approx(whole.predict(new).mean, abs=1e-9)
    assert grown.predict(new).sd == pytest.approx(whole.predict(new).sd, rel=1e-6)


def test_how_many_points_come_at_once_changes_no_bit() -> None:
    x, y = data(40)
    theta = np.array([-1.0, 0.5, 0.0, -5.0])
    one, other = Posterior(x[:20], GROUP, theta, 40), Posterior(x[:20], GROUP, theta, 40)
    one.extend(x[20:])
    for row in x[20:]:
        other.extend(row[None])
    for posterior in (one, other):
        posterior.target(y)
    assert np.array_equal(one.predict(x).sd, other.predict(x).sd)
    assert np.array_equal(one.predict(x).mean, other.predict(x).mean)


def test_a_copy_takes_in_points_and_leaves_the_original_alone() -> None:
    x, y = data(20)
    posterior = Posterior(x, GROUP, PRIOR.start(3, -4.0), 20)
    posterior.target(y)
    before = posterior.predict(x).sd
    copy = posterior.copy(5)
    copy.extend(x[:5] + 0.1)
    copy.target(np.append(y, y[:5]))
    assert len(copy) == 25
    assert np.array_equal(posterior.predict(x).sd, before)


@pytest.mark.parametrize("what", ["mean", "sd"])
def test_the_slopes_of_predictions_are_those_of_finite_differences(what: str) -> None:
    x, y = data(30)
    point = np.random.default_rng(3).random(len(GROUP))
    posterior = Posterior(x, GROUP, np.array([-1.0, 0.5, 0.0, -3.0]), 30)
    posterior.target(y)
    of_mean, of_sd = np.array([float(what == "mean")]), np.array([float(what == "sd")])
    slope = posterior.pull_back(posterior.predict(point[None]), of_mean, of_sd)[0]
    expected = approx_fprime(
        point, lambda p: float(getattr(posterior.predict(p[None]), what)[0]), 1e-6
    )
    assert slope == pytest.approx(expected, abs=1e-4)


def test_points_that_coincide_do_no_harm() -> None:
    x = np.zeros((12, len(GROUP)))
    theta = np.append(np.zeros(3), np.log(1e-7))
    posterior = Posterior(x, GROUP, theta, 12)
    posterior.target(np.linspace(-1, 1, 12))
    found = posterior.predict(x[:1])
    assert found.mean == pytest.approx(0, abs=1e-6)
    assert 0 < found.sd[0] < 1
