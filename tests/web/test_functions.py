"""The pure functions behind the charts and the table, called in the browser."""

import math
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from browsing import looking
from sonde.cli.cells import duration
from sonde.server.app import create_app
from sonde.server.serving import serving
from sonde.store.memory import MemoryStore

_CALL = """async ([module, name, args]) => {
    const found = (await import(module))[name](...args.map((a) =>
        a && a.array ? new globalThis[a.array](a.values) : a));
    return found && found.length !== undefined && typeof found !== "string" ? [...found] : found;
}"""

# Both ways, of a column that stands by itself.
_SORT = """async (texts) => {
    const { sorted } = await import("/web/rows.js");
    const column = { kind: "number", has: null, values: Float64Array.from(texts, Number) };
    const count = texts.length;
    const byKey = new Map([["p.x", column]]);
    const columns = { count, states: ["done"], state: new Uint8Array(count), byKey };
    const rows = Uint32Array.from(texts.keys());
    return ["p.x", "-p.x"].map((by) => [...sorted(columns, rows, by)]);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One page for all: what is called here shows nothing."""
    with serving(create_app(MemoryStore())) as url, looking(browser, url) as page:
        page.goto("/")
        yield page


def call(page: Page, module: str, name: str, *args: object) -> Any:
    return page.evaluate(_CALL, [f"/web/{module}", name, list(args)])


def array(kind: str, values: list[Any]) -> dict[str, Any]:
    return {"array": kind, "values": values}


@pytest.mark.parametrize(("is_max_x", "is_max_y"), list(product([False, True], repeat=2)))
def test_the_front_is_what_nothing_beats(page: Page, is_max_x: bool, is_max_y: bool) -> None:
    draw = random.Random(1)
    xs = [float(draw.randrange(12)) for _ in range(60)]
    ys = [float(draw.randrange(12)) for _ in range(60)]
    eligible = [int(draw.random() < 0.8) for _ in range(60)]
    front = call(
        page, "charts/history.js", "frontOf", array("Float64Array", xs), array("Float64Array", ys),
        array("Uint8Array", eligible), is_max_x, is_max_y,
    )  # fmt: skip
    sx, sy = -1 if is_max_x else 1, -1 if is_max_y else 1
    points = {(sx * xs[i], sy * ys[i]) for i in range(60) if eligible[i]}
    beaten = {p for p in points for q in points if q != p and q[0] <= p[0] and q[1] <= p[1]}
    assert {(sx * xs[i], sy * ys[i]) for i in front} == points - beaten
    assert len(front) == len(points - beaten), "each point once"
    assert [sx * xs[i] for i in front] == sorted(sx * xs[i] for i in front)


@pytest.mark.parametrize(
    ("low", "high", "is_log", "expected"),
    [
        (0.0, 1.0, False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1e-5, 0.1, True, [1e-5, 1e-4, 1e-3, 0.01, 0.1]),
        (1, 8, False, [2, 4, 6, 8]),
        (-0.3, 0.3, False, [-0.2, 0, 0.2]),
        (8, 512, True, [10, 20, 50, 100, 200, 500]),
        (2.0, 5.0, True, [2, 5]),
        (2.1, 4.0, True, [2.5, 3, 3.5, 4]),
    ],
)
def test_ticks_are_round_and_within_the_axis(
    page: Page, low: float, high: float, is_log: bool, expected: list[float]
) -> None:
    found = call(page, "charts/axis.js", "ticks", low, high, is_log)
    assert found == pytest.approx(expected)
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8, "8"), (0.1, "0.1"), (1e-5, "1e−5"), (123456, "123456"), (1234567.0, "1.2346e6"),
        (0.123456789, "0.12346"), (-0.5, "−0.5"), (0, "0"), ("NaN", "NaN"), ("Infinity", "inf"),
        ("-Infinity", "−inf"), (None, "–"), (100, "100"), (250.0, "250"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_what_is_missing_is_not_zero(
    page: Page, value: object, text: str
) -> None:
    assert call(page, "numbers.js", "number", value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.42s"), (12, "12s"), (192, "3m12s"), (7500, "2h05m"), (273600, "3d04h"), (None, "–")],
)
def test_durations_read_as_in_the_terminal(page: Page, seconds: float | None, text: str) -> None:
    assert call(page, "numbers.js", "duration", seconds) == text
    assert duration(seconds).replace("-", "–") == text


def test_words_are_quoted_for_a_shell_where_they_need_it(page: Page) -> None:
    words = ["sonde", "rerun", "a b/1", "it's", "lr=0.1"]
    assert call(page, "numbers.js", "shell", words) == """sonde rerun 'a b/1' 'it'"'"'s' lr=0.1"""


def test_a_place_among_numbers_is_the_count_of_those_below(page: Page) -> None:
    numbers = [-math.pi, 0.0, 1.0, 1.0, 1.0, 7.0]
    for value, place in ((-9, 0), (0, 1), (1, 2), (1.5, 5), (99, 6)):
        found = call(page, "rows.js", "placeOf", array("Float64Array", numbers), value)
        assert found == place


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 1.0, -1.0]), max_size=40))
def test_rows_are_sorted_by_value_and_equals_by_number(page: Page, values: list[float]) -> None:
    found = page.evaluate(_SORT, [repr(value).replace("inf", "Infinity") for value in values])
    rows = list(range(len(values)))
    assert found == [
        sorted(rows, key=lambda row: values[row]),
        sorted(rows, key=lambda row: -values[row]),
    ]
