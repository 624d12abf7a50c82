"""A config of the other as a sweep of sonde, unchecked keys left out, and runs as its trials."""

from datetime import UTC, datetime
from typing import Any

from sonde.core.metric import Summary
from sonde.core.notation.document import document_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.core.wandb import nested, read_sweep
from sonde.errors import ConfigError

from .config.schema import fill_validate_metric
from .run import RunState, SweepRun

__all__ = ["as_config", "flat", "sweep_of", "trials_of"]

_STATES = {RunState.pending: State.WAITING, RunState.running: State.RUNNING,
           RunState.finished: State.DONE, RunState.failed: State.FAILED,
           RunState.crashed: State.FAILED, RunState.killed: State.STOPPED}  # fmt: skip
_KEPT = ("method", "parameters", "metric")


def sweep_of(config: dict[str, Any]) -> Sweep:
    """Return the sweep of a config."""
    kept = fill_validate_metric({key: config[key] for key in _KEPT if key in config})
    kept.get("metric", {}).pop("impute", None)
    try:
        return read_sweep(document_of(kept)).sweep
    except ConfigError as fault:
        raise ValueError(str(fault)) from fault


def flat(sweep: Sweep, config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the values of a run by flat name; None if it lacks some."""
    found: dict[str, Any] = {}
    for parameter in sweep.space.parameters:
        value: Any = config
        chain = [g for g in sweep.groups if parameter.name.startswith(f"{g}.")]
        keys, before = [], ""
        for group in [*sorted(chain, key=len), parameter.name]:
            keys.append(group.removeprefix(before))
            before = f"{group}."
        keys.insert(1, "value")
        try:
            for key in keys:
                value = value[key]
        except (KeyError, TypeError):
            return None
        found[parameter.name] = value
    return found


def as_config(sweep: Sweep, params: Any) -> dict[str, Any]:
    """Return values as a run's config."""
    return {key: {"value": value} for key, value in nested(params, sweep.groups).items()}


def trials_of(sweep: Sweep, runs: list[SweepRun]) -> list[Trial]:
    """Return the runs that have values for all parameters as trials."""
    trials: list[Trial] = []
    for run in runs:
        params = flat(sweep, run.config)
        if params is None:
            continue
        try:
            params = sweep.space.validate(params)
        except ConfigError as fault:
            raise ValueError(str(fault)) from fault
        metrics = {}
        for goal in sweep.goals:
            values = run.metric_history(goal.metric, filter_invalid=True)
            last = (run.summary_metrics or {}).get(goal.metric)
            values += [] if last is None else [last]
            if values:
                metrics[goal.metric] = Summary.of(list(enumerate(map(float, values))))
        now = datetime.now(UTC)
        trials.append(
            Trial(
                number=len(trials),
                state=_STATES.get(run.state, State.FAILED),
                params=params,
                metrics=metrics,
                created=now,
                started=now,
                finished=now,
                version=len(trials) + 1,
            )
        )
    return trials
