"""Snapshots for tests of figures: a space with a condition, and trials of every fate."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sonde.analysis.figures import Asked, Snapshot, figure
from sonde.core.distributions import Float, Int
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial
from sonde.store.protocol import Curve
from trials import at

__all__ = ["GOALS", "NOW", "SPACE", "draw", "snapshot_of"]

SPACE = space_of(
    {
        "lr": Float(1e-4, 1.0, log=True),
        "layers": Int(1, 8),
        "batch": [64, 16, 32],
        "opt": ["adam", "sgd"],
        "momentum": Float(0.0, 1.0, when="opt == 'sgd'"),
        "device": "cpu",
    }
)
GOALS = (
    Goal(metric="loss", summary=SummaryKind.MIN),
    Goal(metric="speed", direction=Direction.MAXIMIZE),
)
NOW: datetime = at(1000)


def snapshot_of(
    trials: Sequence[Trial], goals: Sequence[Goal] = GOALS, name: str = "digits", **changes: Any
) -> Snapshot:
    """A snapshot of trials over `SPACE`."""
    definition = Sweep(space=SPACE, goals=tuple(goals), **changes)
    return Snapshot(definition, trials, sweep=f"id-{name}", name=name, version=7)


def draw(
    kind: str,
    *snapshots: Snapshot,
    curves: Mapping[int, Curve] | None = None,
    now: datetime = NOW,
    **asked: Any,
) -> Any:
    """A figure of them."""
    found = curves or {}
    reads = [lambda trials, _: {n: found[n] for n in trials if n in found}] * len(snapshots)
    return figure(Asked(kind=kind, **asked), list(snapshots), reads, now)
