"""Figures of sweeps in a store, read whole: for whoever asks once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sonde.analysis.figures.asked import Asked, figure
from sonde.analysis.figures.curves import Read
from sonde.analysis.figures.snapshot import Snapshot
from sonde.analysis.filters import chosen
from sonde.store.protocol import Curve, Store

__all__ = ["figure_from", "reader"]


def figure_from(
    store: Store, sweeps: Sequence[str], asked: Asked, now: datetime, *, text: str = ""
) -> Any:
    """Return a figure of some sweeps.

    Args:
        store: Where they are.
        sweeps: Names, ids, or unique beginnings of either.
        asked: Which figure.
        now: Until when running trials have run.
        text: A filter, as `sonde.analysis.filters` has it.

    Raises:
        NotFoundError: If there is no such sweep.
        ConfigError: If it cannot be drawn.
    """
    snapshots, reads = [], []
    for name in sweeps:
        changes = store.changes(store.find_sweep(name).id)
        record = changes.record
        rows = chosen(record.sweep, changes.trials, text) if text.strip() else None
        snapshots.append(
            Snapshot(
                record.sweep,
                changes.trials,
                sweep=record.id,
                name=record.name,
                version=changes.version,
                rows=rows,
            )
        )
        reads.append(reader(store, record.id))
    return figure(asked, snapshots, reads, now)


def reader(store: Store, sweep: str) -> Read:
    """Return what reads the curves of a sweep."""

    def read(trials: Sequence[int], metric: str) -> Mapping[int, Curve]:
        found = store.curves(sweep, trials, [metric])
        return {number: curves[metric] for number, curves in found.items() if metric in curves}

    return read
