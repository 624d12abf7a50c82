"""sonde's rule `hyperband` on the histories of runs."""

import math
from typing import Any

from sonde.core.stopping.hyperband import Hyperband
from sonde.core.stopping.protocol import Heard, Point
from sonde.errors import ConfigError

from .config import SweepConfig, fill_validate_early_terminate
from .config.schema import fill_validate_metric
from .run import RunState, SweepRun

__all__ = ["hyperband_baseline_validate_and_fill", "hyperband_stop_runs"]

_KEYS = ("max_iter", "min_iter", "s", "eta", "strict")


def hyperband_baseline_validate_and_fill(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with the defaults."""
    return fill_validate_early_terminate(fill_validate_metric(config))


def hyperband_stop_runs(
    runs: list[SweepRun], config: dict[str, Any], validate: bool = False
) -> list[SweepRun]:
    """Return the running runs that are to stop."""
    if validate:
        config = SweepConfig(config)
    config = hyperband_baseline_validate_and_fill(config)
    given = config["early_terminate"]
    try:
        rule = Hyperband(**{key: given[key] for key in _KEYS if key in given})
    except ConfigError as fault:
        raise ValueError(str(fault)) from fault
    metric, sign = config["metric"]["name"], 1 if config["metric"]["goal"] == "minimize" else -1
    state = rule.start()
    for number, run in enumerate(runs):
        losses = [_loss(value, sign) for value in run.metric_history(metric)]
        points = [Point(loss, loss, 0.0) for loss in losses]
        state = rule.hear(state, Heard(number=number, points=points))
    stopped = []
    for number, run in enumerate(runs):
        if run.state is RunState.running and rule.judge(state, number) is not None:
            run.should_stop = True
            run.early_terminate_info = {"bands": list(rule.bands)}
            stopped.append(run)
    return stopped


def _loss(value: Any, sign: int) -> float:
    try:
        number = float(value) * sign
    except (TypeError, ValueError):
        return math.inf
    return math.inf if math.isnan(number) else number
