"""Sweeps and trials as JSON objects: the fields that programs may rely on.

docs/reference-json.md describes each of them.
"""

from collections.abc import Sequence
from typing import Any

from sonde.cli.output import iso
from sonde.core.metric import Goal, Summary
from sonde.core.trial import Trial
from sonde.store.protocol import SweepRecord

__all__ = ["best_row", "budget_row", "goal_row", "sweep_row", "took", "trial_row"]


def trial_row(trial: Trial, goals: Sequence[Goal]) -> dict[str, Any]:
    """What `sonde trials --format json` says of a trial."""
    return {
        "number": trial.number,
        "state": trial.state.value,
        "params": dict(trial.params),
        "value": trial.value(goals[0]) if goals else None,
        "values": {goal.metric: trial.value(goal) for goal in goals},
        "metrics": {name: _metric(summary) for name, summary in trial.metrics.items()},
        "attempts": trial.attempts,
        "failures": trial.failures,
        "created": iso(trial.created),
        "started": iso(trial.started),
        "finished": iso(trial.finished),
        "duration_s": took(trial),
        "error": trial.error,
        "agent": trial.agent,
        "origin": trial.origin,
    }


def sweep_row(record: SweepRecord, best: Trial | None) -> dict[str, Any]:
    """What `sonde ls --format json` says of a sweep."""
    sweep = record.sweep
    return {
        "id": record.id,
        "name": record.name,
        "state": record.control.value,
        "reason": record.reason,
        "project": sweep.project,
        "method": sweep.method,
        "goals": [goal_row(goal) for goal in sweep.goals],
        "budget": budget_row(record),
        "counts": {state.value: count for state, count in record.counts.items()},
        "trials": record.trials,
        "best": best_row(best, sweep.goals),
        "work_s": record.work_s,
        "created": iso(record.created),
        "updated": iso(record.updated),
        "tags": list(record.tags),
        "notes": record.notes,
    }


def best_row(best: Trial | None, goals: Sequence[Goal]) -> dict[str, Any] | None:
    """The best trial in short, or None."""
    if best is None or not goals:
        return None
    return {
        "number": best.number,
        "metric": goals[0].metric,
        "value": best.value(goals[0]),
        "params": dict(best.params),
    }


def goal_row(goal: Goal) -> dict[str, Any]:
    """A goal."""
    return {
        "metric": goal.metric,
        "direction": goal.direction.value,
        "summary": goal.summary.value,
    }


def budget_row(record: SweepRecord) -> dict[str, Any]:
    """When the sweep has done enough."""
    return {"trials": record.budget.trials, "time_s": record.budget.time_s}


def took(trial: Trial) -> float | None:
    """Seconds from its last start to its end, or None."""
    if trial.started is None or trial.finished is None:
        return None
    return round((trial.finished - trial.started).total_seconds(), 3)


def _metric(summary: Summary) -> dict[str, Any]:
    return {
        "last": summary.last,
        "min": summary.min,
        "max": summary.max,
        "mean": summary.mean,
        "count": summary.count,
        "steps": {"last": summary.last_step, "min": summary.min_step, "max": summary.max_step},
    }
