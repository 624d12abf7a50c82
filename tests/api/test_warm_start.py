"""`start=` and `start_from=` of `sonde.sweep`."""

from pathlib import Path
from typing import Any

import pytest

import sonde


def train(lr: float, layers: int = 3) -> float:
    return (lr - 0.3) ** 2 + layers


SPACE = {"lr": sonde.Float(0, 1), "layers": sonde.Int(1, 8)}


def declared(space: Any = None, **options: Any) -> sonde.Sweep:
    options = {"minimize": "loss", "store": "memory:"} | options
    return sonde.sweep(train, SPACE if space is None else space, **options)


def ran(sweep: sonde.Sweep, trials: int) -> list[dict[str, Any]]:
    sweep.run(trials=trials, workers=0, progress=False)
    return [dict(trial.params) for trial in sweep.trials]


def test_points_to_start_with_are_tried_in_their_order() -> None:
    found = ran(declared(start=[{"lr": 0.25, "layers": 7}, {"layers": 2}]), 3)
    assert found[:2] == [{"lr": 0.25, "layers": 7}, {"lr": 0.5, "layers": 2}]
    assert ran(declared(start={"lr": 0.9}), 1) == [{"lr": 0.9, "layers": 5}]


def test_a_guess_is_where_it_begins() -> None:
    space = {"lr": sonde.Float(0, 1, guess=0.2), "layers": sonde.Choice((1, 2, 4), guess=4)}
    assert ran(declared(space, method="bayes"), 1) == [{"lr": 0.2, "layers": 4}]


def test_it_learns_from_a_sweep_by_name_by_itself_and_from_another_store(tmp_path: Path) -> None:
    store = str(tmp_path / "a.db")
    old = declared(store=store, name="old")
    best = min(ran(old, 8), key=lambda params: train(**params))
    for given, options in (
        (old, {}), ("old", {"store": store}), ([old.id, old], {"store": store}),
    ):  # fmt: skip
        assert ran(declared(start_from=given, method="tpe", **options), 1) == [best]


def test_the_same_declaration_goes_on(tmp_path: Path) -> None:
    store = str(tmp_path / "a.db")
    old = declared(store=store, name="old")
    ran(old, 4)
    options = {"store": store, "name": "new", "start": {"lr": 0.9}}
    ran(declared(start_from="old", **options), 2)
    ran(old, 6)  # what it teaches has changed, which sweep it is has not
    assert len(ran(declared(start_from="old", **options), 3)) == 3
    with pytest.raises(sonde.ConfigError, match="earlier: "):
        declared(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": [{"lr": 5}]}, "start[0]: lr: 5 is not in 0.0..1.0; choose a value from there"),
        ({"start": "lr=5"}, "start='lr=5': that is no list of points; write [{'lr': 0.01}]"),
        ({"start": [0.5]}, "start: 0.5 is no point; write for instance {'lr': 0.01}"),
    ],
)
def test_what_is_no_point_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sonde.ConfigError) as refusal:
        declared(**options)
    assert str(refusal.value) == message


def test_a_sweep_that_teaches_nothing_is_refused_before_anything_is_stored() -> None:
    old = declared(minimize=None, maximize="loss")
    ran(old, 2)
    with pytest.raises(sonde.ConfigError, match=r"^start_from .*: it is to maximize loss"):
        declared(start_from=old)
    with pytest.raises(sonde.NotFoundError, match="no sweep 'nowhere'"):
        declared(start_from="nowhere")


def test_a_guess_outside_the_bounds_is_refused() -> None:
    with pytest.raises(sonde.ConfigError) as refusal:
        sonde.Float(0, 1, guess=5)
    assert str(refusal.value).startswith("Float(0, 1): guess 5 is not in 0.0..1.0; choose")
