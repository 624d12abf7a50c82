"""A sweep's definition."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep, check_name, difference
from sonde.errors import ConfigError

WORK = Command(argv=("python", "train.py", "5 6"), folder="/tmp")
SWEEP = Sweep(space=space_of({"x": [1, 2]}), goals=(Goal(metric="loss"),), work=WORK)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200))
def test_a_name_may_hold_what_can_be_printed_unless_it_reads_as_a_trials(name: str) -> None:
    head, _, tail = name.rpartition("/")
    if head and tail.isascii() and tail.isdigit():
        name += "x"
    check_name(name, name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "name: that is no name; use some text, or leave it out"),
        ("a\nb", r"name a\nb: a character in it cannot be printed; leave it out"),
        ("digits/07", "name digits/07: it reads as trial 07 of digits; choose another, such as"),
        ("n" * 201, "name nnnnnnnnnnnnnnnnnnnn...: it has 201 characters; use at most 200"),
    ],
)
def test_a_name_that_would_confuse_is_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        check_name(name, f"name {name}".strip())
    assert str(refusal.value).startswith(message)


def test_a_difference_is_told_in_the_words_of_the_command_line() -> None:
    goals = (Goal(metric="loss"), Goal(metric="size"))
    other = replace(SWEEP, goals=goals, seed=7, work=replace(WORK, argv=("python", "train.py")))
    assert difference(SWEEP, other) == [
        "goals: min of the last loss, now min of the last loss and min of the last size",
        "seed: 0, now 7",
        "work.argv: python train.py '5 6', now python train.py",
    ]
    assert difference(SWEEP, replace(SWEEP, goals=())) == ["goals: min of the last loss, now none"]
