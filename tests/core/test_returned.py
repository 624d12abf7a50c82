"""What a function returned, as metrics."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.metric import Goal
from sonde.core.returned import returned_metrics
from sonde.errors import ConfigError

ONE, TWO = (Goal(metric="a"),), (Goal(metric="a"), Goal(metric="b"))


@pytest.mark.parametrize(
    ("returned", "goals", "metrics"),
    [
        (None, ONE, {}),
        (0.5, ONE, {"a": 0.5}),
        (1, (), {"value": 1.0}),
        (True, ONE, {"a": 1.0}),
        (np.int64(3), ONE, {"a": 3.0}),
        (np.array(2.5), ONE, {"a": 2.5}),
        (Decimal("0.5"), ONE, {"a": 0.5}),
        ((1, 2.5), TWO, {"a": 1.0, "b": 2.5}),
        ([7], ONE, {"a": 7.0}),
        ({"b": 1, "c": np.float32(0.5)}, TWO, {"b": 1.0, "c": 0.5}),
        ({}, ONE, {}),
        (math.inf, ONE, {"a": math.inf}),
    ],
)
def test_numbers_are_metrics(returned: Any, goals: Any, metrics: dict[str, float]) -> None:
    found = returned_metrics(returned, goals)
    assert found == metrics
    assert {type(value) for value in found.values()} <= {float}


@given(st.floats())
def test_a_number_is_kept_to_the_bit(number: float) -> None:
    assert repr(returned_metrics(number, ONE)) == repr({"a": number})


@pytest.mark.parametrize(
    ("returned", "goals", "message"),
    [
        ("0.5", ONE, "the function's return value: a is '0.5', a str and not a number; return a"),
        ([1, None], TWO, "b is None, a NoneType"),
        (1.0, TWO, "1 number for 2 goals: a, b"),
        ([1, 2, 3], TWO, "3 numbers for 2 goals"),
        ({"loss": [1]}, ONE, "loss is [1], a list"),
        (np.zeros(3), ONE, "a ndarray and not a number"),
        (object, ONE, "a type and not a number"),
        (1j, ONE, "a complex"),
        ("x" * 99, ONE, "..., a str"),
    ],
)
def test_what_is_no_number_is_refused(returned: Any, goals: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        returned_metrics(returned, goals)
    assert message in str(error.value)


def test_one_number_for_several_goals_says_nothing_more_where_all_of_them_were_logged() -> None:
    assert returned_metrics(0.5, TWO, {"a": 1.0, "b": 2.0, "c": 3.0}) == {}
    for returned, logged in ((0.5, {"a": 1.0}), ([1, 2, 3], {"a": 1, "b": 2}), ("x", "ab")):
        with pytest.raises(ConfigError):
            returned_metrics(returned, TWO, logged)
