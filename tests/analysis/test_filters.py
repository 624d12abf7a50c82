"""Filters, as the dashboard's table takes them."""

import math
from dataclasses import replace

import pytest

from figured import GOALS, SPACE
from sonde.analysis.filters import chosen, parse_brush
from sonde.core.sweep import Sweep
from sonde.core.trial import State
from sonde.errors import ConfigError
from trials import make

SWEEP = Sweep(space=SPACE, goals=GOALS)
TRIALS = [
    make(
        0, params={"lr": 0.001, "layers": 2, "batch": 16, "opt": "adam", "device": "cpu"}, loss=0.5
    ),
    make(
        1,
        params={
            "lr": 0.1,
            "layers": 4,
            "batch": 64,
            "opt": "sgd",
            "momentum": 0.9,
            "device": "cpu",
        },
        span=(0, 30),
        loss=math.nan,
    ),
    replace(make(2, State.FAILED, {"lr": 0.2, "opt": "adam"}), error="CUDA out of memory"),
    make(3, State.RUNNING, {"lr": 1.0, "opt": "adam"}, loss=math.inf),
]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [0, 1, 2, 3]),
        ("failed", [2]),
        ("fail", [2]),
        ("memory", [2]),
        ("sgd", [1]),
        ("#3", [3]),
        ("3", [3]),
        ("lr<0.1", [0]),
        ("lr<=0.1", [0, 1]),
        ("lr>=1e-1 lr<1", [1, 2]),
        ("opt=adam done", [0]),
        ("opt!=adam", [1]),
        ("opt~da", [0, 2, 3]),
        ("momentum=missing", [0, 2, 3]),
        ("momentum!=missing", [1]),
        ("loss=missing", [2]),
        ("loss=NaN", [1]),
        ("loss=Infinity", [3]),
        ("loss<1", [0]),
        ("loss>1", [3]),
        ("layers=4", [1]),
        ("duration>10", [1]),
        ("number>=2", [2, 3]),
        ("state!=done", [2, 3]),
        ('error="CUDA out of memory"', [2]),
        ("nothing=1", []),
    ],
)
def test_a_filter_finds_what_the_dashboard_s_finds(text: str, numbers: list[int]) -> None:
    assert chosen(SWEEP, TRIALS, text) == numbers


@pytest.mark.parametrize(
    ("brush", "numbers"),
    [
        ("p.lr:0.0005..0.15", [0, 1]),
        ("p.opt:0..0", [0, 2, 3]),
        ("p.batch:16..32", [0]),
        ("m.loss:0..1", [0]),
    ],
)
def test_a_brush_keeps_a_stretch_of_an_axis(brush: str, numbers: list[int]) -> None:
    assert chosen(SWEEP, TRIALS, brushes=dict([parse_brush(brush)])) == numbers


@pytest.mark.parametrize("text", ["p.lr", "p.lr:1", "p.lr:a..b", ":1..2"])
def test_what_is_no_brush_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="it is no stretch of an axis; write"):
        parse_brush(text)


def test_a_brush_of_an_unknown_axis_is_refused() -> None:
    with pytest.raises(ConfigError, match="nothing is called lrr"):
        chosen(SWEEP, TRIALS, brushes={"p.lrr": (0, 1)})
