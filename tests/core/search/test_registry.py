"""Methods are found by name, and `auto` chooses one and says why."""

from typing import Any

import pytest

from sonde.core.distributions import Choice, Float, Int
from sonde.core.search import METHODS, choose, method
from sonde.core.space import space_of
from sonde.errors import ConfigError


@pytest.mark.parametrize("name", METHODS)
def test_a_method_goes_by_its_name(name: str) -> None:
    assert method(name).name == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rondom", "method rondom: there is no such search method; did you mean random?"),
        (
            "magic",
            f"method magic: there is no such search method; use auto, {', '.join(METHODS)}",
        ),
    ],
)
def test_a_name_that_is_none_is_refused_with_those_that_are(name: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        method(name)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("written", "trials", "name"),
    [
        ({"a": [1, 2], "b": ["x", "y"], "k": 5}, None, "grid"),
        ({"k": 5}, None, "grid"),
        ({"a": [1, 2], "b": ["x", "y"]}, 4, "grid"),
        ({"a": [1, 2], "b": ["x", "y"]}, 3, "quasirandom"),
        ({"a": [1, 2], "b": Int(1, 2)}, None, "quasirandom"),
        ({"a": Choice((1, 2), probabilities=(0.1, 0.9))}, None, "quasirandom"),
        ({f"x{i}": Float(0, 1) for i in range(20)}, None, "quasirandom"),
        ({f"x{i}": Float(0, 1) for i in range(21)}, None, "random"),
    ],
)
def test_auto_takes_the_grid_of_listed_values_and_else_fills_the_space(
    written: dict[str, Any], trials: int | None, name: str
) -> None:
    chosen, reason = choose(space_of(written), "auto", trials=trials)
    assert chosen == name
    assert reason
    assert "\n" not in reason


def test_what_was_asked_for_is_used() -> None:
    assert choose(space_of({"a": [1, 2]}), "random") == ("random", "as asked")
