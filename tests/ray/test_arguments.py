"""A call's arguments are a trial's values, and come back as they were."""

import inspect
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.agent.blobs import BLOB, FOLDER
from sonde.ray.arguments import decoded, encoded
from sonde.ray.seen import Seen

plain = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
anything = st.recursive(
    plain | st.none() | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
names = st.sampled_from(["lr", "epochs", "params", "opt.lr", "a b", ""]) | st.text(max_size=4)


def call(params: Any, epochs: Any = 1, *rest: Any, lr: Any = None, **more: Any) -> None:
    """What the calls below are of."""


SIGNATURE = inspect.signature(call)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blobs")


@given(
    st.dictionaries(names, anything, max_size=4) | anything,
    st.lists(anything, max_size=3),
    st.dictionaries(st.sampled_from(["lr", "other"]), anything),
)
def test_they_come_back_whatever_they_are(
    folder: Path, first: Any, rest: list[Any], named: dict[str, Any]
) -> None:
    def keep(data: bytes) -> str:
        key = sha256(data).hexdigest()
        (folder / key).write_bytes(data)
        return key

    params = encoded(SIGNATURE, (first, *rest), named, keep, lambda _: None)
    assert all(type(value) in {bool, int, float, str} for value in params.values())
    with patch.dict("os.environ", {FOLDER: str(folder)}):
        args, kwargs = decoded(SIGNATURE, params)
    was, now = SIGNATURE.bind(first, *rest, **named), SIGNATURE.bind(*args, **kwargs)
    assert now == was
    assert repr(now) == repr(was)  # of the same kinds, too: 1 is no True


def test_a_dict_is_spread_and_what_has_an_arguments_name_keeps_its_own() -> None:
    params = encoded(SIGNATURE, ({"lr": 0.1, "x": 2}, 3), {}, lambda _: "", lambda _: None)
    assert params == {"params.lr": 0.1, "x": 2, "epochs": 3}
    assert decoded(SIGNATURE, params) == (({"lr": 0.1, "x": 2}, 3), {})


def test_what_is_known_to_the_store_is_not_sent_again() -> None:
    big = [0] * 100
    params = encoded(
        SIGNATURE, ({"x": big},), {}, lambda _: pytest.fail("sent"), lambda _: f"{BLOB}k"
    )
    assert params == {"x": f"{BLOB}k"}


exact = st.integers(-(2**53), 2**53)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.booleans() | exact | finite | st.text(max_size=3), min_size=1, max_size=8))
def test_the_space_of_calls_has_all_their_values(values: list[Any]) -> None:
    seen = Seen()
    for value in values:
        seen.add("x", value)
    space = seen.space()
    assert all(space.admits({"x": value}) for value in values)
