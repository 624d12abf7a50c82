"""Grids: sonde's walk through the lattice of a space."""

import json
import random
from collections.abc import Hashable
from typing import Any

from sonde.core.distributions import Choice
from sonde.core.distributions.values import canonical
from sonde.core.search.grid import Grid
from sonde.core.search.protocol import Problem, Request
from sonde.errors import ConfigError

from .config import SweepConfig
from .reading import as_config, flat, sweep_of
from .run import SweepRun

__all__ = ["grid_search_next_runs", "yaml_hash"]


def yaml_hash(value: Any) -> Hashable:
    """Return what is equal for values that are the same point."""
    return canonical(json.loads(json.dumps(value)))


def grid_search_next_runs(
    runs: list[SweepRun], config: dict[str, Any], validate: bool = False, n: int = 1,
    randomize_order: bool = False,
) -> list[SweepRun | None]:  # fmt: skip
    """Return the next points of the grid, and None where there are no more."""
    if validate:
        config = SweepConfig(config)
    if config["method"] != "grid":
        raise ValueError("no grid")
    sweep = sweep_of(config)
    for parameter in sweep.space.parameters:
        distribution = parameter.distribution
        if isinstance(distribution, Choice) and distribution.probabilities is not None:
            raise ValueError("probabilities mean nothing in a grid")
    seen = set()
    for run in runs:
        params = flat(sweep, run.config)
        if params is not None:
            seen.add(sweep.space.key(params))
    grid = Grid()
    try:
        state = grid.start(Problem(space=sweep.space))
        count = n if not randomize_order else sweep.space.size or n
        request = Request(first=len(runs), count=count, seen=seen)
        found = grid.propose(state, request)
    except ConfigError as fault:
        raise ValueError(str(fault)) from fault
    if randomize_order:
        random.shuffle(found)
    proposed: list[SweepRun | None] = [
        SweepRun(config=as_config(sweep, params, config)) for params in found[:n]
    ]
    return proposed if len(proposed) == n else [*proposed, None]
