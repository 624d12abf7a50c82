"""StudioML's rule of replacement."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import studioml
from sonde.core.substitute import by_regex, refuse_broken
from sonde.errors import ConfigError

SCRIPT = "lr = 0.01\nprint(lr)\nSGD(lr=lr, momentum=0.9)\nstep(lr)\n"
pieces = st.lists(
    st.sampled_from(["lr", "a", "=", "\n", " ", "(", ")", ".", "_", "#", "ä", "\r\n", "'", "lr2"]),
    max_size=40,
).map("".join)


def test_a_name_is_replaced_where_a_line_ends_before_any_equals_sign() -> None:
    done = by_regex(SCRIPT, {"lr": 0.5})
    assert done.text == "lr = 0.01\nprint(0.5)\nSGD(lr=lr, momentum=0.9)\nstep(0.5)\n"
    assert done.counts == {"lr": 2}
    assert [(place.line, place.column, place.before, place.after) for place in done.places] == [
        (2, 7, "lr", "0.5"),
        (4, 6, "lr", "0.5"),
    ]


@given(pieces)
@example(SCRIPT)
def test_studioml_gives_the_same_text_where_the_last_line_ends(source: str) -> None:
    source += "\n"
    assert by_regex(source, {"lr": 0.5}).text == studioml.substitute(source, "lr", 0.5)


def test_the_last_line_counts_without_a_line_end_unlike_in_studioml() -> None:
    source = "lr = 0.01\nprint(lr)"
    assert studioml.substitute(source, "lr", 0.5) == source
    assert by_regex(source, {"lr": 0.5}).text == "lr = 0.01\nprint(0.5)"


def test_a_value_is_never_taken_for_another_name() -> None:
    done = by_regex("use(a)\nuse(b)\n", {"a": "b", "b": 2.0})
    assert done.text == "use('b')\nuse(2.0)\n"


def test_names_are_taken_literally() -> None:
    assert by_regex("noXlayers\nno.layers\n", {"no.layers": 3}).text == "noXlayers\n3\n"


def test_of_two_names_the_longer_one_is_meant() -> None:
    assert by_regex("no-layers\n", {"no": 1, "no-layers": 2}).text == "2\n"


def test_text_is_written_quoted_and_all_else_plainly() -> None:
    done = by_regex("f(a)\nf(b)\nf(c)\n", {"a": "adam", "b": None, "c": 1e-5})
    assert done.text == "f('adam')\nf(None)\nf(1e-05)\n"


def test_a_name_that_is_only_assigned_is_said_to_be_there() -> None:
    done = by_regex("lr = 1\n", {"lr": 0.5, "bs": 3})
    assert done.missed == ("lr", "bs")
    assert "an '=' follows" in done.notes["lr"]
    assert "bs" not in done.notes


@given(pieces, st.sampled_from([0.5, -3, "x", True]))
def test_all_outside_the_places_stays_as_it_is(source: str, value: float | str) -> None:
    done = by_regex(source, {"lr": value, "a": 7})
    lines = re.findall(r"[^\n]*\n|[^\n]+", source)
    text, end = "", 0
    for place in done.places:
        start = sum(map(len, lines[: place.line - 1])) + place.column - 1
        assert source[start:].startswith(place.before)
        text += source[end:start] + place.after
        end = start + len(place.before)
    assert text + source[end:] == done.text
    assert sum(done.counts.values()) == len(done.places)


def test_no_parameters_change_nothing() -> None:
    assert by_regex(SCRIPT, {}).text == SCRIPT


def test_python_that_the_rule_would_break_is_refused_with_its_line() -> None:
    done = by_regex("lr = 1\ndef f(lr): return lr\n", {"lr": 0.5})
    with pytest.raises(ConfigError) as refusal:
        refuse_broken(done, script="train.py")
    assert str(refusal.value) == (
        "--substitute=regex: line 2 of train.py would be no Python: def f(0.5): return 0.5; "
        "use --substitute syntax, or write that line otherwise"
    )


def test_what_stays_python_or_never_was_any_passes() -> None:
    for source in (SCRIPT, "def f(lr", "set lr\nuse lr\n"):
        refuse_broken(by_regex(source, {"lr": 0.5}), script="train.py")
