"""What stands behind --hyperparam: every form, and agreement with StudioML's own parser."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import studioml
from sonde.core.distributions import Choice, Constant, Float, Value
from sonde.core.notation import parse_all, parse_hyperparam
from sonde.errors import ConfigError, ConfigErrors


def values(written: str) -> list[Value]:
    distribution = parse_hyperparam(f"lr={written}").distribution
    return list(distribution.grid())


def types(written: str) -> set[type]:
    return {type(value) for value in values(written)}


# The table of StudioML's ranges

SAME = [
    # the range, what StudioML makes of it and sonde too
    ("2,5,6", [2, 5, 6]),
    ("2, 5.5 ,6", [2, 5.5, 6]),
    ("0:3", [0, 1, 2, 3]),
    (":3", [0, 1, 2, 3]),
    ("1e-5:10:0.1", [1e-5 + i * (0.1 - 1e-5) / 9 for i in range(10)]),
    ("0.1:3:0.3", [0.1, 0.2, 0.3]),
    ("0:11:10", list(range(11))),
    ("0:2:1", [0, 1]),
    ("0.01:0.01:0.1", [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]),
    ("0:2:10", [0, 2, 4, 6, 8, 10]),
    (":2:10", [0, 2, 4, 6, 8, 10]),
    ("0:10:10", [0, 10]),
    ("0:1:1", [0, 1]),
    ("0.1:0.05:0.3", [0.1, 0.15, 0.2, 0.25, 0.3]),
    ("5:-1:1", [5, 4, 3, 2, 1]),
    ("1e-5:l5:0.1", [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
    ("0.01:4l:10", [0.01, 0.1, 1, 10]),
    ("10:l3:1", [10, math.sqrt(10), 1]),
    ("0.1", [0.1]),
    ("1_000", [1000]),
]

DIFFERENT = [
    # the range, what StudioML makes of it, what sonde does
    ("0.5:3", [0.5, 1.5, 2.5, 3.5], [0.5, 1.5, 2.5]),
    ("1:2.5", [1, 2, 3], [1, 2]),
    ("0.1:0.1:0.55", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0.1, 0.2, 0.3, 0.4, 0.5]),
    ("1:2:1", [1, 1], [1]),
    ("3,3,4", [3, 3, 4], [3, 4]),
]

REFUSED_BY_BOTH = ["", "1,", "1:l:2", "1:l2.5:2", "1:0:2", "1:x:2", "1:2:x", "3:", "1::2"]
ACCEPTED_BY_STUDIOML = ["5:1", "5:3:1", "0:l3:1", "1:l0:2", "1:2:3:4", "x:3", "inf", "nan"]


@pytest.mark.parametrize(("written", "expected"), SAME)
def test_a_range_has_the_points_that_studioml_gives_it(written: str, expected: list[float]) -> None:
    assert studioml.parse_grid(written) == pytest.approx(expected)
    assert values(written) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("written", "theirs", "ours"), DIFFERENT)
def test_points_beyond_the_end_and_duplicates_are_left_out(
    written: str, theirs: list[float], ours: list[float]
) -> None:
    assert studioml.parse_grid(written) == pytest.approx(theirs)
    assert values(written) == ours


@pytest.mark.parametrize("written", REFUSED_BY_BOTH)
def test_what_studioml_crashes_on_is_refused(written: str) -> None:
    with pytest.raises((ValueError, IndexError, ZeroDivisionError)):
        studioml.parse_grid(written)
    with pytest.raises(ConfigError):
        values(written)


@pytest.mark.parametrize("written", ACCEPTED_BY_STUDIOML)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_empty_and_senseless_ranges_that_studioml_takes_are_refused(written: str) -> None:
    studioml.parse_grid(written)
    with pytest.raises(ConfigError):
        values(written)


@pytest.mark.parametrize("form", ["1e-5:u10:0.1", "1e-5:10u:0.1"])
def test_u_counts_evenly_spaced_values_as_studioml_only_documents(form: str) -> None:
    with pytest.raises(ValueError, match="unknown limit"):
        studioml.parse_grid(form)
    assert values(form) == values("1e-5:10:0.1")


# Clean values


def test_points_are_clean_decimals() -> None:
    assert str(values("0.01:0.01:0.1")) == (
        "[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1]"
    )
    assert str(values("1e-5:l5:0.1")) == "[1e-05, 0.0001, 0.001, 0.01, 0.1]"
    assert str(values("10:l3:0.1")) == "[10.0, 1.0, 0.1]"


@pytest.mark.parametrize(
    "written", ["0:3", ":3", "2,5", "5:-1:1", "0:11:10", "1:u3:5", "1:l3:100", "8"]
)
def test_int_literals_make_ints(written: str) -> None:
    assert types(written) == {int}


@pytest.mark.parametrize("written", ["0.0:3", "0:1.0:3", "0:u5:1", "1:l4:100", "8.0", "1e1"])
def test_a_float_literal_or_a_point_between_ints_makes_floats(written: str) -> None:
    assert types(written) == {float}


def test_an_item_of_a_list_keeps_its_own_type() -> None:
    assert [repr(value) for value in values("1,2.0,1e-5,adam,'3',true,none")] == [
        "1",
        "2.0",
        "1e-05",
        "'adam'",
        "'3'",
        "True",
        "None",
    ]


def test_a_grid_of_numbers_is_ordered_and_one_of_words_is_not() -> None:
    assert parse_hyperparam("n=3,1,2").distribution == Choice((3, 1, 2), ordered=True)
    assert parse_hyperparam("opt=adam,sgd").distribution == Choice(("adam", "sgd"))
    assert parse_hyperparam("opt=adam").distribution == Constant("adam")


def test_short_forms_stand_behind_the_same_flag() -> None:
    assert parse_hyperparam("lr=1e-5..1e-1:log").distribution == Float(1e-5, 0.1, log=True)
    assert parse_hyperparam("lr=loguniform(1e-5, 1e-1)").distribution == Float(1e-5, 0.1, log=True)


def test_paths_are_text_though_they_have_two_dots() -> None:
    assert values("../a,../b") == ["../a", "../b"]


@pytest.mark.parametrize(
    ("written", "reading"),
    [
        ("0.01:0.01:0.1", "10 values, step 0.01, 0.01 to 0.1"),
        ("0:11:10", "11 values (count), 0 to 10"),
        ("1:2:1", "1 value (count), 1 to 1 (1 duplicate dropped)"),
        ("0.1:0.1:0.55", "5 values, step 0.1, 0.1 to 0.5 (0.55 is not among them)"),
        ("1e-5:l5:0.1", "5 values, logarithmic, 1e-05 to 0.1"),
        ("adam,sgd", "2 values, as listed"),
        ("0.1", "the one value 0.1"),
        ("1..8", "any int from 1 to 8"),
    ],
)
def test_the_chosen_reading_is_said(written: str, reading: str) -> None:
    assert parse_hyperparam(f"x={written}").reading == reading


# Errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "lr: no '=' in it; write NAME=VALUES, such as lr=0.01:0.01:0.1"),
        ("lr=", "lr=: no values behind the '='; write them, such as lr=0.01:0.01:0.1"),
        ("=1", "=1: no name before the '='; a name is letters, digits, '_', '.' and '-'"),
        (
            "2x=1",
            "2x=1: '2x' cannot be a parameter's name; a name is letters, digits, '_', '.' and '-'",
        ),
        (
            "lr=0.1=2",
            "lr=0.1=2: a second '='; leave it out, or quote the value if it belongs to the text",
        ),
        (
            "lr=1:2:3:4",
            (
                "lr=1:2:3:4: 4 fields between colons; "
                "write low:high, low:step:high, low:count:high, low:l5:high or low:u5:high"
            ),
        ),
        (
            "lr=5:1",
            (
                "lr=5:1: no value: steps of 1 do not lead from 5 to 1; "
                "write 1:1:5, or 5:-1:1 to go down"
            ),
        ),
        (
            "lr=0:-1:5",
            "lr=0:-1:5: no value: steps of -1 do not lead from 0 to 5; write 0:1:5",
        ),
        ("lr=1:0:2", "lr=1:0:2: a step of 0 goes nowhere; write a step other than 0"),
        (
            "lr=0:l3:1",
            "lr=0:l3:1: 0 has no logarithm; a logarithmic range needs both ends above 0",
        ),
        ("lr=1:l0:2", "lr=1:l0:2: a count of 0 is no value; write a count of 1 or more"),
        (
            "lr=1:l:2",
            (
                "lr=1:l:2: l is not a count of values; "
                "write a whole number with the letter, such as 1:l5:2"
            ),
        ),
        (
            "lr=1:inf",
            "lr=1:inf: inf cannot bound a range; write a finite end",
        ),
        (
            "lr=1:",
            "lr=1:: no end; write a number as the end, or quote the whole value if text is meant",
        ),
        ("lr=1,", "lr=1,: an empty value; write '' if the empty text is meant"),
        (
            "lr=1:2,3",
            (
                "lr=1:2,3: 1:2 is a range inside a list; "
                "list its values, or quote it ('1:2') if text is meant"
            ),
        ),
        (
            "lr=0.1.2",
            "lr=0.1.2: 0.1.2 is not a number; correct it, or quote it ('0.1.2') if text is meant",
        ),
        ("lr=nan", "lr=nan: nan is no value to try; leave it out"),
        ("lr=1e999", "lr=1e999: 1e999 is too large for a float; write a number within range"),
        ("lr=1e-999", "lr=1e-999: 1e-999 is too small for a float; write a number within range"),
        (
            "lr=0:1e-9:1",
            (
                "lr=0:1e-9:1: a grid of 1000000001 values; "
                "write at most 100000, or a range without grid such as 1e-5..1e-1"
            ),
        ),
        ("opt='adam", "opt='adam: a ' that is not closed; close it, or leave it out"),
        ("b=(1,2)", None),
    ],
)
def test_an_error_names_the_flag_the_text_and_the_remedy(text: str, message: str | None) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_hyperparam(text, flag="-hp")
    assert refusal.value.where == f"-hp {text}"
    assert message is None or str(refusal.value) == f"-hp {message}"


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_all(["lr=0.1", "lr=0.2"])
    assert str(refusal.value) == "--hyperparam lr=0.2: lr is given twice; keep one of them"
    with pytest.raises(ConfigError, match="lr is given twice"):
        parse_all(["lr=0.1"], ["lr=1..2"])


def test_all_faults_of_a_command_are_listed_at_once() -> None:
    with pytest.raises(ConfigErrors) as refusal:
        parse_all(["lr", "n=1:0:2", "opt=adam"], ["x=2..1"])
    assert [fault.where for fault in refusal.value.faults] == [
        "--hyperparam lr",
        "--hyperparam n=1:0:2",
        "argument x=2..1",
    ]


def test_parameters_keep_their_order() -> None:
    parsed = parse_all(["b=1,2", "a=3"], ["c=4..5"])
    assert [one.name for one in parsed] == ["b", "a", "c"]


# Agreement with the real parser on random ranges


def decimal_texts(low: int, high: int) -> st.SearchStrategy[str]:
    def text(mantissa: int, digits: int) -> str:
        return f"{mantissa / 10**digits:.{digits}f}"

    return st.builds(text, st.integers(low, high), st.integers(0, 3))


numbers = decimal_texts(-200, 200)
positive = decimal_texts(1, 5000).filter(lambda text: float(text) > 0)


def within(points: list[float], high: float, *, up: bool) -> list[float]:
    """What is left of StudioML's points when nothing may lie beyond the end."""
    slack = 1e-9 * (1 + abs(high))
    return [p for p in points if (p <= high + slack if up else p >= high - slack)]


