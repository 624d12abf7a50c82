"""Climbing from several starts: each to its own top, none out of the box."""

import numpy as np
import pytest

from sonde.core.surrogates.ascent import ascend


def test_each_start_reaches_the_top_of_its_hill_or_the_wall() -> None:
    tops = np.array([[0.3, 0.7], [2.5, 0.1], [1.0, -1.0]])

    def hills(x: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        away = (x - tops[who]) * [1.0, 10.0]
        return -(away * (x - tops[who])).sum(1), -2 * away

    found, values = ascend(hills, np.full((3, 2), 0.5), np.array([2.0, 1.0]))
    assert found == pytest.approx(np.clip(tops, 0, [2.0, 1.0]), abs=0.02)
    assert values[0] == pytest.approx(0, abs=5e-3)


def test_a_function_that_is_flat_ends_at_once() -> None:
    calls = []

    def flat(x: np.ndarray, who: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(x))
        return np.zeros(len(x)), np.zeros_like(x)

    start = np.random.default_rng(0).random((4, 3))
    found, values = ascend(flat, start, np.ones(3))
    assert np.array_equal(found, start)
    assert values.tolist() == [0.0] * 4
    assert len(calls) <= 2
