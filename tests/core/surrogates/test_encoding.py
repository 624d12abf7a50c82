"""Assignments become rows and come back; columns are as far apart as values are unlike."""

import math

import numpy as np
import pytest

from sonde.core.distributions import Choice, Float, Int, LogNormal, Normal, QNormal, QUniform
from sonde.core.space import space_of
from sonde.core.streams import generator
from sonde.core.surrogates.encoding import Encoding
from sonde.testing.methods import FINITE, INFINITE

SPACES = {**FINITE, **INFINITE}
KINDS = space_of(
    {
        "lr": Float(1e-5, 0.1, log=True),
        "layers": Int(1, 8),
        "width": Int(4, 64, log=True),
        "batch": Int(1, 5000),
        "depth": Choice((1, 2, 4, 8)),
        "opt": ["adam", "sgd", "lion"],
        "norm": [True, False],
        "noise": Normal(0, 1),
        "scale": LogNormal(0, 1),
        "quantum": QNormal(0, 1, 0.5),
        "share": QUniform(0, 1, 0.25),
        "sure": Float(0.5, 0.5),
        "momentum": Float(0, 0.99, when="opt == 'sgd'"),
        "nesterov": Choice((True, False), when="opt == 'sgd' and layers > 2"),
    }
)


@pytest.mark.parametrize("space", [*SPACES.values(), KINDS], ids=[*SPACES, "kinds"])
def test_an_assignment_comes_back_from_its_row(space: object) -> None:
    encoding = Encoding(space)  # type: ignore[arg-type]
    for i in range(50):
        point = generator(0, i).random(len(encoding.space.dimensions))
        params = encoding.space.at(point.tolist())
        back = encoding.params(encoding.row(params))
        assert back.keys() == params.keys()
        for name, value in back.items():
            same = pytest.approx(params[name]) if type(value) is float else params[name]
            assert value == same


@pytest.mark.parametrize("space", [*SPACES.values(), KINDS], ids=[*SPACES, "kinds"])
def test_settled_rows_have_exactly_the_parameters_that_exist(space: object) -> None:
    encoding = Encoding(space)  # type: ignore[arg-type]
    random = generator(0, 0)
    full = encoding.from_unit(random.random((100, encoding.dimensions)))
    for row in encoding.settled(full, full):
        again = encoding.row(encoding.params(row.tolist()))
        assert [math.isnan(x) for x in again] == [math.isnan(x) for x in row]


def test_numbers_reach_from_0_to_1_and_categories_are_all_one_apart() -> None:
    encoding = Encoding(KINDS)
    low = encoding.columns(np.array([encoding.row(KINDS.at([0.0] * 14))]))
    high = encoding.columns(np.array([encoding.row(KINDS.at([1.0] * 14))]))
    for name in ("lr", "layers", "width", "depth", "norm", "share"):
        j = [p.name for p in KINDS.dimensions].index(name)
        assert (low[0, encoding.column[j]], high[0, encoding.column[j]]) == (0, 1)
    opts = space_of({"opt": ["adam", "sgd", "lion"]})
    encoding = Encoding(opts)
    x = encoding.columns(np.array([[0.0], [1.0], [2.0]]))
    apart = ((x[:, None] - x[None]) ** 2).sum(2)
    assert apart == pytest.approx(1 - np.eye(3))


def test_lists_of_rising_numbers_have_an_order_and_others_none() -> None:
    space = space_of(
        {"a": [1, 2, 8], "b": [8, 2, 1], "c": [1, 8, 2], "d": ["x", "y"], "e": [True, 2]}
        | {"f": Choice(("low", "high"), ordered=True)}
    )
    assert Encoding(space).is_category.tolist() == [False, False, True, True, True, False]


def test_inactive_is_nearer_to_inactive_than_to_any_value() -> None:
    space = space_of({"opt": ["adam", "sgd"], "momentum": Float(0, 1, when="opt == 'sgd'")})
    encoding = Encoding(space)
    x = encoding.columns(np.array([[0.0, np.nan], [1.0, 0.5], [1.0, 0.0]]))
    momentum = x[:, encoding.group == 1]
    apart = ((momentum[:, None] - momentum[None]) ** 2).sum(2)
    assert apart[0, 1] == pytest.approx(0.25)
    assert apart[0, 2] == pytest.approx(0.5)


def test_codes_tell_rows_of_a_finite_space_apart() -> None:
    space = FINITE["conditions"]
    encoding = Encoding(space)
    rows = np.array([encoding.row(params) for params in space.lattice()])
    assert len(set(encoding.codes(rows).tolist())) == len(rows)


def test_a_value_that_is_no_longer_on_offer_counts_as_inactive() -> None:
    encoding = Encoding(space_of({"a": ["x", "y"], "b": Float(0, 1)}))
    assert math.isnan(encoding.row({"a": "gone", "b": 0.5})[0])
