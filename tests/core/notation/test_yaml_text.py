"""YAML with lines and columns, and the numbers of YAML 1.2."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.notation.yaml_text import read_yaml
from sonde.errors import ConfigError

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), TREES, min_size=1))
def test_what_pyyaml_writes_is_read_back_the_same(tree: dict[str, Any]) -> None:
    assert read_yaml(yaml.safe_dump(tree), "s.yaml").value == tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-5", 1e-5), ("1E5", 1e5), ("1.5e+3", 1500.0), (".5", 0.5), ("1.", 1.0),
        ("-1_000", -1000), ("010", 10), ("0x1f", 31), ("0o17", 15), ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"), ("yes", True), ("Off", False), ("~", None), ("", None),
        ("y", "y"), ("'1e-5'", "1e-5"), ("!!float 1e-5", 1e-5), ("!!str 1", "1"),
        (".inf", float("inf")), ("1e", "1e"), ("e5", "e5"), ("+", "+"), ("${args}", "${args}"),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says_but_for_yes_and_no(written: str, value: Any) -> None:
    found = read_yaml(f"a: {written}\n", "s.yaml").value["a"]
    assert (found, type(found)) == (value, type(value))


def test_every_value_and_key_knows_its_line_and_column() -> None:
    node = read_yaml("a: 1\nb:\n  - c: {d: [x, y]}\n", "s.yaml")
    assert node.entries is not None
    inner = node.entries["b"].items
    assert inner is not None
    assert inner[0].entries is not None
    deep = inner[0].entries["c"].entries
    assert deep is not None
    second = (deep["d"].items or ())[1]
    assert second.where == "s.yaml:3:16: b[0].c.d[1]"
    assert deep["d"].key_place == "s.yaml:3:9"


def test_anchors_and_merged_keys_are_followed_and_what_stands_there_itself_wins() -> None:
    text = "base: &b {min: 0, max: 1}\nlr:\n  <<: *b\n  max: 2\n"
    assert read_yaml(text, "s.yaml").value["lr"] == {"min": 0, "max": 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "s.yaml:3:1: a: this key stands in line 1 already; leave one out"),
        ("a: !new 3", "s.yaml:1:4: a: the tag !new means nothing here"),
        ("a: !!int x", "s.yaml:1:4: a: 'x' is no int"),
        ("a: b: c", "s.yaml:1:5: a second ':' in one line"),
        ("a:\n\tb: 1", "s.yaml:2:1: a tab where blanks are needed; indent with blanks"),
        ("a: [1,\nb: 2", "s.yaml:2:"),
        ("a: 1\n---\nb: 2", "s.yaml:2:1: a second document begins here; keep one of them"),
        ("a: &x [*x]", "it is too deep"),
        ("[1, 2]: 3", "s.yaml:1:1: a key that is no text"),
        ("# nothing\n", "s.yaml: there is nothing in it"),
        ("a: \x00", "s.yaml: "),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read_yaml(text, "s.yaml")
    assert said in str(refusal.value)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(ConfigError, match="stand for too much"):
        read_yaml("\n".join(lines), "s.yaml")
