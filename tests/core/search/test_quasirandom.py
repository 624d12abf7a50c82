"""Quasi-random points are SciPy's Sobol points, scrambled, and fill every space evenly."""

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import kstest, qmc

from sonde.core.distributions import Float, Int
from sonde.core.search import Problem, Request, method
from sonde.core.search.sobol import BITS, MOST_DIMENSIONS, Sobol
from sonde.core.space import space_of
from sonde.testing.methods import Search

QUASIRANDOM = method("quasirandom")


def cube(dimensions: int, seed: int, count: int) -> npt.NDArray[np.float64]:
    """The first points of the unit cube."""
    space = space_of({f"x{i}": Float(0, 1) for i in range(dimensions)})
    found = QUASIRANDOM.propose(
        QUASIRANDOM.start(Problem(space=space, seed=seed)), Request(first=0, count=count)
    )
    return np.array([list(params.values()) for params in found], dtype=float)


def test_without_scrambling_the_points_are_scipys() -> None:
    mine = Sobol(MOST_DIMENSIONS, None)
    points = np.array([mine.digits(index) for index in range(4096)]) * 2.0**-BITS
    theirs = qmc.Sobol(MOST_DIMENSIONS, scramble=False, bits=32).random(4096)
    assert np.array_equal(points, theirs)


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_each_block_of_2_to_the_k_points_has_one_in_each_cell_of_every_axis(seed: int) -> None:
    points = cube(12, seed, 256)
    for count in (1, 2, 4, 16, 64, 256):
        for block in range(256 // count):
            cells = np.floor(points[block * count : (block + 1) * count] * count)
            for axis in cells.T:
                assert sorted(axis) == list(range(count))


def test_the_first_two_axes_are_stratified_together() -> None:
    points = cube(2, 4, 256)
    for rows in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        cells = {(int(x * rows), int(y * 256 / rows)) for x, y in points}
        assert len(cells) == 256


@pytest.mark.parametrize("dimensions", [2, 5, 10])
def test_the_discrepancy_is_far_below_that_of_random_points(dimensions: int) -> None:
    even = [qmc.discrepancy(cube(dimensions, seed, 256)) for seed in range(5)]
    random = np.random.default_rng(0)
    uneven = [qmc.discrepancy(random.random((256, dimensions))) for _ in range(5)]
    scipys = [qmc.discrepancy(qmc.Sobol(dimensions, seed=s).random(256)) for s in range(5)]
    assert max(even) < min(uneven) / 2
    assert np.mean(even) < 1.5 * np.mean(scipys)


def test_each_seed_scrambles_evenly() -> None:
    first = [cube(1, seed, 1)[0, 0] for seed in range(2000)]
    assert kstest(first, "uniform").pvalue > 0.001


def test_trial_n_is_point_n_whoever_came_before() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)})
    together = cube(2, 9, 40)
    alone = QUASIRANDOM.propose(
        QUASIRANDOM.start(Problem(space=space, seed=9)), Request(first=31, count=1)
    )
    assert list(alone[0].values()) == list(together[31])


def test_beyond_the_dimensions_of_the_sequence_the_rest_is_random() -> None:
    points = cube(MOST_DIMENSIONS + 6, 0, 64)
    for axis in points.T[MOST_DIMENSIONS:]:
        assert kstest(axis, "uniform").pvalue > 1e-4
        assert len({*np.floor(axis * 64)}) < 64
    assert len({*np.floor(points[:, MOST_DIMENSIONS - 1] * 64)}) == 64


def test_points_that_relations_rule_out_are_made_up_for_evenly() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)}, where="x < 0.5")
    found = Search(QUASIRANDOM, space).run(256).params
    points = np.array([list(params.values()) for params in found], dtype=float) * [2, 1]
    random = np.random.default_rng(0).random((256, 2))
    assert qmc.discrepancy(points) < qmc.discrepancy(random) / 2


def test_few_values_come_up_about_equally_often_from_the_start() -> None:
    space = space_of({"x": Float(0, 1), "n": Int(1, 4), "opt": ["a", "b"]})
    found = Search(QUASIRANDOM, space).run(16).params
    assert [sum(params["n"] == n for params in found) for n in (1, 2, 3, 4)] == [4, 4, 4, 4]
    assert sum(params["opt"] == "a" for params in found) == 8


def test_it_needs_neither_numpy_nor_scipy() -> None:
    code = (
        "import sys; from sonde.core.search import Problem, Request, method;"
        "from sonde.core.space import space_of; from sonde.core.distributions import Float;"
        "m = method('quasirandom'); s = m.start(Problem(space=space_of({'x': Float(0, 1)})));"
        "assert len(m.propose(s, Request(first=0, count=5))) == 5;"
        "assert not {'numpy', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
