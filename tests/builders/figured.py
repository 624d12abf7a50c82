"""Snapshots for tests of figures: a space with a condition, and trials of every fate."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from sonde.analysis.figures import Asked, Snapshot, figure
from sonde.core.distributions import Float, Int
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.store.protocol import Curve
from trials import at, make

__all__ = ["CURVES", "GOALS", "NOW", "SPACE", "draw", "many", "snapshot_of"]

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


CURVES = {n: Curve([1, 2, 3], [3.0, 2.0, 1.0 + n], [0.0, 1.0, 2.0]) for n in range(0, 30, 2)}
"""Of some of the trials that `many` gives."""


def many(seed: int = 0) -> list[Trial]:
    """Forty trials over `SPACE` that ended, failed or were stopped, and one that runs."""
    rng = np.random.default_rng(seed)
    trials = []
    for n in range(40):
        state = State.FAILED if n % 9 == 8 else State.STOPPED if n % 7 == 6 else State.DONE
        loss = math.nan if n == 5 else 1e6 if n == 11 else float(rng.random() - 0.3)
        values: dict[str, Any] = (
            {} if state is State.FAILED else {"loss": loss, "speed": n % 5 + 1.0}
        )
        trials.append(make(n, state, SPACE.at(rng.random(5).tolist()), (n, n + 3.0), **values))
    trials.append(make(40, State.RUNNING, SPACE.at([0.5] * 5), (40, 0)))
    return trials


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
