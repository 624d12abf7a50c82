"""Many trials, made through the store's own operations, with every kind of outcome."""

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.decision import Decision, NewTrial
from sonde.core.distributions import Float, Int
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Command, Sweep
from sonde.core.trial import Outcome, State
from sonde.store.protocol import Ask, Store

__all__ = ["SPACE", "many"]

SPACE = space_of(
    {
        "lr": Float(1e-5, 1.0, log=True),
        "weight_decay": Float(1e-6, 1e-1, log=True),
        "dropout": Float(0.0, 0.9),
        "units": Int(8, 512, log=True),
        "layers": Int(1, 8),
        "batch": [16, 32, 64, 128],
        "optimizer": ["adam", "sgd", "rmsprop"],
        "nesterov": [True, False],
        "momentum": Float(0.0, 0.99, when="optimizer == 'sgd'"),
    }
)
_BATCH = 5000
_WORK = Command(
    argv=("train.py", "30"), folder="/home/anne/digits", script="train.py", substitute="syntax"
)


def many(store: Store, count: int, name: str = "many") -> str:
    """Add a sweep with so many ended trials; returns its id. The same each time."""
    draw = random.Random(0)
    now = datetime.now(UTC) - timedelta(seconds=count * 0.1)
    sweep = Sweep(
        space=SPACE,
        goals=(Goal(metric="val_loss"),),
        method="random",
        budget=Budget(trials=count),
        work=_WORK,
        name=name,
    )
    key = store.create_sweep(sweep, now).id
    for first in range(0, count, _BATCH):
        size = min(_BATCH, count - first)
        adds = [
            NewTrial(params=SPACE.at([draw.random() for _ in SPACE.dimensions]))
            for _ in range(size)
        ]
        decision = Decision(against=store.get_sweep(key).revision, add=adds)
        ask = Ask(agent=f"host{first % 3}", count=size, lease_s=1e9)
        _, leases = store.commit(key, decision, now, ask)
        for lease in leases:
            end = now + timedelta(seconds=lease.number * 0.1 + 5 * draw.random())
            store.finish(lease, _outcome(lease.params, draw), end)
    return key


def _outcome(params: Mapping[str, Any], draw: random.Random) -> Outcome:
    luck = draw.random()
    if luck < 0.03:
        return Outcome(state=State.FAILED, error="RuntimeError: CUDA out of memory")
    loss = 0.1 + (math.log10(params["lr"]) + 2) ** 2 / 10 + params["dropout"] ** 2 / 3
    loss += draw.gauss(0.1, 0.03)
    if luck > 0.98:
        loss = math.nan if luck > 0.99 else math.inf
    state = State.STOPPED if luck < 0.2 else State.DONE
    return Outcome(state=state, values={"val_loss": loss, "accuracy": 1 - loss / 3})
