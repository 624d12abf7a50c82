"""Sweeps and trials as JSON objects: the fields that programs may rely on.

docs/reference-json.md describes each of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sonde.analysis.strict_json import iso
from sonde.core.constraint import Constraint, excesses
from sonde.core.decide import at_work
from sonde.core.history import History
from sonde.core.metric import Goal, Summary
from sonde.core.repeats import spread
from sonde.core.streams import trial_seed
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.store.protocol import SweepRecord

__all__ = [
    "assignment_row",
    "best_row",
    "best_rows",
    "budget_row",
    "constraint_row",
    "feasible",
    "goal_row",
    "last_step",
    "sweep_row",
    "took",
    "trial_row",
]


def trial_row(trial: Trial, history: History) -> dict[str, Any]:
    """What `sonde trials --format json` says of a trial."""
    sweep, goals = history.sweep, history.sweep.goals
    is_feasible = feasible(trial, sweep)
    first = history.repeats_of(trial.number)[0].number
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
        "why_stopped": trial.why_stopped,
        "agent": trial.agent,
        "origin": trial.origin,
        "seed": trial_seed(sweep.seed, trial.number),
        "repeat_of": None if first == trial.number else first,
        "feasible": is_feasible,
        "excess": {} if is_feasible is None else _excess(trial, sweep),
    }


def assignment_row(trial: Trial, history: History) -> dict[str, Any]:
    """What `sonde trials --fold` says of an assignment: the mean, and its repeats."""
    repeats, goals = history.repeats_of(trial.number), history.sweep.goals
    _, error, n = spread(repeats, goals[0]) if goals else (None, None, len(repeats))
    return {
        **trial_row(trial, history),
        "n": n,
        "se": error,
        "repeats": [trial_row(one, history) for one in repeats] if len(repeats) > 1 else [],
    }


def best_rows(trials: Sequence[Trial], history: History) -> list[dict[str, Any]]:
    """What `sonde best --format json` says: assignments, and how sure each is."""
    from sonde.core.certainty import certainty

    found = certainty(history)
    rows = []
    for trial in trials:
        judged = found.each.get(trial.number)
        is_rival = trial.number == found.best or trial.number in found.indistinguishable
        sure = {
            "p_best": judged.p_best if judged else None,
            "interval": list(judged.interval) if judged else None,
            "distinguishable": not is_rival if judged else None,
            "indistinguishable": list(found.indistinguishable) if found.of_best else None,
            "compared": found.compared,
            "recommended": found.recommended,
            "reason": found.reason or None,
        }
        rows.append(assignment_row(trial, history) | {"certainty": sure})
    return rows


def feasible(trial: Trial, sweep: Sweep) -> bool | None:
    """Tell whether it keeps to all constraints; None where there are none, or no result."""
    if not sweep.constraints or trial.state not in {State.DONE, State.STOPPED}:
        return None
    return all(excess <= 0 for excess in excesses(trial, sweep.constraints))


def _excess(trial: Trial, sweep: Sweep) -> dict[str, float]:
    found = excesses(trial, sweep.constraints)
    return {c.describe(): over for c, over in zip(sweep.constraints, found, strict=True)}


def sweep_row(record: SweepRecord, history: History) -> dict[str, Any]:
    """What `sonde ls --format json` says of a sweep."""
    sweep = record.sweep
    used, why = at_work(history)
    return {
        "id": record.id,
        "name": record.name,
        "state": record.state,
        "control": record.control.value,
        "reason": record.reason,
        "project": sweep.project,
        "method": sweep.method,
        "method_used": used,
        "method_reason": why,
        "stopping": sweep.stopping,
        "goals": [goal_row(goal) for goal in sweep.goals],
        "constraints": [constraint_row(constraint) for constraint in sweep.constraints],
        "budget": budget_row(record),
        "counts": {state.value: count for state, count in record.counts.items()},
        "trials": record.trials,
        "repeats": sweep.repeats,
        "best": best_row(history),
        "worked_s": round(history.working_time(datetime.now(UTC)), 3),
        "created": iso(record.created),
        "updated": iso(record.updated),
        "tags": list(record.tags),
        "notes": record.notes,
    }


def best_row(history: History) -> dict[str, Any] | None:
    """The best trial in short, or None."""
    best, goals = history.best, history.sweep.goals
    if best is None or not goals:
        return None
    _, error, n = spread(history.repeats_of(best.number), goals[0])
    return {
        "number": best.number,
        "metric": goals[0].metric,
        "value": best.value(goals[0]),
        "values": {goal.metric: best.value(goal) for goal in goals},
        "params": dict(best.params),
        "n": n,
        "se": error,
    }


def goal_row(goal: Goal) -> dict[str, Any]:
    """A goal."""
    return {
        "metric": goal.metric,
        "direction": goal.direction.value,
        "summary": goal.summary.value,
    }


def constraint_row(constraint: Constraint) -> dict[str, Any]:
    """A constraint."""
    return {
        "metric": constraint.metric,
        "bound": constraint.bound,
        "at_most": constraint.at_most,
        "summary": constraint.summary.value,
    }


def budget_row(record: SweepRecord) -> dict[str, Any]:
    """When the sweep has done enough, and how many trials may run at once."""
    budget = record.budget
    return {"trials": budget.trials, "time_s": budget.time_s, "workers": budget.workers}


def last_step(trial: Trial, goals: Sequence[Goal]) -> int | None:
    """Return how far it came, by the first goal's metric, or else by any."""
    summary = trial.metrics.get(goals[0].metric) if goals else None
    if summary is None:
        summary = next(iter(trial.metrics.values()), None)
    return None if summary is None else summary.last_step


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
