"""`:guess=VALUE` behind a parameter, in whatever way that is written."""

import pytest

from sonde.core.notation import is_short_form, parse_hyperparam, parse_short
from sonde.core.parameter import parameter_of
from sonde.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "guess", "reading"),
    [
        ("lr=1e-5..1e-1:log:guess=3e-4", 3e-4,
         "any float from 1e-05 to 0.1, logarithmic, guess 0.0003"),
        ("lr=1e-5..1e-1:guess=3e-4:log", 3e-4,
         "any float from 1e-05 to 0.1, logarithmic, guess 0.0003"),
        ("layers=1..8:guess=3", 3, "any int from 1 to 8, guess 3"),
        ("opt=adam,sgd:guess=sgd", "sgd", "2 values, as listed, guess sgd"),
        ("opt='a:guess=b',c:guess=c", "c", "2 values, as listed, guess c"),
        ("width='8','16':guess=16", "16", "2 values, as listed, guess 16"),
        ("lr=loguniform(1e-5, 1e-1):guess=1e-3", 1e-3, "loguniform(1e-5, 1e-1), guess 0.001"),
    ],
)  # fmt: skip
def test_a_guess_stands_behind_any_form(text: str, guess: object, reading: str) -> None:
    for parse in (parse_short, parse_hyperparam):
        parsed = parse(text)
        assert parsed.distribution.middle == guess
        assert type(parsed.distribution.middle) is type(guess)
        assert parsed.distribution.has_guess
        assert parsed.reading == reading


def test_it_stands_behind_studioml_ranges_too() -> None:
    assert parse_hyperparam("lr=1e-5:l5:0.1:guess=1e-3").distribution.middle == 1e-3
    assert parse_hyperparam("x=0:0.1:1:guess=0.3").distribution.middle == 0.3


def test_a_word_with_a_guess_is_a_parameter_where_it_is_one_without() -> None:
    assert is_short_form("lr=1e-5..1e-1:log:guess=3e-4")
    assert is_short_form("opt=adam,sgd:guess=sgd")
    assert not is_short_form("path=data:guess=1")
    assert not is_short_form("n=5:guess=5")


def test_python_takes_the_same_text() -> None:
    assert parameter_of("lr", "1e-5..1e-1:log:guess=3e-4").distribution.middle == 3e-4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lr=0.0..1.0:guess=5", "guess 5 is not in 0.0..1.0"),
        ("lr=0.0..1.0:guess=", "an empty value"),
        ("lr=0.0..1.0:guess=x", "guess 'x' is not in 0.0..1.0"),
        ("n=1..8:guess=2.5", "guess 2.5 is not in 1..8"),
        ("opt=adam,sgd:guess=lion", "guess 'lion' is not in {adam, sgd}"),
        ("n=5:guess=5", "5 takes no guess"),
        ("x=normal(0, 1):guess=0", "normal(0.0, 1.0) takes no guess"),
    ],
)
def test_what_is_no_guess_is_refused(text: str, found: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_hyperparam(text)
    assert refusal.value.found == found
    assert text in refusal.value.where


def test_a_second_equals_sign_is_still_a_slip() -> None:
    with pytest.raises(ConfigError, match="a second '='"):
        parse_hyperparam("lr=0.1=2")
