"""The table of trials as a file."""

import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figured import GOALS, SPACE
from sonde.analysis.exports import FORMATS, Table, columns_of, export, table_of
from sonde.core.constraint import parse_constraint
from sonde.core.distributions import Float
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import WHY_STOPPED, State
from sonde.errors import ConfigError
from trials import make

SWEEP = Sweep(space=SPACE, goals=GOALS)
TRIALS = [
    make(
        0,
        params={"lr": 0.1, "layers": 2, "batch": 16, "opt": "adam", "device": "cpu"},
        loss=0.1 + 0.2,
    ),
    make(
        1,
        params={
            "lr": 1e-05,
            "layers": 3,
            "batch": 32,
            "opt": "sgd",
            "momentum": 0.5,
            "device": "cpu",
        },
        loss=math.nan,
    ),
    replace(make(2, State.FAILED, {"lr": 0.5, "opt": "adam"}), error='=HYPERLINK("http://x")'),
    make(3, State.RUNNING, {"lr": 1.0, "opt": "adam"}, loss=-math.inf, speed=3.0),
]


def table(*columns: str, sort: str = "") -> Table:
    return table_of(SWEEP, TRIALS, range(4), columns=columns, sort=sort)


def rows_of_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_columns_are_those_of_the_dashboard_s_table() -> None:
    names = [field.name for field in columns_of(SWEEP, TRIALS)]
    assert names == [
        "number", "state", "loss", "speed", "lr", "layers", "batch", "opt", "momentum", "device",
        "duration_s", "step", "started", "finished", "agent", "origin", "error", "attempts",
    ]  # fmt: skip
    bounded = replace(SWEEP, constraints=(parse_constraint("speed >= 1"),), stopping="asha")
    assert {"feasible", "cut_short"} <= {field.name for field in columns_of(bounded, TRIALS)}


def test_a_parameter_that_is_called_like_a_metric_or_a_column_has_a_heading_of_its_own() -> None:
    space = space_of({name: Float(0, 1) for name in ("loss", "state", "p.loss")})
    sweep = replace(SWEEP, space=space)
    fields = columns_of(sweep, [])
    assert [field.name for field in fields if field.role == "param"] == [
        "p.loss",
        "p.state",
        "p.p.loss",
    ]
    assert len({field.name for field in fields}) == len(fields)
    trial = make(0, params={"loss": 0.25, "state": 0.5, "p.loss": 0.75}, loss=9.0)
    found = table_of(sweep, [trial], [0], columns=["loss", "p.state", "m.loss"])
    assert found.rows == [(9.0, 0.5, 9.0)]


def test_csv_opens_in_a_spreadsheet_and_runs_nothing() -> None:
    data = export(table("number", "lr", "layers", "loss", "momentum", "error"), "csv")
    assert data.startswith(b"number,lr,layers,loss,momentum,error\r\n")
    _, *rows = rows_of_csv(data)
    assert rows[0] == ["0", "0.1", "2", "0.30000000000000004", "", ""]
    assert rows[1] == ["1", "1e-05", "3", "NaN", "0.5", ""]
    assert rows[2][-1] == '\'=HYPERLINK("http://x")'
    assert rows[3][3] == "-Infinity"
    named = [replace(TRIALS[0], params={"opt": "ädam"})]
    assert export(table_of(SWEEP, named, [0], columns=["opt"]), "csv").startswith(
        b"\xef\xbb\xbfopt\r\n"
    )


@given(st.text())
def test_no_cell_of_text_begins_like_a_formula(text: str) -> None:
    trial = replace(TRIALS[0], params={"opt": text})
    data = export(table_of(SWEEP, [trial], [0], columns=["number", "opt"]), "csv")
    (cell,) = (row[1] for row in rows_of_csv(data)[1:])
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text.removeprefix("'")


@given(st.lists(st.floats(), min_size=1), st.lists(st.integers(-(2**62), 2**62), min_size=1))
def test_json_and_parquet_keep_every_number(floats: list[float], ints: list[int]) -> None:
    space = space_of({"x": Float(0, 1), "n": Float(0, 1)})
    sweep = replace(SWEEP, space=space)
    count = max(len(floats), len(ints))
    trials = [
        make(i, params={"x": floats[i % len(floats)], "n": ints[i % len(ints)]})
        for i in range(count)
    ]
    found = table_of(sweep, trials, range(count), columns=["x", "n"])
    rows = json.loads(export(found, "json"))
    frame = pq.read_table(io.BytesIO(export(found, "parquet"))).to_pydict()
    for i, (x, n) in enumerate(found.rows):
        words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
        assert repr(words.get(str(rows[i]["x"]), rows[i]["x"])) == repr(x)
        assert repr(frame["x"][i]) == repr(x)
        assert (rows[i]["n"], frame["n"][i]) == (n, n)


