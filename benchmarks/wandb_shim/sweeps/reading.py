"""A config of the other as a sweep of sonde, unchecked keys left out, and runs as its trials."""

from datetime import UTC, datetime
from typing import Any

from sonde.core.distributions import Choice, Constant, Distribution
from sonde.core.distributions.values import canonical, frozen_value
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
        found[parameter.name] = _without_additions(value, parameter.distribution)
    return found


def as_config(sweep: Sweep, params: Any, config: dict[str, Any]) -> dict[str, Any]:
    """Return values as a run's config, each as the sweep's config writes it: a tuple as one."""
    values = _as_written(nested(params, sweep.groups), config["parameters"])
    return {key: {"value": value} for key, value in values.items()}


def _as_written(values: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        one = parameters[name]
        if "parameters" in one:
            found[name] = _as_written(value, one["parameters"])
        else:
            same = (other for other in one.get("values", ()) if _is_same(other, value))
            found[name] = next(same, value)
    return found


def _is_same(one: Any, other: Any) -> bool:
    return canonical(frozen_value(one, "value")) == canonical(frozen_value(other, "value"))


def _without_additions(value: Any, distribution: Distribution) -> Any:
    """Return a dict as the choice has it, where a program added keys to it while it ran."""
    if not isinstance(value, dict) or not isinstance(distribution, Choice | Constant):
        return value
    values = distribution.values if isinstance(distribution, Choice) else (distribution.value,)
    for one in values:
        if isinstance(one, dict) and one.keys() <= value.keys():
            kept = {key: value[key] for key in one}
            if _is_same(kept, one):
                return kept
    return value


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
