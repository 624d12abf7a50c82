"""A trial as W&B's controllers see a run: a nested config, a history, a state in its words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sonde.core.trial import State, Trial
from sonde.core.wandb import nested
from sonde.store.protocol import Curve

__all__ = ["SweepRun", "seen"]

_STATES = {
    State.WAITING: "pending", State.RUNNING: "running", State.PAUSED: "pending",
    State.DONE: "finished", State.STOPPED: "killed", State.FAILED: "failed",
    State.CANCELLED: "killed",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """A run.

    Attributes:
        name: `<sweep>-<number>`; None for one that is proposed only.
        number: Of the trial.
        state: `pending`, `running`, `finished`, `failed` or `killed`.
        config: `{"lr": {"value": 0.1}}`.
        summary_metrics: The last value of each metric.
        history: One dict a step, of what was logged.
    """

    config: Mapping[str, Any]
    name: str | None = None
    number: int | None = None
    state: str = "pending"
    summary_metrics: Mapping[str, float] = field(default_factory=dict)
    history: tuple[Mapping[str, float], ...] = ()

    def metric_history(self, metric: str) -> list[float]:
        """Return the values of a metric, in the order of their steps."""
        return [row[metric] for row in self.history if metric in row]


def seen(
    sweep: str, trial: Trial, groups: tuple[str, ...], curves: Mapping[str, Curve]
) -> SweepRun:
    """Return a trial as a run."""
    values = nested(trial.params, groups)
    rows: dict[int, dict[str, float]] = {}
    for metric, curve in curves.items():
        for step, value in zip(curve.steps, curve.values, strict=True):
            rows.setdefault(step, {})[metric] = value
    return SweepRun(
        name=f"{sweep}-{trial.number}",
        number=trial.number,
        state=_STATES[trial.state],
        config={key: {"value": value} for key, value in values.items()},
        summary_metrics={name: summary.last for name, summary in trial.metrics.items()},
        history=tuple(rows[step] for step in sorted(rows)),
    )
