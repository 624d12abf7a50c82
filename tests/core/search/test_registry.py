"""Methods are found by name."""

import pytest

from sonde.core.search import METHODS, method
from sonde.errors import ConfigError


@pytest.mark.parametrize("name", ["auto", *METHODS])
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
