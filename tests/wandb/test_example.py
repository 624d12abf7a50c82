"""examples/wandb: its sweep file runs all its trials."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_programs import Place

EXAMPLE = Path(__file__).parents[2] / "examples" / "wandb"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    for path in EXAMPLE.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    place = Place(tmp_path)
    yield place
    place.close()


def test_the_sweep_of_the_example_runs_twelve_trials_and_finds_a_best(place: Place) -> None:
    sweep = place.run("sweep", "sweep.yaml").stdout.strip()
    place.run("agent", sweep)
    trials = place.trials(sweep)
    assert [trial["state"] for trial in trials] == ["done"] * 12
    assert all(math.isfinite(trial["value"]) for trial in trials)
    assert len({trial["value"] for trial in trials}) > 2
