"""Bent ranges: an order-preserving map of [0, 1] onto itself, with the slopes it claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from sonde.core.surrogates.bend import MOST, Bend
from sonde.core.surrogates.bent_fit import Fit, bent
from sonde.core.surrogates.gaussian_process import Posterior, Prior, fit
from sonde.core.surrogates.kernel import Kernel

logs = st.floats(-MOST, MOST)
BENT = Bend(columns=np.array([0, 2]), shape=np.array([-0.7, 0.4, 0.5, -0.3]))


def of_one(u: np.ndarray, log_a: float, log_b: float) -> np.ndarray:
    bend = Bend(columns=np.array([0]), shape=np.array([log_a, log_b]))
    return np.asarray(bend.of(u[:, None])[:, 0])


@given(logs, logs)
def test_order_stays_and_all_of_it_between_0_and_1(log_a: float, log_b: float) -> None:
    found = of_one(np.linspace(0, 1, 50), log_a, log_b)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_it_is_the_function_of_kumaraswamy_and_straight_at_one_and_one() -> None:
    u = np.linspace(0.01, 0.99, 30)
    assert of_one(u, 0.0, 0.0) == pytest.approx(u)
    assert of_one(u, np.log(2.0), np.log(0.5)) == pytest.approx(1 - np.sqrt(1 - u**2))


def test_other_columns_are_left_alone() -> None:
    x = np.random.default_rng(0).random((5, 3))
    assert np.array_equal(BENT.of(x)[:, 1], x[:, 1])
    assert np.array_equal(BENT.slopes(x)[:, 1], np.ones(5))


def test_slopes_are_those_of_finite_differences() -> None:
    x, step = np.random.default_rng(0).uniform(0.05, 0.95, (6, 3)), 1e-6
    across = (BENT.of(x + step) - BENT.of(x - step)) / (2 * step)
    assert BENT.slopes(x) == pytest.approx(across, abs=1e-6)
    by_a, by_b = BENT.by_shape(x)
    for i, found in enumerate(np.hstack([by_a, by_b]).T):
        shifted = BENT.shape.copy()
        shifted[i] += step
        more = Bend(columns=BENT.columns, shape=shifted).of(x)
        assert found == pytest.approx(((more - BENT.of(x)) / step)[:, [0, 2][i % 2]], abs=1e-5)


def test_the_gradient_of_a_bent_process_is_that_of_finite_differences() -> None:
    random = np.random.default_rng(1)
    x, y, group = random.random((20, 3)), random.standard_normal(20), np.arange(3)
    posterior = Posterior(x, Kernel(group), np.array([-1.0, 0.0, -0.5, -3.0]), 20, BENT)
    posterior.target(y)
    for point in random.uniform(0.05, 0.95, (5, 3)):
        at = posterior.predict(point[None], slopes=True)
        found = posterior.pull_back(at, np.ones(1), np.full(1, 0.5))[0]

        def value(z: np.ndarray) -> float:
            there = posterior.predict(z[None])
            return float(there.mean[0] + 0.5 * there.sd[0])

        assert found == pytest.approx(approx_fprime(point, value, 1e-7), abs=1e-4)


def test_a_bent_process_that_grows_is_the_one_that_is_made_at_once() -> None:
    random = np.random.default_rng(2)
    x, y, theta = random.random((12, 3)), random.standard_normal(12), np.array([0, 0, 0, -3.0])
    grown = Posterior(x[:8], Kernel(np.arange(3)), theta, 8, BENT).copy(4)
    grown.extend(x[8:])
    whole = Posterior(x, Kernel(np.arange(3)), theta, 12, BENT)
    for posterior in (grown, whole):
        posterior.target(y)
    new = random.random((4, 3))
    assert grown.mean(new) == pytest.approx(whole.mean(new))
    assert grown.predict(new).sd == pytest.approx(whole.predict(new).sd)


def fitted(loss: np.ndarray, x: np.ndarray) -> Fit:
    columns, prior = np.arange(x.shape[1]), Prior.of(x.shape[1])
    kernel = Kernel(columns)
    y = (loss - loss.mean()) / loss.std()
    theta, value = fit(x, y, kernel, prior, [prior.start(x.shape[1], -4.0)])
    plain = Fit(kernel=kernel, theta=theta, value=value)
    return bent(x, y, prior, columns, plain, plain)


def test_a_range_in_which_all_happens_at_one_end_is_bent_and_an_even_one_is_not() -> None:
    x = np.random.default_rng(3).random((45, 2))
    crowded = np.sin(12 * x[:, 0] ** 0.2) + x[:, 1]
    even = np.sin(6 * x[:, 0]) + x[:, 1]
    found = fitted(crowded, x)
    assert found.bend is not None
    first = np.diff(of_one(np.array([0.0, 0.1, 0.9, 1.0]), *found.bend.shape[[0, 2]]))
    assert first[0] > 3 * first[2]  # the first tenth is drawn out
    assert fitted(even, x).bend is None
