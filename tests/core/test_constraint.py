"""Constraints on outcomes."""

import math

import pytest

from sonde.core.constraint import Constraint, excesses, is_feasible, parse_constraint, violation
from sonde.core.metric import Goal, SummaryKind
from sonde.core.space import space_of
from sonde.core.sweep import Sweep, difference, sweep_from_json, sweep_to_json
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


def test_what_is_in_excess_adds_up_as_shares_of_the_bounds() -> None:
    bounds = [AT_MOST, Constraint(metric="loss", bound=0), Constraint(metric="loss", bound=100)]
    assert violation(ended(0, {}, 30.0), bounds) == pytest.approx(10 / 20 + 30)
    assert violation(ended(0, {}, -1.0), bounds) == 0
    assert violation(ended(0, {}, None), bounds) == math.inf


def test_a_definition_keeps_its_constraints_and_an_older_one_has_none() -> None:
    space, goals = space_of({"x": [1, 2]}), (Goal(metric="loss"),)
    bound = parse_constraint("ms:max <= 20")
    sweep = Sweep(space=space, goals=goals, constraints=(bound, AT_MOST))
    assert sweep_from_json(sweep_to_json(sweep)) == sweep
    older = {k: v for k, v in sweep_to_json(sweep).items() if k != "constraints"}
    assert sweep_from_json(older) == Sweep(space=space, goals=goals)
    assert sweep.wanted == ("loss", "ms")


def test_another_bound_makes_another_sweep() -> None:
    sweep = Sweep(space=space_of({"x": [1, 2]}), constraints=(AT_MOST,))
    assert not difference(sweep, sweep)
    (line,) = difference(sweep, Sweep(space=sweep.space))
    assert line.startswith("constraints: ")
