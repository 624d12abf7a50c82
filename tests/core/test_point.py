"""Points to try first: what is written, and what is filled in."""

from typing import Any

import pytest

from sonde.core.distributions import Choice, Float, Int
from sonde.core.point import completed_points, read_point
from sonde.core.space import space_of
from sonde.errors import ConfigError

SPACE = space_of(
    {"lr": Float(1e-5, 1e-1, log=True, guess=3e-4), "layers": Int(1, 9), "opt": ["adam", "sgd"]}
    | {"momentum": Float(0, 0.9, when="opt == 'sgd'"), "width": ["8", "16"], "epochs": 30}
)


def completed(*points: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return completed_points([(f"start[{i}]", point) for i, point in enumerate(points)], SPACE)


def test_what_is_left_out_is_at_its_guess_or_in_the_middle() -> None:
    (point,) = completed({"layers": 3})
    assert point == {"lr": 3e-4, "layers": 3, "opt": "adam", "width": "8", "epochs": 30}


def test_a_parameter_that_only_now_exists_is_filled_in_too() -> None:
    (point,) = completed({"opt": "sgd"})
    assert point["momentum"] == pytest.approx(0.45)


def test_values_become_those_that_the_space_declares() -> None:
    (point,) = completed({"layers": 3.0})
    assert type(point["layers"]) is int


def test_a_point_is_read_as_the_command_line_has_it() -> None:
    read = read_point("lr=1e-3, layers=3,opt='sgd',width=16", SPACE)
    assert read == {"lr": 1e-3, "layers": 3, "opt": "sgd", "width": "16"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lr", "lr is no NAME=VALUE"),
        ("lr=", "lr= is no NAME=VALUE"),
        ("lr=1,", "nothing is no NAME=VALUE"),
        ("lr=1,lr=2", "lr is given twice"),
        ("lr=0.1.2", "0.1.2 is not a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, found: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_point(text, SPACE)
    assert refusal.value.where == f"--try {text}"
    assert refusal.value.found == found


def test_all_faults_of_all_points_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as refusal:
        completed({"lr": 5, "layer": 1}, {"layers": 2}, {"layers": 2.0}, {"momentum": 0.1})
    assert str(refusal.value).splitlines() == [
        "start[0]: layer: there is no parameter 'layer'; did you mean layers?",
        "start[0]: lr: 5 is not in 1e-05..0.1 log; choose a value from there",
        "start[2]: it is the same point as start[1]; leave it out",
        "start[3]: momentum: it does not exist unless opt == 'sgd'; leave it out",
    ]


def test_a_choice_is_filled_in_with_its_first_value_unless_one_is_guessed() -> None:
    space = space_of({"a": Choice(("x", "y"), guess="y"), "b": ["x", "y"], "c": Int(1, 3)})
    assert completed_points([("p", {})], space) == ({"a": "y", "b": "x", "c": 2},)
