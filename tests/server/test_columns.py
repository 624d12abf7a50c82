"""A sweep's trials as typed columns: what a page puts together is what the store has."""

import json
import math
import struct
from array import array
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sonde.core.constraint import parse_constraint
from sonde.core.distributions import Choice, Float, Int
from sonde.core.metric import Direction, Goal, Summary
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.server.columns import MOST_METRICS, Columns
from trials import START

SPACE = space_of(
    {
        "lr": Float(1e-5, 1.0, log=True),
        "units": Int(1, 8),
        "opt": ["adam", "sgd", None, True, 3],
        "momentum": Float(0.0, 0.9, when="opt == 'sgd'"),
        "huge": Choice((2**60, 2**60 + 1)),
    }
)
SWEEP = Sweep(
    space=SPACE, goals=(Goal(metric="loss"), Goal(metric="acc", direction=Direction.MAXIMIZE))
)
TYPES = {"f8": "d", "u4": "I", "u2": "H", "u1": "B"}


class Page:
    """What a page keeps, and how it takes in a block; as columns.js does."""

    def __init__(self) -> None:
        self.header: dict[str, Any] = {"version": 0, "edition": ""}
        self.arrays: dict[str, Any] = {}
        self.words: dict[int, list[Any]] = {}

    def take(self, block: bytes) -> None:
        (length,) = struct.unpack_from("<I", block)
        header = json.loads(block[4 : 4 + length])
        at = 4 + length
        arrays: dict[str, list[Any]] = {}
        for name, kind, count in header["arrays"]:
            assert at % 8 == 0, "a view must begin at a multiple of its size"
            view: array[Any] = array(TYPES[kind])
            size = view.itemsize * count
            view.frombytes(block[at : at + size])
            arrays[name] = list(view)
            at += -(-size // 8) * 8
        assert at == len(block)
        rows = arrays.pop("#rows", None)
        for place, about in enumerate(header["columns"]):
            if about["kind"] == "words":
                before = [] if rows is None else self.words[place][: about["first"]]
                self.words[place] = before + about["words"]
        if rows is None:
            self.arrays = arrays
        else:
            for name, values in arrays.items():
                known = self.arrays.setdefault(name, [1] * len(self.arrays["#state"]))
                known += [0] * (header["count"] - len(known))
                for row, value in zip(rows, values, strict=True):
                    known[row] = value
        self.header = header

    def value(self, name: str, row: int) -> Any:
        """A value, or `missing`."""
        place = next(i for i, about in enumerate(self.header["columns"]) if about["name"] == name)
        value = self.arrays[f"{place}"][row]
        if self.header["columns"][place]["kind"] == "words":
            return self.words[place][value] if value else "missing"
        there = self.arrays.get(f"{place}?")
        return value if there is None or there[row] else "missing"


def assert_same(page: Page, trials: dict[int, Trial]) -> None:
    for number, trial in trials.items():
        assert page.header["states"][page.arrays["#state"][number]] == trial.state
        for name in ("lr", "units", "opt", "momentum"):
            expected = trial.params.get(name, "missing")
            assert repr(page.value(name, number)) == repr(expected) or (
                page.value(name, number) == expected and not isinstance(expected, bool)
            )
        for name in ("loss", "acc", "extra"):
            listed = any(about["name"] == name for about in page.header["columns"])
            summary = trial.metrics.get(name)
            if summary is None:
                assert not listed or page.value(name, number) == "missing"
            else:
                assert repr(page.value(name, number)) == repr(summary.last)


values = st.floats(width=32)
points = st.dictionaries(st.sampled_from(["loss", "acc", "extra"]), values)
changes = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(list(State)), st.floats(0, 1), points), max_size=8
)


@given(st.lists(changes, min_size=1, max_size=5), st.data())
def test_a_page_that_takes_in_changes_has_what_one_that_begins_anew_has(
    batches: list[list[tuple[int, State, float, dict[str, float]]]], data: st.DataObject
) -> None:
    columns, page, version = Columns(SWEEP), Page(), 0
    trials: dict[int, Trial] = {}
    page.take(columns.block())
    for batch in batches:
        changed = {}
        for number, state, u, metrics in batch:
            number = min(number, len(trials))  # dense
            version += 1
            changed[number] = trials[number] = Trial(
                number=number,
                state=state,
                params=SPACE.at([u] * len(SPACE.dimensions)),
                metrics={name: Summary.of([(0, value)]) for name, value in metrics.items()},
                created=START,
                started=START if u > 0.5 else None,
                finished=START + timedelta(seconds=u) if u > 0.7 else None,
                error="boom" if state is State.FAILED else None,
                version=version,
            )
        columns.add([changed[number] for number in sorted(changed)], version)
        if data.draw(st.booleans()):  # a page may miss some
            page.take(columns.block(page.header["version"], page.header["edition"]))
    page.take(columns.block(page.header["version"], page.header["edition"]))
    fresh = Page()
    fresh.take(columns.block())
    assert_same(page, trials)
    assert_same(fresh, trials)


