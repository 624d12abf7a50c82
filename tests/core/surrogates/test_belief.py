"""A guess is believed at first, and less with every trial."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sonde.core.distributions import Choice, Float, Int
from sonde.core.space import space_of
from sonde.core.surrogates.belief import Belief, share_of_guess
from sonde.core.surrogates.encoding import Encoding

SPACE = space_of(
    {"x": Float(1e-4, 1, log=True, guess=1e-3), "n": Int(1, 9, guess=2), "free": Float(0, 1)}
    | {"opt": Choice(("a", "b", "c"), guess="b"), "flag": Choice((True, False), guess=False)}
    | {"m": Float(0, 1, guess=0.9, when="flag")}
)
ENCODING = Encoding(SPACE)
GUESSED = 5  # parameters, over which the mean is taken
GUESS: dict[str, Any] = {"x": 1e-3, "n": 2, "free": 0.5, "opt": "b", "flag": False}


def value(trials: int = 10, **changes: object) -> float:
    params: dict[str, Any] = GUESS | changes
    row = np.array([ENCODING.row(params)])
    return float(Belief(ENCODING, trials).at(ENCODING.columns(row), slopes=False)[0][0])


def test_nothing_is_believed_more_than_the_guess() -> None:
    assert value() > max(value(x=1e-2), value(n=3), value(opt="c"), value(flag=True, m=0.9))


def test_the_further_from_the_guess_the_less_it_is_believed() -> None:
    assert value(x=1e-3) > value(x=1e-2) > value(x=1e-1) > value(x=1.0)
    assert value(opt="a") == value(opt="c")
    assert value(free=0.1) == value(free=0.9)


def test_how_far_a_parameter_is_off_that_does_not_exist_plays_no_part() -> None:
    assert value(flag=True, m=0.5) < value(flag=True, m=0.9)
    assert value() - value(flag=True, m=0.9) == pytest.approx(np.log(3) / GUESSED)


def test_a_belief_weighs_ten_over_the_number_of_trials() -> None:
    gaps = [value(n) - value(n, x=1e-1) for n in (1, 10, 100)]
    assert gaps == pytest.approx([10 * gaps[1], gaps[1], gaps[1] / 10])
    assert value(10) - value(10, x=1e-1) == pytest.approx(0.5 * (0.5 / 0.25) ** 2 / GUESSED)


def test_a_guess_among_choices_has_half_of_the_probability_more() -> None:
    assert share_of_guess(4) == 0.625
    gap = value() - value(opt="a")
    ratio = share_of_guess(3) / ((1 - share_of_guess(3)) / 2)
    assert gap == pytest.approx(np.log(ratio) / GUESSED)


def test_a_guess_that_trials_speak_against_is_believed_no_more() -> None:
    rows = np.array([ENCODING.row(GUESS | {"x": 10**-e}) for e in np.linspace(0, 4, 9)])
    columns = ENCODING.columns(rows)
    far = np.abs(np.linspace(0, 4, 9) - 3)
    assert not Belief(ENCODING, 9).is_refuted(columns, far)
    assert Belief(ENCODING, 9).is_refuted(columns, -far)
    assert not Belief(ENCODING, 9).is_refuted(columns, np.array([3, 9, 1, 7, 5, 8, 2, 6, 4.0]))


def test_its_slope_is_that_of_finite_differences() -> None:
    belief = Belief(ENCODING, 7)
    for row in np.random.default_rng(0).random((5, len(ENCODING.group))) + 0.01:
        expected = approx_fprime(row, lambda x: float(belief.at(x[None], slopes=False)[0][0]), 1e-7)
        found, slope = belief.at(row[None], slopes=True)
        assert found == pytest.approx(belief.at(row[None], slopes=False)[0])
        assert slope[0] == pytest.approx(expected, abs=1e-4)
