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
from sonde.core.surrogates.kernel import Kernel

GROUP = np.array([0, 1, 1, 1, 2])  # a number, a category of three, a number
SHARE = 0.3
PRIOR = Prior.of(3)


@pytest.fixture(params=[0.0, SHARE], ids=["together", "alone too"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return Kernel(GROUP, request.param)


def data(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.random((n, len(GROUP)))
    y = np.sin(5 * x[:, 0]) + x[:, 4] ** 2 + x[:, 1] + 0.05 * random.standard_normal(n)
    return x, (y - y.mean()) / y.std()


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_of_the_fit_is_that_of_finite_differences(seed: int, kernel: Kernel) -> None:
    x, y = data(25, seed)
    theta = np.random.default_rng(seed).normal(size=4) - np.array([0, 0, 0, 3])
    _, gradient = negative_log_posterior(theta, x, y, kernel, PRIOR)
    expected = approx_fprime(
        theta, lambda t: negative_log_posterior(t, x, y, kernel, PRIOR)[0], 1e-6
    )
    assert gradient == pytest.approx(expected, abs=2e-4)


def test_the_likelihood_is_the_posterior_without_its_prior(kernel: Kernel) -> None:
    x, y = data(25)
    mode = np.append(np.full(3, PRIOR.length), PRIOR.noise)
    spread = np.append(np.full(3, PRIOR.length_sd), PRIOR.noise_sd)
    for theta in np.random.default_rng(0).normal(mode, spread, (5, 4)):
        belief = (((theta - mode) / spread) ** 2).sum() / 2
        whole, _ = negative_log_posterior(theta, x, y, kernel, PRIOR)
        assert negative_log_likelihood(theta, x, y, kernel) == pytest.approx(whole - belief)


def test_a_fit_finds_which_dimensions_matter() -> None:
    random = np.random.default_rng(0)
    x = random.random((60, 3))
    y = np.sin(8 * x[:, 0])
    kernel = Kernel(np.arange(3))
    theta, value = fit(x, (y - y.mean()) / y.std(), kernel, PRIOR, [PRIOR.start(3, -4.0)])
    assert theta[0] < theta[1] - 1
    assert theta[0] < theta[2] - 1
    assert value < negative_log_posterior(PRIOR.start(3, -4.0), x, y, kernel, PRIOR)[0]


def test_the_posterior_is_that_of_the_textbook(kernel: Kernel) -> None:
    x, y = data(30)
    new, _ = data(7, seed=1)
    theta = np.array([-1.0, 0.5, 0.0, -3.0])
    posterior = Posterior(x, kernel, theta, 30)
    posterior.target(y)
    found = posterior.predict(new)
    both = np.vstack([x, new]) / np.exp(theta[:-1])[GROUP]
    both = kernel.between(both, both)
    k, between = both[:30, :30] + np.exp(theta[-1]) * np.eye(30), both[30:, :30]
    solved = np.linalg.solve(k, y)
    amplitude = (y @ solved / 2 + 1) / (30 / 2 + 2)
    assert found.mean == pytest.approx(between @ solved)
    assert posterior.mean(new) == pytest.approx(found.mean)
    variance = 1 - np.einsum("ij,ji->i", between, np.linalg.solve(k, between.T))
    assert found.sd == pytest.approx(np.sqrt(amplitude * variance))
    assert posterior.fitted(y) == pytest.approx(both[:30, :30] @ solved)


def test_points_added_one_by_one_give_what_all_at_once_give(kernel: Kernel) -> None:
    x, y = data(40)
    new, _ = data(9, seed=1)
    theta = np.array([-1.0, 0.5, 0.0, -5.0])
    whole = Posterior(x, kernel, theta, 40)
    grown = Posterior(x[:10], kernel, theta, 40)
    grown.extend(x[10:25])
    grown.extend(x[25:])
    for posterior in (whole, grown):
        posterior.target(y)
    assert len(grown) == len(whole) == 40
    assert grown.predict(new).mean == pytest.approx(whole.predict(new).mean, abs=1e-9)
    assert grown.predict(new).sd == pytest.approx(whole.predict(new).sd, rel=1e-6)


def test_how_many_points_come_at_once_changes_no_bit(kernel: Kernel) -> None:
    x, y = data(40)
    theta = np.array([-1.0, 0.5, 0.0, -5.0])
    one, other = Posterior(x[:20], kernel, theta, 40), Posterior(x[:20], kernel, theta, 40)
    one.extend(x[20:])
    for row in x[20:]:
        other.extend(row[None])
    for posterior in (one, other):
        posterior.target(y)
    assert np.array_equal(one.predict(x).sd, other.predict(x).sd)
    assert np.array_equal(one.predict(x).mean, other.predict(x).mean)


def test_a_copy_takes_in_points_and_leaves_the_original_alone(kernel: Kernel) -> None:
    x, y = data(20)
    posterior = Posterior(x, kernel, PRIOR.start(3, -4.0), 20)
    posterior.target(y)
    before = posterior.predict(x).sd
    copy = posterior.copy(5)
    copy.extend(x[:5] + 0.1)
    copy.target(np.append(y, y[:5]))
    assert len(copy) == 25
    assert np.array_equal(posterior.predict(x).sd, before)


@pytest.mark.parametrize("what", ["mean", "sd"])
def test_the_slopes_of_predictions_are_those_of_finite_differences(
    what: str, kernel: Kernel
) -> None:
    x, y = data(30)
    point = np.random.default_rng(3).random(len(GROUP))
    posterior = Posterior(x, kernel, np.array([-1.0, 0.5, 0.0, -3.0]), 30)
    posterior.target(y)
    of_mean, of_sd = np.array([float(what == "mean")]), np.array([float(what == "sd")])
    at = posterior.predict(point[None], slopes=True)
    slope = posterior.pull_back(at, of_mean, of_sd)[0]
    expected = approx_fprime(
        point, lambda p: float(getattr(posterior.predict(p[None]), what)[0]), 1e-6
    )
    assert slope == pytest.approx(expected, abs=1e-4)


def test_points_that_coincide_do_no_harm(kernel: Kernel) -> None:
    x = np.zeros((12, len(GROUP)))
    theta = np.append(np.zeros(3), np.log(1e-7))
    posterior = Posterior(x, kernel, theta, 12)
    posterior.target(np.linspace(-1, 1, 12))
    found = posterior.predict(x[:1])
    assert found.mean == pytest.approx(0, abs=1e-6)
    assert 0 < found.sd[0] < 1
