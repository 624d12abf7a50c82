"""What holds for every figure."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figured import GOALS, SPACE, draw, snapshot_of
from sonde.analysis.figures import KINDS, json_of
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from trials import at, make

_NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300])
)


@st.composite
def _trial_lists(draw_: st.DrawFn) -> list[Trial]:
    """Trials of every fate, some without values, some without a start."""
    trials = []
    for number in range(draw_(st.integers(0, 25))):
        state = draw_(st.sampled_from(list(State)))
        point = [draw_(st.floats(0, 1)) for _ in SPACE.dimensions]
        begin = draw_(st.floats(0, 500))
        span = draw_(st.sampled_from([None, (begin, begin + draw_(st.floats(0, 100)))]))
        values = draw_(
            st.dictionaries(st.sampled_from(["loss", "speed", "other"]), _NUMBERS, max_size=3)
        )
        trials.append(make(number, state, SPACE.at(point), span, **values))
    return trials


@settings(max_examples=60, deadline=None)
@given(
    trials=_trial_lists(),
    kind=st.sampled_from(sorted({*KINDS} - {"importance"})),
    most=st.integers(1, 30),
)
def test_no_figure_loses_a_trial_silently_or_a_number_that_json_lacks(
    trials: list[Trial], kind: str, most: int
) -> None:
    figure = draw(kind, snapshot_of(trials), points=most)
    document = json_of(figure)
    json.dumps(document, allow_nan=False)
    for run in document.get("runs", [document]):
        assert run["source"]["chosen"] == len(trials)
        if kind == "edf":
            assert run["results"] + sum(run["omitted"].values()) == len(trials)
        elif kind != "correlation":
            points = run["points"]
            assert len(points["trial"]) + sum(points["omitted"].values()) == len(trials)
            assert len(points["trial"]) <= most
            assert {len(points[key]) for key in ("state", "value", "result", "feasible")} == {
                len(points["trial"])
            }
            by_number = {trial.number: trial for trial in trials}
            for number, state, value in zip(
                points["trial"], points["state"], points["value"], strict=True
            ):
                assert state == by_number[number].state.value
                is_missing = by_number[number].value(GOALS[0]) is None
                assert (value is None) == is_missing


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"importance"}))
def test_missing_nan_and_infinite_stay_three_things(kind: str) -> None:
    trials = [
        make(0, params=SPACE.at([0.5] * 5), loss=math.nan, speed=1.0),
        make(1, params=SPACE.at([0.4] * 5), loss=math.inf, speed=2.0),
        make(2, params=SPACE.at([0.3] * 5), speed=3.0),
        make(3, params=SPACE.at([0.2] * 5), loss=0.5, speed=4.0),
    ]
    document = json_of(draw(kind, snapshot_of(trials)))
    if kind == "edf":
        (run,) = document["runs"]
        assert (run["value"], run["share"], run["omitted"]) == (
            [0.5],
            [1.0],
            {"no finite value": 3},
        )
    elif kind != "correlation":
        points = document.get("runs", [document])[0]["points"]
        assert points["value"] == ["NaN", "Infinity", None, 0.5]
        assert points["result"] == [False, False, False, True]


def test_failed_and_rare_trials_stay_among_the_points_of_a_long_sweep() -> None:
    trials = [
        make(n, State.FAILED if n % 500 == 7 else State.DONE, SPACE.at([n / 3000] * 5), loss=n)
        for n in range(3000)
    ]
    figure = draw("slice", snapshot_of(trials), points=100)
    points = figure.points
    assert points.omitted == {"thinned": 2900}
    assert points.state.count("failed") == 2  # of 6; a share of the points would be none
    assert {n for n in range(21) if n != 7} <= set(points.trial.tolist())  # the best ones
    assert points.trial[-1] > 2900
    assert figure.columns[0].missing == 0


def test_whole_numbers_are_whole_categories_are_places_and_log_axes_are_the_space_s() -> None:
    trials = [
        make(
            0,
            params={"lr": 0.01, "layers": 3, "batch": 16, "opt": "sgd", "momentum": 0.5},
            loss=1.0,
        ),
        make(1, params={"lr": 0.1, "layers": 8, "batch": 64, "opt": "adam"}, loss=2.0),
    ]
    document = json_of(draw("parallel", snapshot_of(trials)))
    columns = {column["axis"]["name"]: column for column in document["columns"]}
    assert list(columns) == ["lr", "layers", "batch", "opt", "momentum"]  # a constant has no axis
    lr, layers, batch, opt, momentum = columns.values()
    assert (lr["axis"]["log"], lr["axis"]["low"], lr["axis"]["high"]) == (True, 1e-4, 1.0)
    assert json.dumps([layers["values"], layers["axis"]["high"]]) == "[[3, 8], 8]"
    assert (batch["axis"]["words"], batch["values"]) == ([16, 32, 64], [0, 2])
    assert (opt["axis"]["words"], opt["axis"]["ordered"], opt["values"]) == (
        ["adam", "sgd"],
        False,
        [1, 0],
    )
    assert (momentum["values"], momentum["missing"]) == ([0.5, None], 1)
    assert momentum["axis"]["when"] == "opt == 'sgd'"


def test_a_metric_with_one_huge_value_gets_a_logarithmic_axis() -> None:
    calm = [make(n, params={}, loss=1.0 + n) for n in range(5)]
    wild = [*calm, make(5, params={}, loss=1e6)]
    negative = [*wild, make(6, params={}, loss=-1.0)]
    axes = [draw("history", snapshot_of(trials)).goal for trials in (calm, wild, negative)]
    assert [axis.log for axis in axes] == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "asked", "message"),
    [
        ("histroy", {}, "figure histroy: there is no such figure; did you mean history?"),
        ("slice", {"params": ("lrr",)}, "params=lrr: there is no such parameter; did you mean lr?"),
        ("slice", {"metrics": ("los",)}, "metric=los: no trial reports it; there is: loss, speed"),
        ("history", {"over": "steps"}, "over=steps: it is no axis; choose from trial, time, cost"),
        (
            "slice",
            {"points": 10**9},
            "points=1000000000: that many cannot be shown; use 1 to 30000",
        ),
        ("contour", {"params": ("lr",)}, "contour: there is lr; name two parameters"),
        (
            "contour",
            {"params": ("lr", "opt", "batch")},
            "contour: there are 3 parameters; name two of them",
        ),
        (
            "pareto",
            {"metrics": ("loss",)},
            "pareto: there is one goal, loss; name two metrics or more",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_remedy(
    kind: str, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        draw(kind, snapshot_of([make(0, params=SPACE.at([0.5] * 5), loss=1.0)]), **asked)
    assert str(refusal.value) == message


def test_a_sweep_without_a_goal_can_be_seen_by_a_metric() -> None:
    snapshot = snapshot_of([make(0, params=SPACE.at([0.5] * 5), other=1.0)], goals=())
    assert draw("slice", snapshot, metrics=("other:max",)).goal.summary == "max"
    with pytest.raises(ConfigError, match="the sweep has no goal; name a metric"):
        draw("slice", snapshot)


def test_running_trials_have_worked_until_now() -> None:
    trials = [
        make(0, State.RUNNING, {}, span=(10, 0)),
        make(1, params={}, span=(0, 5), loss=1.0),
    ]
    figure = draw("timeline", snapshot_of(trials), now=at(40))
    assert (figure.end, figure.bars.end.tolist()) == (40.0, [40.0, 5.0])


def test_values_of_a_former_space_widen_the_axis_or_make_it_one_of_words() -> None:
    trials = [
        make(0, params={"lr": 5.0, "layers": "deep", "opt": "lion"}, loss=1.0),
        make(1, params={"lr": 0.1, "layers": 3, "opt": "sgd"}, loss=2.0),
    ]
    columns = draw("parallel", snapshot_of(trials), params=("lr", "layers", "opt")).columns
    lr, layers, opt = (column.axis for column in columns)
    assert (lr.low, lr.high) == (1e-4, 5.0)
    assert layers.words == ("deep", 3)
    assert opt.words == ("adam", "sgd", "lion")
    for kind in ("contour", "slice", "rank", "correlation"):
        json.dumps(json_of(draw(kind, snapshot_of(trials), params=("lr", "layers"))))
