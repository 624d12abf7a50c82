"""Runs, and the two questions: what next, and which are to stop."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .config import SweepConfig

__all__ = ["RunState", "SweepRun", "next_run", "next_runs", "stop_runs"]

_ALIASES = {"summaryMetrics": "summary_metrics", "sampledHistory": "history",
            "shouldStop": "should_stop", "heartbeatAt": "heartbeat_at"}  # fmt: skip


class RunState(StrEnum):
    """How a run stands."""

    pending = "pending"
    running = "running"
    finished = "finished"
    killed = "killed"
    crashed = "crashed"
    failed = "failed"
    preempted = "preempted"
    preempting = "preempting"


@dataclass
class _Fields:
    name: str | None = None
    summary_metrics: dict[str, Any] | None = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    state: RunState = RunState.pending
    search_info: dict[str, Any] | None = None
    early_terminate_info: dict[str, Any] | None = None
    stopped: bool = False
    should_stop: bool = False
    heartbeat_at: Any = None
    exitcode: int | None = None
    running: bool | None = None


class SweepRun(_Fields):
    """A run of a sweep."""

    def __init__(self, **given: Any) -> None:
        known = {_ALIASES.get(key, key): value for key, value in given.items()}
        super().__init__(**{k: v for k, v in known.items() if k in _Fields.__dataclass_fields__})
        self.state = RunState(self.state)

    def metric_history(self, metric: str, filter_invalid: bool = False) -> list[Any]:
        """Return the values that were logged of a metric."""
        values = [row[metric] for row in self.history if metric in row]
        return [v for v in values if is_number(v)] if filter_invalid else values

    def summary_metric(self, metric: str) -> Any:
        """Return the last value."""
        if self.summary_metrics is None:
            raise ValueError("there is no summary")
        return self.summary_metrics[metric]

    def metric_extremum(self, metric: str, kind: str) -> float:
        """Return the best finite value."""
        best = {"minimum": min, "min": min, "minimize": min, "maximum": max, "max": max,
                "maximize": max}.get(kind.lower())  # fmt: skip
        if best is None:
            raise ValueError(kind)
        last = (self.summary_metrics or {}).get(metric)
        values = [v for v in [*self.metric_history(metric), last] if is_number(v)]
        if not values:
            raise ValueError(f"no finite {metric}")
        return float(best(values))


def is_number(value: Any) -> bool:
    """Tell whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def next_run(
    config: dict[str, Any], runs: list[SweepRun], validate: bool = False, **options: Any
) -> SweepRun | None:
    """Return the next run."""
    return next_runs(config, runs, validate, 1, **options)[0]


def next_runs(
    config: dict[str, Any], runs: list[SweepRun], validate: bool = False, n: int = 1, **options: Any
) -> list[SweepRun | None]:
    """Return the next runs, and None where there are no more."""
    from . import bayes_search, grid_search, random_search

    if validate:
        config = SweepConfig(config)
    if not config.get("parameters") or "method" not in config:
        raise ValueError("a method and parameters are needed")
    method = config["method"]
    if method == "grid":
        return grid_search.grid_search_next_runs(runs, config, validate=validate, n=n, **options)
    if method == "random":
        return list(random_search.random_search_next_runs(config, validate=validate, n=n))
    if method == "bayes":
        return bayes_search.bayes_search_next_runs(runs, config, validate=validate, n=n)
    raise ValueError(f"there is no method {method}")


def stop_runs(
    config: dict[str, Any], runs: list[SweepRun], validate: bool = False
) -> list[SweepRun]:
    """Return the runs that are to stop."""
    from .hyperband_stopping import hyperband_stop_runs

    if validate:
        config = SweepConfig(config)
    rule = config.get("early_terminate")
    if "metric" not in config or not isinstance(rule, dict) or rule.get("type") != "hyperband":
        raise ValueError("a metric and early_terminate of type hyperband are needed")
    return hyperband_stop_runs(runs, config, validate=validate)
