"""sonde's `bayes` on the history of runs."""

from dataclasses import replace
from typing import Any

from sonde.core.decide import Decider
from sonde.core.history import History

from .config import SweepConfig
from .reading import as_config, sweep_of, trials_of
from .run import SweepRun

__all__ = ["bayes_search_next_run", "bayes_search_next_runs"]


def bayes_search_next_runs(
    runs: list[SweepRun], config: dict[str, Any], validate: bool = False, n: int = 1
) -> list[SweepRun | None]:
    """Propose n runs."""
    if validate:
        config = SweepConfig(config)
    if "metric" not in config or config["method"] != "bayes":
        raise ValueError("bayes needs a metric")
    sweep = replace(sweep_of(config), method="bayes")
    history, decider = History(sweep), Decider(sweep)
    decider.observe(history.add(trials_of(sweep, runs)))
    found = decider.propose(history, n)
    return [SweepRun(config=as_config(sweep, new.params, config)) for new in found]


def bayes_search_next_run(
    runs: list[SweepRun], config: dict[str, Any], validate: bool = False
) -> SweepRun | None:
    """Propose one run."""
    return bayes_search_next_runs(runs, config, validate)[0]
