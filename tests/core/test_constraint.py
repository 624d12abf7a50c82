"""Constraints on outcomes."""

import math

import pytest

from sonde.core.constraint import Constraint, excesses, is_feasible, parse_constraint
from sonde.core.metric import SummaryKind
from sonde.errors import ConfigError
from sonde.testing.methods import ended

AT_MOST = Constraint(metric="loss", bound=20)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("loss <= 20", AT_MOST),
        ("loss<=2e1", AT_MOST),
        (
            "val/acc:max >= 0.9",
            Constraint(metric="val/acc", bound=0.9, at_most=False, summary=SummaryKind.MAX),
        ),
        (
            "a metric with spaces >= -1",
            Constraint(metric="a metric with spaces", bound=-1, at_most=False),
        ),
    ],
)
def test_a_bound_is_read_as_it_is_written(text: str, read: Constraint) -> None:
    assert parse_constraint(text) == read
    assert parse_constraint(read.describe()) == read


@pytest.mark.parametrize(
    "text", ["", "loss", "loss < 20", "<= 3", "loss <= many", "loss <= nan", "loss:best <= 3"]
)
def test_what_is_no_bound_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_constraint(text)
    assert f"--subject-to={text}"[:10] in str(refused.value)


def test_a_trial_is_feasible_up_to_and_at_the_bound() -> None:
    assert [is_feasible(ended(0, {}, loss), [AT_MOST]) for loss in (19.0, 20.0, 20.5)] == [
        True,
        True,
        False,
    ]
    assert excesses(ended(0, {}, 23.0), [AT_MOST]) == (3.0,)


@pytest.mark.parametrize("loss", [None, math.nan, math.inf])
def test_without_a_number_nothing_is_proved(loss: float | None) -> None:
    assert excesses(ended(0, {}, loss), [AT_MOST]) == (math.inf,)
