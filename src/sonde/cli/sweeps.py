"""Sweeps as rows of a table: what `sonde ls` and `sonde runs list` print."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sonde.analysis.rows import sweep_row
from sonde.cli.cells import duration, number, params_line, wanted_text
from sonde.cli.table import Column
from sonde.core.history import History
from sonde.core.trial import State
from sonde.store.protocol import Store, SweepRecord
from sonde.store.total import total_of

__all__ = ["sweep_columns", "sweep_rows"]


def sweep_columns(rows: Sequence[dict[str, Any]]) -> list[Column]:
    """Return the columns; a project only where one has any."""
    columns = [
        Column(key="name", title="name", keep=9, shrinks=True),
        Column(key="id", title="id", keep=8),
        Column(key="state", title="state", keep=7),
        Column(key="trials", title="trials", right=True, keep=6),
        Column(key="failed", title="failed", right=True, keep=3),
        Column(key="method", title="method", keep=2),
        Column(key="goal", title="goal", keep=2, shrinks=True),
        Column(key="best", title="best", right=True, keep=6),
        Column(key="params", title="with", keep=1, shrinks=True),
        Column(key="age", title="last change", right=True, keep=4),
    ]
    if any(row["project"] for row in rows):
        columns.insert(1, Column(key="project", title="project", keep=5, shrinks=True))
    return columns


def sweep_rows(
    store: Store, records: Sequence[SweepRecord]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return each sweep for programs and for people."""
    data, cells = [], []
    now = datetime.now(UTC)
    for record in records:
        changes = store.changes(record.id)
        history = History(record.sweep)
        history.add(changes.trials)
        record, best = changes.record, history.best
        row = sweep_row(record, history)
        total = total_of(record, history.trials)
        goals = record.sweep.goals
        none = "none feasible" if history.nearest is not None else "-"
        data.append(row)
        cells.append(
            {
                "name": record.name,
                "project": record.sweep.project or "",
                "id": record.id,
                "state": row["state"],
                "_state": row["state"],
                "trials": f"{history.ended}/{total if total is not None else '?'}",
                "failed": str(history.counts[State.FAILED] or ""),
                "method": row["method_used"],
                "goal": wanted_text(record.sweep) or "-",
                "best": ", ".join(number(best.value(goal)) for goal in goals) if best else none,
                "params": params_line(best.params) if best else "",
                "age": duration((now - record.updated).total_seconds()) + " ago",
            }
        )
    return data, cells