def trial(number: int, params: dict[str, Any], **metrics: float) -> Trial:
    return Trial(
        number=number,
        state=State.DONE,
        params=params,
        metrics={name: Summary.of([(0, value)]) for name, value in metrics.items()},
        created=START,
        version=number + 1,
    )


@given(st.lists(st.tuples(st.floats(0, 1), points, st.sampled_from([None, 4, "many"])), max_size=9))
def test_trials_that_come_all_at_once_make_what_they_make_one_by_one(
    given_: list[tuple[float, dict[str, float], Any]],
) -> None:
    trials = []
    for number, (u, metrics, units) in enumerate(given_):
        params = SPACE.at([u] * len(SPACE.dimensions)) | ({"units": units} if units else {})
        trials.append(trial(number, params, **metrics))
    at_once, one_by_one = Columns(SWEEP), Columns(SWEEP)
    at_once.add(trials, len(trials))
    for number, one in enumerate(trials):
        one_by_one.add([one], number + 1)
    pages = Page(), Page()
    pages[0].take(at_once.block())
    pages[1].take(one_by_one.block())
    assert repr(pages[0].arrays) == repr(pages[1].arrays)
    assert pages[0].words == pages[1].words
    assert pages[0].header["columns"] == pages[1].header["columns"]


def test_missing_nan_and_infinite_are_told_apart() -> None:
    columns, page = Columns(SWEEP), Page()
    point = SPACE.at([0.1] * len(SPACE.dimensions))
    columns.add(
        [trial(0, point, loss=math.nan), trial(1, point, loss=math.inf), trial(2, point)], 3
    )
    page.take(columns.block())
    assert math.isnan(page.value("loss", 0))
    assert page.value("loss", 1) == math.inf
    assert page.value("loss", 2) == "missing"


def test_whole_numbers_that_a_browser_would_round_come_as_text() -> None:
    columns, page = Columns(SWEEP), Page()
    columns.add([trial(0, {"huge": 2**60 + 1})], 1)
    page.take(columns.block())
    assert page.value("huge", 0) == str(2**60 + 1)


def test_only_what_changed_is_sent_after_a_version() -> None:
    columns = Columns(SWEEP)
    point = SPACE.at([0.1] * len(SPACE.dimensions))
    columns.add([trial(number, point, loss=0.5) for number in range(1000)], 1000)
    columns.add([trial(1000, point, loss=0.25)], 1001)
    delta = columns.block(1000, columns.edition)
    assert len(delta) < len(columns.block()) / 20
    header = json.loads(delta[4 : 4 + struct.unpack_from("<I", delta)[0]])
    assert ["#rows", "u4", 1] in header["arrays"]
    assert [about for about in header["columns"] if about.get("words")] == []


def test_a_value_of_another_kind_turns_a_column_of_numbers_into_one_of_words() -> None:
    columns, page = Columns(SWEEP), Page()
    columns.add([trial(0, {"units": 4}), trial(1, {"units": "many"})], 2)
    page.take(columns.block())
    assert [page.value("units", row) for row in (0, 1)] == [4, "many"]
    assert page.value("lr", 0) == "missing"


def test_metrics_beyond_a_hundred_are_counted_and_not_sent() -> None:
    columns = Columns(SWEEP)
    columns.add([trial(0, {}, **{f"m{i}": 0.5 for i in range(MOST_METRICS + 5)})], 1)
    block = columns.block()
    header = json.loads(block[4 : 4 + struct.unpack_from("<I", block)[0]])
    assert header["hidden"] == 7, "two columns are the goals'"


def test_a_broken_bound_is_said_of_those_that_have_a_result() -> None:
    sweep = Sweep(space=SPACE, goals=SWEEP.goals, constraints=(parse_constraint("ms <= 20"),))
    columns, page = Columns(sweep), Page()
    columns.add([trial(0, {}, loss=1, ms=30), trial(1, {}, loss=1, ms=10)], 2)
    page.take(columns.block())
    assert [page.value("feasible", row) for row in (0, 1)] == [False, True]


def test_what_an_edit_took_out_or_left_outside_is_still_shown() -> None:
    narrowed = space_of({"lr": "uniform(0.4, 0.5)", "beta": [1, 2]})
    columns = Columns(Sweep(space=narrowed, goals=(Goal(metric="loss"),), version=2))
    before = columns.edition
    columns.add(
        [trial(0, {"lr": 0.45, "beta": 1}), trial(1, {"lr": 0.9, "opt": "sgd", "drop": 0.5})], 1
    )
    columns.add([trial(2, {"lr": 0.45, "beta": 3})], 2)
    assert columns.edition != before
    page = Page()
    page.take(columns.block())
    by_name = {column["name"]: column for column in page.header["columns"]}
    assert (by_name["lr"]["low"], by_name["lr"]["high"]) == (0.4, 0.9)
    assert by_name["beta"]["choices"] == [1.0, 2.0, 3.0]
    assert by_name["opt"]["words"] == [None, "sgd"]
    place = list(by_name).index("drop")
    assert by_name["drop"]["kind"] == "number"
    assert page.arrays[f"{place}?"] == [0, 1, 0]
    assert page.arrays[str(place)][1] == 0.5
