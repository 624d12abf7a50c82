"""Expressions mean what they mean in Python, cannot harm, and say where they go wrong."""

import contextlib
import copy
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.expressions import Expression
from sonde.errors import ConfigError

VALUES: dict[str, Any] = {
    "x": 3, "y": -2, "r": 0.5, "opt": "sgd", "flag": True, "off": False, "none": None,
    "layers": (64, 64), "opt.lr": 0.1, "weight-decay": 0.01, "lambda": 2, "größe": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "x == 3",
        "x != 3",
        "1 < x <= 3",
        "1 < x < 3",
        "opt == 'sgd'",
        'opt != "adam" and x > 1',
        "x > 5 or y < 0",
        "not flag",
        "not x > 5 and flag",
        "x in (1, 2, 3)",
        "x not in [1, 2]",
        "opt in ('adam', 'sgd')",
        "'g' in opt",
        "none == None",
        "flag == True",
        "x * y + 2 * -x",
        "-x ** 2",
        "2 ** -1",
        "2 ** 3 ** 2",
        "(x + y) * 2",
        "7 // 2 + 7 % 3 - 7 / 2",
        "-7 // 2",
        "+x",
        "min(x, y, 10) + max(x, y) + abs(y)",
        "floor(2.5) + ceil(2.5) + sqrt(9) + log(1)",
        "len(layers) + len(opt)",
        "layers == (64, 64)",
        "1e-5 < r < .75",
        "1_000 > x",
        "x < 10 == True",
        "()  == ()",
        "(x,) == (3,)",
        "off or none == None and not off",
    ],
)
def test_an_expression_means_what_it_means_in_python(text: str) -> None:
    allowed = {"min": min, "max": max, "abs": abs, "len": len}
    allowed |= {name: getattr(math, name) for name in ("floor", "ceil", "sqrt", "log")}
    expected = eval(text, {"__builtins__": {}}, {**VALUES, **allowed})
    assert Expression(text).value(VALUES) == expected
    assert Expression(text).holds(VALUES) is bool(expected)


NUMBERS = st.integers(-9, 9).map(lambda n: f"({n})") | st.sampled_from(["x", "y", "r", "0.25"])
TREES = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["<", "<=", "==", "!=", ">"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=12,
)


@given(TREES)
def test_truth_agrees_with_python_for_any_tree(text: str) -> None:
    try:
        expected = bool(eval(text, {"__builtins__": {}}, VALUES))
    except SyntaxError:  # such as `1 + not x`
        with pytest.raises(ConfigError):
            Expression(text)
        return
    assert Expression(text).holds(VALUES) is expected


