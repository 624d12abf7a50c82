"""A sweep that has nothing for an agent to run says what to do instead."""

from typing import Any

import pytest

from cli_stores import BEGIN, definition
from sonde.agent.without_work import way_on
from sonde.store.memory import MemoryStore


@pytest.mark.parametrize(
    ("facts", "found", "remedy"),
    [
        (
            {"logdir": "/logs"},
            "it was imported from /logs, where no program is",
            "begin a sweep that learns from it: sonde run --from digits ...",
        ),
        (
            {"optuna": "sqlite:///s.db#digits"},
            "it was imported from Optuna, and what to run is the objective of a program",
            (
                "go on with it there: sonde.optuna.load_study(study_name='digits')"
                ".optimize(objective, n_trials=10)"
            ),
        ),
        (
            {},
            "its trials are asked for and told by a program, so an agent has nothing to run",
            "run that program",
        ),
    ],
)
def test_the_way_on_is_that_of_where_it_came_from(
    facts: dict[str, Any], found: str, remedy: str
) -> None:
    record = MemoryStore().create_sweep(definition(work=None), BEGIN, facts)
    assert way_on(record) == (found, remedy)