def test_parquet_tells_nan_from_what_is_missing_and_keeps_types() -> None:
    data = pq.read_table(io.BytesIO(export(table(), "parquet")))
    types = {field.name: str(field.type) for field in data.schema}
    assert (types["lr"], types["layers"], types["opt"]) == ("double", "int64", "string")
    assert types["started"] == "timestamp[us, tz=UTC]"
    losses = data.column("loss").to_pylist()
    assert losses[0] == 0.1 + 0.2
    assert math.isnan(losses[1])
    assert losses[2] is None
    assert data.column("error").null_count == 3


def test_values_of_several_kinds_are_json_text_in_parquet() -> None:
    trials = [replace(TRIALS[0], params={"opt": value}) for value in ("a", [1, 2], True, None)]
    found = table_of(SWEEP, trials, range(4), columns=["opt"])
    data = pq.read_table(io.BytesIO(export(found, "parquet")))
    assert data.column("opt").to_pylist() == ["a", "[1, 2]", "true", None]


def test_latex_is_escaped_and_has_booktabs_rules() -> None:
    trial = replace(TRIALS[0], params={"opt": r"a_b & 50% \x{y}~^$#"}, error=None)
    found = table_of(
        SWEEP, [trial, TRIALS[1]], [0, 1], columns=["number", "lr", "loss", "opt", "momentum"]
    )
    text = export(found, "tex").decode()
    assert r"\begin{tabular}{rrrlr}" in text
    assert (
        r"a\_b \& 50\% \textbackslash{}x\{y\}\textasciitilde{}\textasciicircum{}\$\# & -- \\"
        in text
    )
    assert r"1 & $1 \times 10^{-5}$ & NaN & sgd & 0.5 \\" in text
    assert [line for line in text.splitlines() if line.endswith("rule")] == [
        r"\toprule", r"\midrule", r"\bottomrule",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ("-number", [3, 2, 1, 0]),
        ("lr", [1, 0, 2, 3]),
        ("-lr", [3, 2, 0, 1]),
        ("loss", [3, 0, 1, 2]),  # NaN, then what has none
        ("-loss", [0, 3, 1, 2]),
        ("state", [3, 0, 1, 2]),
        ("m.speed", [3, 0, 1, 2]),
        ("momentum", [1, 0, 2, 3]),
    ],
)
def test_rows_are_sorted_as_the_dashboard_sorts_them(sort: str, numbers: list[int]) -> None:
    assert [row[0] for row in table("number", sort=sort).rows] == numbers


def test_what_a_rule_cut_short_comes_after_what_ran_to_its_end() -> None:
    last = (replace(GOALS[0], summary=GOALS[1].summary),)
    short = replace(make(1, State.STOPPED, {}, loss=0.1), facts={WHY_STOPPED: "asha: after 1 step"})
    trials = [make(0, params={}, loss=0.5), short, make(2, State.FAILED, {}, loss=0.0)]
    found = table_of(replace(SWEEP, goals=last), trials, range(3), columns=["number"], sort="loss")
    assert [row[0] for row in found.rows] == [0, 1, 2]


def test_an_unknown_column_or_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="columns los: nothing is called so; did you mean loss"):
        table("los")
    with pytest.raises(ConfigError, match="sort los: nothing is called so"):
        table(sort="-los")
    with pytest.raises(ConfigError, match="format xlsx: there is no such format; choose from csv"):
        export(table(), "xlsx")


@pytest.mark.parametrize("form", FORMATS)
def test_a_sweep_without_trials_has_a_table_without_rows(form: str) -> None:
    assert export(table_of(SWEEP, [], []), form)


def test_any_value_can_be_exported() -> None:
    values: list[Any] = [None, True, 10**40, "x\ny", (1, "a"), {"k": [1.5, math.nan]}, 1.5]
    trials = [replace(TRIALS[0], params={"opt": value}) for value in values]
    for form in FORMATS:
        assert export(table_of(SWEEP, trials, range(len(values)), columns=["opt"]), form)
