"""`optimization_results.yaml`, as Hydra's Optuna sweeper writes it."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

import sonde
from hydra_plugins.hydra_sonde_sweeper.launching import Overriding

__all__ = ["write_results"]

log = logging.getLogger(__name__)


def write_results(path: Path, sweep: sonde.Sweep, plan: Overriding) -> None:
    """Write the best trial, or those of the front where there are several goals."""
    results: dict[str, Any] = {"name": "sonde"}
    if len(sweep.goals) == 1:
        try:
            best = sweep.best
        except sonde.NotFoundError as why:
            log.info("%s", why)
        else:
            results |= {"best_params": plan.params(best.params), "best_value": best.value}
            log.info("best: trial %d, %s with %s", best.number, best.value, results["best_params"])
    else:
        results["solutions"] = [
            {"params": plan.params(trial.params), "values": trial.values} for trial in sweep.pareto
        ]
        log.info("%d trials are on the front", len(results["solutions"]))
    OmegaConf.save(OmegaConf.create(results), path)