def counts(low: str, middle: str, high: str) -> bool:
    """Whether the middle is a count by StudioML's rule."""
    return float(middle).is_integer() and float(middle) > abs(float(high) - float(low))


def agree(ours: list[Value], theirs: list[float]) -> None:
    distinct = list(dict.fromkeys(theirs))
    assert ours == pytest.approx(distinct, rel=1e-9, abs=1e-9)


@given(st.lists(numbers, min_size=2, max_size=6))
def test_lists_agree(items: list[str]) -> None:
    written = ",".join(items)
    agree(values(written), studioml.parse_grid(written))


@given(st.one_of(st.just(""), numbers), numbers)
def test_ranges_with_step_1_agree_up_to_the_end(low: str, high: str) -> None:
    written = f"{low}:{high}"
    theirs = within(studioml.parse_grid(written), float(high), up=True)
    if theirs:
        agree(values(written), theirs)
    else:
        with pytest.raises(ConfigError):
            values(written)


@given(numbers, numbers, numbers)
@example("0.1", "0.1", "0.55")
@example("0", "10", "10")
@example("0", "2", "1")
def test_ranges_with_a_middle_agree_up_to_the_end(low: str, middle: str, high: str) -> None:
    written = f"{low}:{middle}:{high}"
    assume(abs(float(middle)) > 0.01 or float(middle) == 0)
    if float(middle) == 0:
        with pytest.raises(ConfigError):
            values(written)
        return
    theirs = studioml.parse_grid(written)
    if not counts(low, middle, high):
        theirs = within(theirs, float(high), up=float(middle) > 0)
    if theirs:
        agree(values(written), theirs)
    else:
        with pytest.raises(ConfigError):
            values(written)


