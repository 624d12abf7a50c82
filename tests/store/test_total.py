"""How many trials a sweep will have, for whoever counts along."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.store.memory import MemoryStore
from sonde.store.total import total_of


@pytest.mark.parametrize(
    ("space", "budget", "control", "total"),
    [
        ({"x": list(range(10))}, Budget(), Control.RUNNING, 10),
        ({"x": list(range(10))}, Budget(trials=8), Control.RUNNING, 8),
        ({"x": list(range(10))}, Budget(), Control.STOPPED, 10),
        ({"x": list(range(10))}, Budget(), Control.DONE, 7),
        ({"x": list(range(10))}, Budget(), Control.CANCELLED, 7),
        ({"x": "uniform(0, 1)"}, Budget(trials=20), Control.STOPPED, 20),
        ({"x": "uniform(0, 1)"}, Budget(time_s=9.0), Control.STOPPED, 7),
        ({"x": "uniform(0, 1)"}, Budget(time_s=9.0), Control.RUNNING, None),
    ],
)
def test_a_sweep_that_was_stopped_still_counts_what_it_was_to_try(
    space: dict[str, object], budget: Budget, control: Control, total: int | None
) -> None:
    store = MemoryStore()
    made = store.create_sweep(Sweep(space=space_of(space), budget=budget), datetime.now(UTC))
    assert total_of(replace(made, control=control), range(7)) == total


def test_trials_that_go_on_from_others_may_be_more_than_the_points_of_the_space() -> None:
    sweep = Sweep(space=space_of({"x": [1, 2]}), budget=Budget(trials=20), method="pbt")
    made = MemoryStore().create_sweep(sweep, datetime.now(UTC))
    assert total_of(made, range(3)) == 20
