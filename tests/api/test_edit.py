"""`sweep.edit`: what is searched is changed from a program, also while it runs."""

from pathlib import Path

import pytest

import sonde
from sonde.errors import ConfigError, IllegalTransitionError


def train(lr: float, momentum: float = 0.9) -> float:
    return lr + momentum


def declared(store: str) -> sonde.Sweep:
    space = {"lr": "0.001..1.0:log"}
    return sonde.sweep(train, space, minimize="loss", method="random", name="d", store=store)


@pytest.fixture
def sweep(tmp_path: Path) -> sonde.Sweep:
    return declared(str(tmp_path / "s.db"))


def test_trials_from_then_on_are_of_the_new_space_and_the_best_is_of_all(
    sweep: sonde.Sweep,
) -> None:
    sweep.run(trials=4, workers=0)
    tried = sweep.edit(lr=sonde.Float(2.0, 3.0), dry_run=True)
    assert (tried.is_made, tried.effect.outside) == (False, 4)
    found = sweep.edit(
        lr=sonde.Float(2.0, 3.0), momentum=[0.8, 0.9], backfill={"momentum": 0.9}, why="higher"
    )
    assert (found.is_made, found.version) == (True, 2)
    sweep.run(trials=6, workers=0)
    assert all(trial.params["lr"] >= 2.0 for trial in sweep.trials[4:])
    assert all("momentum" in trial.params for trial in sweep.trials[4:])
    assert sweep.best.number < 4
    assert [step.version.number for step in sweep.versions] == [1, 2]
    assert sweep.versions[1].changes == found.changes


def test_what_is_wrong_is_told_and_changes_nothing(sweep: sonde.Sweep) -> None:
    with pytest.raises(ConfigError):
        sweep.edit(lr=[], remove="mu", trials=0)
    with pytest.raises(ConfigError, match="backfill"):
        sweep.edit(backfill={"mu": 1})
    with pytest.raises(ConfigError, match="the function takes no width"):
        sweep.edit(width=[1, 2])
    assert len(sweep.versions) == 1
    sweep.cancel()
    with pytest.raises(IllegalTransitionError):
        sweep.edit(lr=0.5)


def test_the_declaration_of_before_goes_on_with_the_sweep_as_it_is_now(sweep: sonde.Sweep) -> None:
    sweep.run(trials=1, workers=0)
    sweep.edit(lr=sonde.Float(2.0, 3.0))
    again = declared(sweep.store.url)
    assert again.id == sweep.id
    again.run(trials=2, workers=0)
    assert again.trials[1].params["lr"] >= 2.0
    with pytest.raises(ConfigError, match="another definition"):
        sonde.sweep(train, {"lr": [1, 2]}, minimize="loss", name="d", store=sweep.store.url)
