"""W&B's notation of sweeps: its keys, its distributions, its command macros."""

from sonde.core.wandb.definition import SweepFile, read_sweep
from sonde.core.wandb.macros import expand, nested

__all__ = ["SweepFile", "expand", "nested", "read_sweep"]
