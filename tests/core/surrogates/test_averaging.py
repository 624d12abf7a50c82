"""Hyperparameters are drawn as often as the data and the prior together say."""

import numpy as np
import pytest

from sonde.core.surrogates.averaging import draws
from sonde.core.surrogates.gaussian_process import Prior, fit, negative_log_posterior
from sonde.core.surrogates.kernel import Kernel

PRIOR = Prior.of(1)
KERNEL = Kernel(np.zeros(1, dtype=int))


def data(n: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(0, 1, n)[:, None]
    y = np.sin(9 * x[:, 0])
    return x, (y - y.mean()) / y.std()


@pytest.mark.parametrize("n", [4, 9])
def test_draws_have_the_mean_and_the_spread_of_the_posterior(n: int) -> None:
    x, y = data(n)
    mode, _ = fit(x, y, KERNEL, PRIOR, [PRIOR.start(1, -4.0)])
    found = np.array(
        [
            theta
            for seed in range(100)
            for theta in draws(mode, x, y, KERNEL, PRIOR, np.random.default_rng(seed))
        ]
    )
    low, high = PRIOR.box(1)
    length = np.linspace(low[0], high[0], 60)
    noise = np.linspace(low[1], high[1], 60)
    cells = np.array([[a, b] for a in length for b in noise])
    costs = np.array([negative_log_posterior(cell, x, y, KERNEL, PRIOR)[0] for cell in cells])
    weights = np.exp(costs.min() - costs)
    mean = np.average(cells, axis=0, weights=weights)
    spread = np.sqrt(np.average((cells - mean) ** 2, axis=0, weights=weights))
    assert found.mean(axis=0) == pytest.approx(mean, abs=0.35 * spread.max())
    assert found.std(axis=0) == pytest.approx(spread, rel=0.25)
    assert (found >= low).all()
    assert (found <= high).all()


def test_the_same_random_numbers_give_the_same_draws() -> None:
    x, y = data(6)
    mode = PRIOR.start(1, -4.0)
    first, again = (draws(mode, x, y, KERNEL, PRIOR, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert len({tuple(theta) for theta in first}) == len(first)