@given(positive, st.integers(1, 40), positive, st.booleans())
def test_logarithmic_ranges_agree(low: str, count: int, high: str, before: bool) -> None:
    written = f"{low}:l{count}:{high}" if before else f"{low}:{count}l:{high}"
    ours, theirs = values(written), studioml.parse_grid(written)
    if float(low) == float(high):
        assert ours == [float(low)]
    else:
        assert ours == pytest.approx(theirs, rel=1e-12)
        assert ours[0] == float(low)
        assert count == 1 or ours[-1] == float(high)


@given(numbers, st.integers(1, 40), numbers)
def test_the_documented_count_form_spaces_evenly(low: str, count: int, high: str) -> None:
    ours = [float(str(value)) for value in values(f"{low}:u{count}:{high}")]
    if count > 1 and float(low) != float(high):
        assert len(ours) == count
        assert (ours[0], ours[-1]) == (float(low), float(high))
        gaps = [b - a for a, b in pairwise(ours)]
        assert gaps == pytest.approx([gaps[0]] * len(gaps), abs=1e-12)


@given(st.text(max_size=20))
@example("lr=1:l" + "9" * 50 + ":2")
@example("lr=" + "9" * 5000)
@example("lr=1e-" + "9" * 20)
@example("lr=1:1e" + "9" * 20)
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for written in (text, f"lr={text}"):
        assert place_of_refusal(written) in {None, f"--hyperparam {written}"}


def place_of_refusal(text: str) -> str | None:
    try:
        parsed = parse_hyperparam(text)
    except ConfigError as error:
        return error.where
    assert parsed.name
    assert parsed.reading
    return None
