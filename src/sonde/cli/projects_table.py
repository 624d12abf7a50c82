"""The projects of a store in one table: what `studio runs list projects` showed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sonde.cli.table import Column
from sonde.store.protocol import SweepRecord

__all__ = ["PROJECT_COLUMNS", "project_cells", "project_rows"]

PROJECT_COLUMNS = [
    Column(key="project", title="project", keep=9),
    Column(key="sweeps", title="sweeps", keep=7, shrinks=True),
    Column(key="runs", title="runs", right=True, keep=8),
]


def project_rows(records: Sequence[SweepRecord]) -> list[dict[str, Any]]:
    """Return each project with its sweeps and how many runs they have, by name.

    As in StudioML, a sweep without a project is one of its own.
    """
    found: dict[str, list[SweepRecord]] = {}
    for record in records:
        found.setdefault(record.sweep.project or record.name, []).append(record)
    return [
        {
            "project": name,
            "sweeps": [record.name for record in sweeps],
            "runs": sum(record.trials for record in sweeps),
        }
        for name, sweeps in sorted(found.items())
    ]


def project_cells(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows of the table."""
    return [
        {
            "project": str(row["project"]),
            "sweeps": ", ".join(row["sweeps"]),
            "runs": str(row["runs"]),
        }
        for row in rows
    ]
