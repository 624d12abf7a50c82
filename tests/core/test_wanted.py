"""What people write for a method is read as a name and plain values, and never evaluated."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.search import METHODS, called, method, parse_wanted
from sonde.errors import ConfigError

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(plain)
def test_an_option_may_be_any_json(value: Any) -> None:
    text = f"optuna:TPESampler(a = {json.dumps(value, ensure_ascii=False)}, b=1)"
    wanted = parse_wanted(text)
    assert (wanted.name, wanted.member) == ("optuna", "TPESampler")
    assert wanted.options == {"a": value, "b": 1}


@given(plain)
def test_an_option_may_be_any_python_literal(value: Any) -> None:
    assert parse_wanted(f"mine(a={value!r})").options == {"a": value}


@pytest.mark.parametrize("text", ["tpe", " tpe ", "tpe()", "tpe( )"])
def test_without_options_the_name_is_enough(text: str) -> None:
    assert (str(parse_wanted(text)), parse_wanted(text).options) == ("tpe", {})
    assert method(text).name == "tpe"


@pytest.mark.parametrize(
    ("text", "found", "remedy"),
    [
        ("", "that is no name of a search method", "write for instance tpe"),
        ("tpe(", "that is no name of a search method", "write for instance tpe"),
        ("tpe(3)", "3 has no key", "write key=3"),
        ("tpe(**x)", "** is no option", "write each one as key=value"),
        ("tpe(a=1, a=2)", "a is given twice", "keep one of them"),
        ("tpe(a=b)", "a=b is no plain value", 'quote it: a="b"'),
        ("tpe(a=open('f'))", "a=open('f') is no plain value", "use numbers, text in quotes"),
        ("tpe(a=2**99)", "a=2 ** 99 is no plain value", "use numbers, text in quotes"),
        ("tpe(a=1)(b=2)", "(a=1)(b=2) are no options", "write for instance tpe"),
        ("tpe(a=1)", "tpe has no option a", "write tpe: it has no options"),
        ("tpe:Best", "tpe has nothing behind a colon", "use tpe"),
        ("auto(a=1)", "auto has no option a", "write auto: it has no options"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_and_a_remedy(
    text: str, found: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        method(text)
    assert refusal.value.where == f"method {text}"
    assert refusal.value.found == found
    assert refusal.value.remedy.startswith(remedy)


def test_a_method_is_given_its_options_by_name() -> None:
    def make(member: str, *, rate: float = 1.0) -> tuple[str, float]:
        return member, rate

    assert called(make, parse_wanted("mine:Fast(rate=0.5)"), "") == ("Fast", 0.5)
    with pytest.raises(ConfigError, match="mine has no option rat; it has rate"):
        called(make, parse_wanted("mine:Fast(rat=0.5)"), "mine:Fast(rat=0.5)")
    with pytest.raises(ConfigError, match="mine by itself will not do"):
        called(make, parse_wanted("mine"), "mine")


def test_no_method_of_ours_has_an_option_that_it_does_not_name() -> None:
    for name in METHODS:
        with pytest.raises(ConfigError, match=f"{name} has no option nonsense"):
            method(f"{name}(nonsense=1)")
