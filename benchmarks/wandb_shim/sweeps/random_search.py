"""Independent draws from sonde's distributions, with NumPy's global generator."""

from typing import Any

from .config import SweepConfig
from .params import HyperParameterSet
from .run import SweepRun

__all__ = ["random_search_next_runs"]


def random_search_next_runs(
    config: dict[str, Any], validate: bool = False, n: int = 1
) -> list[SweepRun]:
    """Draw n runs."""
    if validate:
        config = SweepConfig(config)
    params = HyperParameterSet.from_config(config["parameters"])
    found = []
    for _ in range(n):
        for item in params.searchable_params:
            item.value = item.sample()
        found.append(SweepRun(config=params.to_config()))
    return found
