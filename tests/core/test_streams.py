"""Random numbers depend on nothing but their place."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sonde.core.streams import generator, uniforms, words
from sonde.errors import ConfigError

seeds = st.integers(0, 2**63 - 1)
trials = st.integers(0, 2**40)


@given(seeds, trials, st.integers(0, 99), st.integers(0, 30), st.integers(0, 30))
def test_a_number_depends_on_its_place_only(
    seed: int, trial: int, draw: int, count: int, more: int
) -> None:
    numbers = uniforms(seed, trial, draw, count)
    assert len(numbers) == count
    assert all(0 <= number < 1 for number in numbers)
    assert uniforms(seed, trial, draw, count + more)[:count] == numbers


def test_every_platform_and_version_draws_these() -> None:
    assert words(0, 0, 0, 2) == (4217047638542892450, 11577963528596081196)
    assert uniforms(2**63 - 1, 2**40, 7, 2) == (0.644403355537434, 0.9291495652690861)


def test_streams_of_different_places_share_nothing() -> None:
    places = [(s, t, d) for s in range(10) for t in range(10) for d in range(10)]
    numbers = [number for place in places for number in uniforms(*place, 5)]
    assert len(set(numbers)) == len(numbers)


def test_numbers_are_uniform_along_and_across_trials() -> None:
    along = uniforms(1, 0, 0, 50_000)
    across = [uniforms(1, trial, 0, 1)[0] for trial in range(50_000)]
    for numbers in (along, across):
        assert stats.kstest(numbers, "uniform").pvalue > 0.001
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.02


@pytest.mark.parametrize("seed", [-1, 2**63, 2**70, 1.5, True, None])
def test_a_seed_is_a_whole_number_of_63_bits(seed: int) -> None:
    with pytest.raises(ConfigError, match=r"seed: .* is no seed; use a whole number from 0"):
        generator(seed, 0)


def test_numpys_generator_of_a_trial_comes_from_seed_and_trial() -> None:
    assert generator(3, 5).random() == generator(3, 5).random()
    numbers = {generator(s, t).random() for s in (0, 1, 2**63 - 1) for t in (0, 1, 2**40)}
    assert len(numbers) == 9


def test_numbers_are_drawn_without_numpy() -> None:
    code = (
        "import sys, sonde.core.streams as streams; streams.uniforms(0, 0, 0, 9);"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
