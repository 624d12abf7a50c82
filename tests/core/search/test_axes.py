"""Axes: which coordinates are continuous, in steps or categorical, and which are active."""

import numpy as np
import pytest

from sonde.core.distributions import Choice, Float, Int, Normal, QUniform
from sonde.core.search.axes import Axes
from sonde.core.space import space_of

SPACE = space_of(
    {"opt": ["adam", "sgd"], "lr": Float(1e-5, 1, log=True), "layers": Int(1, 8, log=True)}
    | {"momentum": Float(0, 1, when="opt == 'sgd'"), "width": [16, 32, 64], "q": QUniform(0, 6, 2)}
    | {"noise": Normal(0, 1), "seed": 7, "flag": [True, False], "id": Int(0, 10**9)}
)


def test_lists_of_text_are_categories_and_sorted_numbers_are_steps() -> None:
    axes = Axes(SPACE)
    names = [p.name for p in SPACE.dimensions]
    assert [names[i] for i in axes.categorical] == ["opt", "flag"]
    assert [names[i] for i in axes.numeric if axes.each[i].middles is not None] == [
        "layers", "width", "q",
    ]  # fmt: skip


def test_points_are_moved_to_the_middle_of_their_value() -> None:
    axes = Axes(SPACE)
    random = np.random.default_rng(0)
    points = random.random((50, len(SPACE.dimensions)))
    moved = points.copy()
    axes.snap(moved)
    for before, after in zip(points, moved, strict=True):
        old, new = SPACE.at(before.tolist()), SPACE.at(after.tolist())
        assert {k: old[k] for k in ("width", "q")} == {k: new[k] for k in ("width", "q")}
        whole = np.array(SPACE.quantiles(new))[2:3]
        assert after[2:3] == pytest.approx(whole)


def test_what_exists_follows_from_the_parents() -> None:
    axes = Axes(SPACE)
    points = np.full((2, len(SPACE.dimensions)), 0.5)
    points[0, 0], points[1, 0] = 0.25, 0.75
    momentum = [p.name for p in SPACE.dimensions].index("momentum")
    for _ in range(2):
        assert axes.active(points)[:, momentum].tolist() == [False, True]


def test_conditions_on_floats_are_asked_each_time() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1, when="x > 0.5")})
    points = np.array([[x, 0.5] for x in (0.1, 0.499, 0.501, 0.9)])
    assert Axes(space).active(points)[:, 1].tolist() == [False, False, True, True]


def test_a_value_that_stands_there_twice_is_twice_as_probable() -> None:
    (axis,) = Axes(space_of({"a": Choice(("u", "v", "u", "w"))})).each
    assert axis.shares is not None
    assert axis.shares.tolist() == [0.5, 0.25, 0.25]


def test_a_value_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(ValueError, match="rmsprop"):
        Axes(SPACE).row({"opt": "rmsprop"})