@given(st.text(max_size=60) | st.text(alphabet="xy19.()[]<>=!*+-/%'`, andornti", max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        Expression(text).holds({"x": 1, "y": -2.5})


def test_names_are_those_it_depends_on() -> None:
    assert Expression("opt.lr < x and `weight-decay` > 0").names == {"opt.lr", "x", "weight-decay"}
    assert Expression("min(x, 3) == 'y'").names == {"x"}
    assert Expression("true and null == None").names == frozenset()


def test_names_that_python_could_not_have() -> None:
    assert Expression("opt.lr == 0.1").holds(VALUES)
    assert Expression("`weight-decay` == 0.01").holds(VALUES)
    assert Expression("lambda == 2").holds(VALUES)
    assert Expression("größe > 3").holds(VALUES)
    assert Expression("min < 3").holds({"min": 2})


@pytest.mark.parametrize(
    ("text", "holds", "allows"),
    [
        ("momentum > 0.5", False, True),
        ("momentum != 0.5", False, True),
        ("momentum <= 10 * x", False, True),
        ("not momentum > 0.5", False, True),
        ("not (momentum > 0.5)", False, True),
        ("momentum in (1, 2)", False, True),
        ("momentum", False, True),
        ("x == 3 or momentum > 1", True, True),
        ("x == 4 or momentum > 1", False, True),
        ("x == 3 and momentum > 1", False, True),
        ("x == 4 and momentum > 1", False, False),
        ("x == 4 and momentum", False, False),
        ("0 < momentum < x < 1", False, False),
        ("log(momentum) < 1", False, True),
    ],
)
def test_an_inactive_parameter_makes_a_comparison_unknown(
    text: str, holds: bool, allows: bool
) -> None:
    assert Expression(text).holds(VALUES) is holds
    assert Expression(text).allows(VALUES) is allows


def test_arithmetic_without_a_result_satisfies_no_comparison() -> None:
    for text in ("1 / 0 > 0", "log(0) < 1", "sqrt(y) >= 0", "(-8) ** 0.5 < 9", "x % 0 == 0"):
        assert not Expression(text).allows(VALUES)


def test_numbers_beyond_all_bounds_end_at_once() -> None:
    assert Expression("9 ** 9 ** 9 ** 9 > 1").holds({})
    assert Expression("10.0 ** 400 > 1e300").holds({})
    assert Expression("floor(10.0 ** 400) > 1").holds({})
    assert Expression("2 ** 100 == 1267650600228229401496703205376").holds({})


def test_text_against_a_number_comes_in_no_order() -> None:
    assert not Expression("opt > 3").holds(VALUES)
    assert not Expression("opt == 3").holds(VALUES)
    assert Expression("opt != 3").holds(VALUES)


@pytest.mark.parametrize("text", ["opt * 1000000", "opt + 'a'", "layers * 9", "x in 3", "len(x)"])
def test_arithmetic_is_for_numbers(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Expression(text).holds(VALUES)
    assert refusal.value.where == text


@pytest.mark.parametrize(
    ("text", "found", "remedy"),
    [
        ("opt = 'sgd'", "column 5: '=' is not understood", "write == to compare"),
        ("x > 1 && y", "column 7: '&' is not understood", "write and"),
        ("x > 1 | y", "column 7: '|' is not understood", "write or"),
        ("!x", "column 1: '!' is not understood", "write not"),
        ("opt == 'sgd", 'column 8: "\'" is not understood', "close the quote"),
        ("x >", "column 4: a value is missing at the end", "use names"),
        ("", "column 1: a value is missing at the end", "use names"),
        ("x y", "column 3: 'y' is not expected here", "use names"),
        ("(x", "column 3: ')' is missing at the end", "use names"),
        ("x not 3", "column 7: 'in' is missing after 'not'", "use names"),
        ("f(x)", "column 1: there is no function 'f'", "use min, max, abs"),
        ("x.upper()", "column 1: there is no function 'x.upper'", "use min, max, abs"),
        ("__import__('os')", "column 1: there is no function '__import__'", "use min"),
        ("log(x, 2)", "column 1: log got 2", "give it one value"),
        ("x[0]", "column 2: '[' is not expected here", "use names"),
        ("x if y else 1", "column 3: 'if' is not expected here", "use names"),
        ("lambda: 1", "column 7: ':' is not understood", "use names"),
        ("(" * 60 + "x" + ")" * 60, "column 52: it is nested over 50 deep", "simplify it"),
        ("not " * 60 + "x", "column 205: it is nested over 50 deep", "simplify it"),
        ("9" * 3000, "column 1: it has 3000 characters", "keep it under 2000"),
    ],
)
def test_what_is_no_expression_is_refused_with_column_and_remedy(
    text: str, found: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        Expression(text)
    assert refusal.value.found == found
    assert refusal.value.remedy.startswith(remedy)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="it is no text"):
        Expression(3)  # type: ignore[arg-type]


def test_expressions_are_values() -> None:
    one = Expression(" x > 1 ")
    assert one == Expression("x > 1")
    assert hash(one) == hash(Expression("x > 1"))
    for twin in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert twin == one
        assert twin.holds(VALUES)
