"""A sweep that is idle, or finished, says how to go on with it, or how to have more of it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli_said import Sonde
from cli_stores import BEGIN, add_sweep, definition
from sonde.cli.unfinished import more_of
from sonde.core.sweep import Budget, Control
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store


def test_a_study_is_gone_on_with_in_its_program(cli: Sonde, store: Store) -> None:
    store.create_sweep(definition(work=None), BEGIN, {"define_by_run": True})
    shown = cli("show", "digits").out
    assert (
        "idle; go on with it there: sonde.optuna.load_study(study_name='digits')"
        ".optimize(objective, n_trials=10)"
    ) in " ".join(shown.split())
    assert "sonde resume" not in shown


def test_a_sweep_whose_points_were_all_tried_is_not_offered_a_larger_budget(
    cli: Sonde, store: Store
) -> None:
    record = add_sweep(store, budget=Budget())
    store.update_sweep(
        record.id, datetime.now(UTC), control=Control.DONE, reason="grid has no further point"
    )
    for line in (("resume", "digits"), ("resume", "digits", "--trials", "50")):
        said = cli(*line).err
        assert "finished (grid has no further point)" in said
        assert "sonde sweep --update digits NAME=RANGE" in said
        assert "--trials or --time" not in said


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"budget": Budget(time_s=9.0)}, "--trials or --time gives it more"),
        ({"budget": Budget(trials=0)}, "--trials or --time gives it more"),
        ({"budget": Budget(), "work": None}, "its program makes more of it"),
        ({"budget": Budget()}, "sonde sweep --update digits NAME=RANGE searches a wider range"),
    ],
)
def test_what_gives_more_is_what_it_lacked(changes: dict[str, Any], found: str) -> None:
    assert found in more_of(MemoryStore().create_sweep(definition(**changes), BEGIN))
