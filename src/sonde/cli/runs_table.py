"""Runs of several sweeps in one table, with StudioML's columns."""

from collections.abc import Sequence
from typing import Any

from sonde.analysis.rows import feasible, trial_row
from sonde.cli.cells import number, params_line, when
from sonde.cli.table import Column
from sonde.core.history import History
from sonde.core.trial import Trial
from sonde.store.protocol import SweepRecord

__all__ = ["run_cells", "run_columns", "run_row"]

Run = tuple[SweepRecord, History, Trial]


def run_row(record: SweepRecord, history: History, trial: Trial) -> dict[str, Any]:
    """A run for programs: its key, sweep and project, then what `sonde trials` says of it."""
    return {
        "key": f"{record.name}/{trial.number}",
        "sweep": record.id,
        "project": record.sweep.project,
        **trial_row(trial, history),
    }


def run_columns(runs: Sequence[Run]) -> list[Column]:
    """Return the columns."""
    columns = [
        Column(key="key", title="key", keep=9),
        Column(key="state", title="status", keep=8),
        Column(key="metric", title="metric", keep=4),
        Column(key="value", title="metric value", right=True, keep=7),
        Column(key="params", title="hyperparameters", keep=6, shrinks=True),
        Column(key="added", title="time added", keep=3),
    ]
    if any(record.sweep.project for record, *_ in runs):
        columns.append(Column(key="project", title="project", keep=5))
    return columns


def run_cells(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Return the rows."""
    cells = []
    for record, _, trial in runs:
        goal = next(iter(record.sweep.goals), None)
        broken = ", infeasible" if feasible(trial, record.sweep) is False else ""
        cells.append(
            {
                "key": f"{record.name}/{trial.number}",
                "state": f"{trial.state.value}{broken}",
                "_state": trial.state.value,
                "metric": goal.metric if goal else "-",
                "value": number(trial.value(goal)) if goal else "-",
                "params": params_line(trial.params),
                "added": when(trial.created),
                "project": record.sweep.project or "",
            }
        )
    return cells
