"""Figures of several sweeps."""

from dataclasses import replace
from typing import Any

import pytest

from figured import CURVES, GOALS, draw, many, snapshot_of
from sonde.analysis.figures import KINDS, Snapshot, json_of
from sonde.core.distributions import Float, Int
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.errors import ConfigError
from trials import make


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_several_sweeps_on_axes_that_all_share(kind: str) -> None:
    pair = [snapshot_of(many(seed), name=name) for seed, name in enumerate(("one", "two"))]
    figure = json_of(draw(kind, *pair, curves=CURVES))
    assert [run["source"]["name"] for run in figure["runs"]] == ["one", "two"]
    one, two = figure["runs"]
    for field in ("goal", "goals", "axes", "x", "y", "method", "pairs"):
        if kind != "importance" or field != "goals":
            assert one.get(field) == two.get(field)
    axes = [[column["axis"] for column in run.get("columns", ())] for run in (one, two)]
    assert axes[0] == axes[1]


@pytest.mark.parametrize("kind", ["slice", "parallel", "scatter-matrix", "pareto"])
def test_beside_others_a_sweep_shows_the_trials_that_it_shows_alone(kind: str) -> None:
    pair = [snapshot_of(many(seed), name=name) for seed, name in enumerate(("one", "two"))]
    for run, snapshot in zip(draw(kind, *pair).runs, pair, strict=True):
        alone = draw(kind, snapshot)
        assert json_of(run.points) == json_of(alone.points)
        assert json_of(run.source) == json_of(alone.source)


def _over(space: dict[str, Any], name: str, *params: dict[str, Any]) -> Snapshot:
    definition = Sweep(space=space_of(space), goals=GOALS)
    trials = [make(n, params=one, loss=float(n), speed=1.0) for n, one in enumerate(params)]
    return Snapshot(definition, trials, sweep=name, name=name)


def test_spaces_that_differ_are_shown_on_one_axis() -> None:
    wide = _over(
        {"lr": Float(1e-4, 1.0, log=True), "opt": ["adam", "sgd"], "size": [8, 64]},
        "wide",
        {"lr": 0.01, "opt": "sgd", "size": 64},
    )
    other = _over(
        {"lr": Float(0.5, 2.0), "opt": ["lion", "sgd"], "size": [32], "warm": Int(1, 9)},
        "other",
        {"lr": 2.0, "opt": "sgd", "size": 32, "warm": 3},
    )
    figure = draw("slice", wide, other)
    one, two = ({column.axis.name: column for column in run.columns} for run in figure.runs)
    lr = one["lr"].axis
    assert (lr.log, lr.low, lr.high) == (True, 1e-4, 2.0)
    assert one["opt"].axis.words == ("adam", "sgd", "lion")
    assert one["opt"].values.values.tolist() == two["opt"].values.values.tolist() == [1.0]
    assert one["size"].axis.words == (8, 32, 64)
    assert not one["warm"].values.has.any(), "this sweep has no such parameter"
    assert one["warm"].missing == 1
    assert two["warm"].values.values.tolist() == [3.0]


def test_a_range_in_one_sweep_and_a_choice_of_numbers_in_another_are_numbers() -> None:
    one = _over({"lr": Float(1e-4, 1.0, log=True), "a": Int(1, 2)}, "one", {"lr": 0.01, "a": 1})
    two = _over({"lr": [0.5, 4.0], "a": 2}, "two", {"lr": 4.0, "a": 2})
    first, second = draw("parallel", one, two).runs
    lr = first.columns[0].axis
    assert (lr.kind, lr.log, lr.high) == ("number", True, 4.0)
    assert second.columns[1].values.values.tolist() == [2.0]


def test_ranks_are_among_the_results_of_all_sweeps() -> None:
    space = {"a": Int(1, 9), "b": Int(1, 9)}
    low = _over(space, "low", *[{"a": 1, "b": 1}] * 2)  # losses 0 and 1
    high = _over(space, "high", *[{"a": 1, "b": 1}] * 3)  # 0, 1 and 2
    first, second = draw("rank", low, high).runs
    assert first.rank.values.tolist() == [0.125, 0.625]
    assert second.rank.values.tolist() == [0.125, 0.625, 1.0]


def test_timelines_share_a_clock_unless_most_of_it_would_be_empty() -> None:
    early = snapshot_of([make(0, params={}, span=(0, 10), loss=1.0)], name="early")
    late = snapshot_of([make(0, params={}, span=(15, 30), loss=1.0)], name="late")
    figure = draw("timeline", early, late)
    assert figure.clock == "shared"
    assert [run.bars.start.tolist() for run in figure.runs] == [[0.0], [15.0]]
    assert figure.runs[1].end == 30.0
    days = snapshot_of([make(0, params={}, span=(9e5, 9e5 + 10), loss=1.0)], name="days")
    figure = draw("timeline", early, days)
    assert figure.clock == "own"
    assert [run.bars.start.tolist() for run in figure.runs] == [[0.0], [0.0]]


def test_sweeps_with_too_little_in_common_are_refused_with_what_to_do() -> None:
    one = _over({"a": Int(1, 9), "b": Int(1, 9)}, "one", {"a": 1, "b": 1})
    two = _over({"a": Int(1, 9), "c": Int(1, 9)}, "two", {"a": 1, "c": 1})
    for kind in ("contour", "rank"):
        with pytest.raises(ConfigError) as refusal:
            draw(kind, one, two)
        assert str(refusal.value) == (
            f"figure {kind}: one, two have 1 parameter in common, and a pair takes two; "
            "draw each by itself"
        )
    with pytest.raises(ConfigError, match="params=b: two has none; name what all sweeps have"):
        draw("contour", one, two, params=("a", "b"))
    bare = Snapshot(one.definition, [make(0, params={"a": 1, "b": 1})], name="bare")
    bare.definition = replace(one.definition, goals=())
    with pytest.raises(ConfigError, match="bare: it does not report loss, by which one is drawn"):
        draw("slice", one, bare)
