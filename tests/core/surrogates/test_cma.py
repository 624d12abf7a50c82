"""The distribution of CMA-ES keeps its margins, and looks beyond what it cannot see."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from sonde.core.surrogates.cma import Cma

STEPS = np.arange(1, 10) / 10  # ten cells
Array = npt.NDArray[np.float64]


def generation(cma: Cma, random: np.random.Generator, best: Array) -> None:
    """Let it move once on a sphere in steps, with the best category 2."""
    points = cma.sample(random, cma.size)
    points[:, 0] = (np.floor(points[:, 0].clip(0, 0.999) * 10) + 0.5) / 10
    active = np.ones(2, dtype=bool)
    latent = np.array([cma.latent(p, active, random.random(2)) for p in points])
    shares = np.cumsum(cma.probabilities[0][:-1])
    chosen = np.searchsorted(shares, random.random(cma.size))[:, None]
    losses = ((points - best) ** 2).sum(axis=1) + (chosen[:, 0] != 2)
    order = np.argsort(losses)
    cma.adapt(latent[order], chosen[order], losses[order])


def fresh() -> Cma:
    """One axis in steps, one without, three categories."""
    return Cma([STEPS, None], [np.full(3, 1 / 3)], 0, np.array([0.5, 0.5]))


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([0.05, 0.35, 0.75, 0.95]))
def test_the_values_beside_the_mean_keep_their_share(seed: int, best: float) -> None:
    cma, random = fresh(), np.random.default_rng(seed)
    for _ in range(40):
        generation(cma, random, np.array([best, 0.3]))
        m, deviation = cma.m[0], cma.deviations[0]
        cell = int(np.searchsorted(STEPS, m))
        alpha = 1 / (cma.size * 2)
        if cell > 0:
            assert ndtr((STEPS[cell - 1] - m) / deviation) > 0.49 * alpha
        if cell < len(STEPS):
            assert ndtr((m - STEPS[cell]) / deviation) > 0.49 * alpha


@pytest.mark.parametrize("best", [0.05, 0.15, 0.35, 0.95])
def test_the_axis_without_steps_arrives_in_time_wherever_the_best_cell_is(best: float) -> None:
    # Of 250 seeds none was late at any of these. Where cells at the edge drew the distribution as
    # far beyond the box as they may have come from, it did not shrink: 18 were late, and 14.
    late = 0
    for seed in range(60):
        cma, random = fresh(), np.random.default_rng(seed)
        for _ in range(40):
            generation(cma, random, np.array([best, 0.3]))
        late += abs(cma.m[1] - 0.3) >= 0.15
    assert late <= 1


def test_a_value_at_the_edge_comes_from_its_cell_or_from_half_as_far_beyond() -> None:
    cma, random = Cma([STEPS, None], [], 0, np.array([0.05, 0.05])), np.random.default_rng(4)
    active = np.ones(2, dtype=bool)
    point = np.array([0.05, 0.0])
    points = np.array([cma.latent(point, active, random.random(2)) for _ in range(4000)])
    assert points[:, 0].max() <= 0.1
    assert points[:, 1].max() <= 0
    beyond = points[points[:, 0] < 0]
    # Of a normal distribution: the mean of what lies below 0, as seen from there.
    depth = 0.05 - 0.2 * np.exp(-0.5 * 0.25**2) / math.sqrt(2 * math.pi) / ndtr(-0.25)
    assert beyond[:, 0].mean() == pytest.approx(depth / 2, abs=0.005)
    assert points[:, 1].mean() == pytest.approx(depth / 2, abs=0.005)


def test_categories_move_towards_the_best_and_never_die_out() -> None:
    cma, random = fresh(), np.random.default_rng(0)
    for _ in range(60):
        generation(cma, random, np.array([0.35, 0.3]))
    (share,) = cma.probabilities
    assert share.sum() == pytest.approx(1)
    assert share[2] == share.max() > 0.6
    assert share.min() > 0.01


def test_the_covariance_stays_one() -> None:
    cma, random = fresh(), np.random.default_rng(1)
    for _ in range(200):
        generation(cma, random, np.array([0.35, 0.3]))
        assert np.allclose(cma.C, cma.C.T)
        assert np.linalg.eigvalsh(cma.C)[0] > 0
        assert math.isfinite(cma.sigma)


def test_what_is_not_known_of_a_point_is_drawn_from_the_distribution() -> None:
    cma, random = fresh(), np.random.default_rng(2)
    point = np.array([0.75, 0.4])
    both, first = np.array([True, True]), np.array([True, False])
    drawn = np.array([cma.latent(point, both, random.random(2)) for _ in range(200)])
    assert (drawn[:, 0] >= 0.7).all()
    assert (drawn[:, 0] <= 0.8).all()
    assert (drawn[:, 1] == 0.4).all()
    drawn = np.array([cma.latent(point, first, random.random(2)) for _ in range(2000)])
    assert abs(drawn[:, 1].mean() - 0.5) < 0.03
    assert abs(drawn[:, 1].std() - cma.deviations[1]) < 0.02


def test_a_point_far_from_the_distribution_cannot_throw_it_off() -> None:
    cma, random = fresh(), np.random.default_rng(3)
    for _ in range(60):
        generation(cma, random, np.array([0.35, 0.3]))
    before = cma.sigma
    points = cma.sample(random, cma.size)
    points[0] = 1.0
    chosen = np.zeros((cma.size, 1), dtype=int)
    cma.adapt(points, chosen, np.arange(cma.size, dtype=float))
    assert cma.sigma < 4 * before
    assert np.linalg.eigvalsh(cma.C)[-1] < 1e6


def test_a_generation_of_failures_changes_nothing() -> None:
    cma = fresh()
    points = cma.sample(np.random.default_rng(0), cma.size)
    chosen = np.zeros((cma.size, 1), dtype=int)
    cma.adapt(points, chosen, np.full(cma.size, math.inf))
    assert cma.sigma == fresh().sigma
    assert (cma.m == fresh().m).all()
