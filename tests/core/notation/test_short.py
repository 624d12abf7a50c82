"""Short forms, and which words of a command line are taken for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.distributions import (
    Choice,
    Constant,
    Distribution,
    Float,
    Int,
    LogNormal,
    Normal,
    QLogUniform,
    QUniform,
    Value,
)
from sonde.core.notation import is_short_form, parse_hyperparam, parse_short
from sonde.core.notation.short import DISTRIBUTIONS
from sonde.errors import ConfigError

FORMS: list[tuple[str, Distribution]] = [
    ("1e-5..1e-1:log", Float(1e-5, 1e-1, log=True)),
    ("1..8", Int(1, 8)),
    ("-8..-1", Int(-8, -1)),
    ("1..64:log", Int(1, 64, log=True)),
    ("0..10:2", Int(0, 10, step=2)),
    ("0..1:0.1", Float(0, 1, step=0.1)),
    ("0.0..1", Float(0, 1)),
    ("0..1.", Float(0, 1)),
    (".1...9", Float(0.1, 0.9)),
    ("1_000..2_000", Int(1000, 2000)),
    ("adam,sgd", Choice(("adam", "sgd"))),
    ("16,32", Choice((16, 32), ordered=True)),
    ("5", Constant(5)),
    ("adam", Constant("adam")),
    ("loguniform(1e-5, 1e-1)", Float(1e-5, 1e-1, log=True)),
    ("uniform(0, 1)", Float(0, 1)),
    ("uniform(high=1, low=0)", Float(0, 1)),
    ("int(1, 8)", Int(1, 8)),
    ("randint(1, 8)", Int(1, 8)),
    ("logint(1, 64)", Int(1, 64, log=True)),
    ("choice(a, b)", Choice(("a", "b"))),
    ("choice('a,b', 2)", Choice(("a,b", 2))),
    ("choice(1)", Constant(1)),
    ("normal(0, 1)", Normal(0, 1)),
    ("lognormal(0, 1)", LogNormal(0, 1)),
    ("quniform(0, 10, 2)", QUniform(0, 10, 2)),
    ("qloguniform(32, 256, 8)", QLogUniform(32, 256, 8)),
]


@pytest.mark.parametrize(("written", "expected"), FORMS)
def test_each_form_makes_its_distribution(written: str, expected: Distribution) -> None:
    parsed = parse_short(f"x={written}")
    assert parsed.name == "x"
    assert parsed.distribution == expected
    assert parsed.reading
    assert parse_hyperparam(f"x={written}").distribution == expected


def test_every_named_distribution_has_a_form_above() -> None:
    assert {written.partition("(")[0] for written, _ in FORMS if "(" in written} == set(
        DISTRIBUTIONS
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("True", True),
        ("false", False),
        ("none", None),
        ("None", None),
        ("null", None),
        ("'true'", "true"),
        ('"none"', "none"),
        ("TRUE", "TRUE"),
        ("yes", "yes"),
        ("''", ""),
        ("'it\\'s'", "it's"),
        ("'a\\\\b'", "a\\b"),
        ("1e-5", 1e-5),
        ("1_000", 1000),
        ("+3", 3),
        ("007", 7),
        ("resnet-18", "resnet-18"),
        ("1cycle", "1cycle"),
        ("model:v2", "model:v2"),
    ],
)
def test_a_word_is_a_bool_none_a_number_or_text(written: str, value: Value) -> None:
    assert parse_short(f"x={written}").distribution == Constant(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "argument x: no '=' in it; write NAME=VALUES, such as lr=1e-5..1e-1:log"),
        ("x=8..1", "argument x=8..1: low 8 is above high 1; swap them"),
        ("x=1..8:foo", "argument x=1..8:foo: 'foo' behind a ':'; write log or a step there"),
        (
            "x=loguniorm(1, 2)",
            (
                "argument x=loguniorm(1, 2): no distribution is called loguniorm; "
                "did you mean loguniform?; quote it if text is meant"
            ),
        ),
        (
            "x=uniform(1)",
            "argument x=uniform(1): uniform with 1 in brackets; write uniform(low, high)",
        ),
        (
            "x=uniform(1, 2, 3)",
            (
                "argument x=uniform(1, 2, 3): uniform with 1, 2, 3 in brackets; "
                "write uniform(low, high)"
            ),
        ),
        (
            "x=uniform()",
            "argument x=uniform(): uniform with nothing in brackets; write uniform(low, high)",
        ),
        ("x=int(1, 2.5)", "argument x=int(1, 2.5): 2.5 is not an int; int takes ints"),
        (
            "x=uniform(a, 1)",
            "argument x=uniform(a, 1): a is not a number; write a number",
        ),
        (
            "lr=0...9",
            "argument lr=0...9: three dots; write two, 0..9, and 0 before a decimal point",
        ),
        (
            "lr=0:3",
            (
                "argument lr=0:3: 0:3 is a range in StudioML's form, which stands behind "
                "--hyperparam; write --hyperparam lr=0:3 for its points, "
                "or lr=0..3 for all between"
            ),
        ),
        (
            "lr=1e-5:l5:0.1",
            (
                "argument lr=1e-5:l5:0.1: 1e-5:l5:0.1 is a range in StudioML's form, which stands "
                "behind --hyperparam; write --hyperparam lr=1e-5:l5:0.1 for its points, "
                "or lr=1e-5..0.1:log for all between"
            ),
        ),
        (
            "x='a'b",
            "argument x='a'b: b follows the quoted text; put a comma between values",
        ),
    ],
)
def test_an_error_names_the_argument_and_the_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_short(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    "word",
    [
        "lr=1e-5..1e-1:log",
        "opt=adam,sgd",
        "opt='a b',c",
        "layers=1..8",
        "x=8..1",
        "optimizer.lr=0.1,0.2",
        "lr=loguniform(1e-5, 1e-1)",
        "x=choice(a)",
    ],
)
def test_words_that_are_parameters(word: str) -> None:
    assert is_short_form(word)
    if word != "x=8..1":
        parse_short(word)


@pytest.mark.parametrize(
    "word",
    [
        "--lr=1,2",
        "-lr=1..2",
        "lr",
        "n=5",
        "30",
        "data=/a,/b",
        "path=../a",
        "range=a..b",
        "x=[1,2]",
        "x=(1,2)",
        'x={"a": 1, "b": 2}',
        "title=hello, world",
        "opt=adam,",
        "f=sin(1)",
        "url=http://a,b",
        "a==1,2",
        "text='a,b",
        "",
    ],
)
def test_words_that_are_left_to_the_script(word: str) -> None:
    assert not is_short_form(word)


@given(st.text(max_size=20), st.sampled_from(["", "x=", "x=1..", "x=uniform(", "x='"]))
def test_any_word_is_either_or_and_reads_or_is_refused(rest: str, start: str) -> None:
    word = start + rest
    is_short_form(word)
    assert place_of_refusal(word) in {None, f"argument {word}"}


def place_of_refusal(word: str) -> str | None:
    try:
        parse_short(word)
    except ConfigError as error:
        return error.where
    return None


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_int_ends_make_ints_with_both_ends_included(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert parse_short(f"n={low}..{high}").distribution == Int(low, high)
