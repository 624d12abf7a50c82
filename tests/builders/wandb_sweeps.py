"""wandb/sweeps 0.3.0 as an oracle: whom its early termination stops, from the real package.

It asks for NumPy below 2 and is installed without its dependencies; what is used of it here does
the same with NumPy 2. pip install --no-deps sweeps==0.3.0
"""

import importlib
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from types import ModuleType
from typing import Any

__all__ = ["to_stop"]

VERSION = "0.3.0"


def to_stop(
    early_terminate: Mapping[str, Any],
    runs: Sequence[tuple[str, Sequence[float | None]]],
    *,
    goal: str = "minimize",
) -> set[int]:
    """Return the places of the runs that W&B would stop.

    Args:
        early_terminate: As in a sweep file.
        runs: The state of each (`running`, `finished`, ...) and the metric's values; None stands
            for a history row without it.

    Raises:
        Exception: Whatever it raises for what it refuses.
    """
    sweeps = _sweeps()
    given = [
        sweeps.SweepRun(
            name=str(place),
            state=sweeps.RunState(state),
            history=[{} if value is None else {"loss": value} for value in values],
        )
        for place, (state, values) in enumerate(runs)
    ]
    config = {
        "method": "random",
        "parameters": {"a": {"values": [1, 2]}},
        "metric": {"name": "loss", "goal": goal},
        "early_terminate": {"type": "hyperband", **early_terminate},
    }
    return {int(run.name) for run in sweeps.stop_runs(config, given)}


@cache
def _sweeps() -> ModuleType:
    assert version("sweeps") == VERSION
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was written for an older pydantic
        return importlib.import_module("sweeps")
