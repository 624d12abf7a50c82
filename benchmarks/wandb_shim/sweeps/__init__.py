"""The names of the package `sweeps` of W&B, over sonde, so that its own tests can be run on it.

What is checked, drawn, proposed and stopped is sonde's; here are only the shapes that those
tests expect. `benchmarks/wandb_sweeps.py` runs them.
"""

from .config import SweepConfig, schema_violations_from_proposed_config
from .run import RunState, SweepRun, next_run, next_runs, stop_runs

__all__ = [
    "RunState",
    "SweepConfig",
    "SweepRun",
    "next_run",
    "next_runs",
    "schema_violations_from_proposed_config",
    "stop_runs",
]
