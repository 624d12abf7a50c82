"""What the dashboard's pages read of sweeps and trials, as JSON.

Times are seconds since the epoch. Numbers that JSON lacks are words that a browser's `Number`
reads, and whole numbers that it would round are text.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sonde.agent.place import folder_of
from sonde.analysis.rows import budget_row
from sonde.core.constraint import excesses
from sonde.core.decide import at_work
from sonde.core.distributions import Choice, Constant
from sonde.core.history import History
from sonde.core.parameter import Parameter
from sonde.core.repeats import spread
from sonde.core.stopping.rungs import rungs
from sonde.core.streams import trial_seed
from sonde.core.sweep import Command, Control, Function, Sweep
from sonde.core.trial import State, Trial
from sonde.core.wandb.macros import for_people
from sonde.store.protocol import SweepRecord
from sonde.store.total import total_of

__all__ = ["record_view", "sweep_detail", "sweep_view", "trial_view"]

_PACE = 50  # so many last ends tell how fast trials go


def record_view(record: SweepRecord) -> dict[str, Any]:
    """What a sweep's record alone says: quick, however many trials there are."""
    sweep = record.sweep
    return {
        "id": record.id,
        "name": record.name,
        "state": record.state,
        "control": record.control.value,
        "ended": record.is_ended,
        "reason": record.reason,
        "project": sweep.project,
        "method": sweep.method,
        "goals": [
            {"metric": g.metric, "direction": g.direction.value, "summary": g.summary.value}
            for g in sweep.goals
        ],
        "counts": {state.value: record.counts.get(state, 0) for state in State},
        "trials": record.trials,
        "total": total_of(record, range(record.trials)),
        "created": record.created.timestamp(),
        "updated": record.updated.timestamp(),
        "version": record.version,
        "definition": sweep.version,
        "tags": list(record.tags),
        "notes": record.notes,
        "budget": budget_row(record),
        "actions": actions(record),
    }


def actions(record: SweepRecord) -> list[str]:
    """What can be done with a sweep as it stands, in the order of the buttons."""
    if record.control is Control.CANCELLED:
        return []
    if record.control in {Control.PAUSED, Control.STOPPED}:
        ending = ["stop"] if record.control is Control.PAUSED else []
        return ["resume", *ending, *([] if record.is_ended else ["cancel"])]
    return [] if record.is_ended else ["pause", "stop", "cancel"]


def sweep_view(record: SweepRecord, history: History, now: datetime) -> dict[str, Any]:
    """What the list of sweeps and the head of a sweep's page show."""
    method, why = at_work(history)
    return record_view(record) | {
        "method_used": method,
        "method_reason": why,
        "best": _best(history),
        "nearest": None if history.nearest is None else history.nearest.number,
        "pace_s": _pace(history),
        "worked_s": history.working_time(now),
        "agents": len({history.trials[number].agent for number in history.running}),
    }


def sweep_detail(record: SweepRecord, history: History, now: datetime, url: str) -> dict[str, Any]:
    """What a sweep's page shows beside its trials."""
    sweep, facts = record.sweep, record.facts
    return sweep_view(record, history, now) | {
        "store": url,
        "work": _work(sweep),
        "parameters": [_parameter(p) for p in sweep.space.parameters],
        "where": [relation.text for relation in sweep.space.where],
        "stopping": sweep.stopping,
        "bounds": [constraint.describe() for constraint in sweep.constraints],
        "repeats": sweep.repeats,
        "retries": sweep.retries,
        "seed": sweep.seed,
        "rungs": rungs(sweep.stopping) if sweep.stopping else [],
        "made": {key: facts.get(key) for key in ("user", "host", "platform", "typed")},
        "packages": "packages" in facts,
        "python": facts.get("python"),
        "git": facts.get("git"),
    }


def trial_view(record: SweepRecord, history: History, trial: Trial, url: str) -> dict[str, Any]:
    """What a trial's page shows beside its curves and its log."""
    sweep, best = record.sweep, history.best
    group = history.repeats_of(trial.number)
    bounds = zip(sweep.constraints, excesses(trial, sweep.constraints), strict=True)
    return {
        "sweep": record.id,
        "name": record.name,
        "number": trial.number,
        "count": len(history.trials),
        "state": trial.state.value,
        "asked": trial.asked.value,
        "origin": trial.origin,
        "params": _params(trial.params),
        "parameters": [_parameter(p) for p in sweep.space.parameters],
        "ended": record.is_ended,
        "rungs": rungs(sweep.stopping) if sweep.stopping else [],
        "stopping": sweep.stopping,
        "packages": "packages" in record.facts,
        "best": None
        if best is None
        else {"number": best.number, "params": _params(best.params), **_values(best, sweep)},
        **_values(trial, sweep),
        "goals": record_view(record)["goals"],
        "metrics": {
            name: {
                "last": summary.last,
                "last_step": summary.last_step,
                "min": summary.min,
                "min_step": summary.min_step,
                "max": summary.max,
                "max_step": summary.max_step,
                "mean": summary.mean,
                "count": summary.count,
            }
            for name, summary in trial.metrics.items()
        },
        "bounds": [{"text": bound.describe(), "excess": over} for bound, over in bounds],
        "attempts": trial.attempts,
        "failures": trial.failures,
        "created": trial.created.timestamp(),
        "started": None if trial.started is None else trial.started.timestamp(),
        "finished": None if trial.finished is None else trial.finished.timestamp(),
        "error": trial.error,
        "why_stopped": trial.why_stopped,
        "agent": trial.agent,
        "seed": trial_seed(sweep.seed, trial.number),
        "repeats": [other.number for other in group if other.number != trial.number],
        "facts": _params(trial.facts),
        "folder": str(folder_of(url, record.id, trial).path) if trial.attempts else None,
        "work": _work(sweep),
        "store": url,
        "python": record.facts.get("python"),
        "git": record.facts.get("git"),
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    distribution = parameter.distribution
    choices = distribution.values if isinstance(distribution, Choice) else None
    return {
        "name": parameter.name,
        "text": distribution.describe(),
        "constant": isinstance(distribution, Constant),
        "choices": None if choices is None else [_exact(value) for value in choices],
        "when": None if parameter.when is None else parameter.when.text,
    }


def _params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _exact(value) for name, value in params.items()}


def _exact(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_exact(item) for item in value]
    return _params(value) if isinstance(value, Mapping) else value


def _values(trial: Trial, sweep: Sweep) -> dict[str, Any]:
    return {"values": {goal.metric: trial.value(goal) for goal in sweep.goals}}


def _best(history: History) -> dict[str, Any] | None:
    best, sweep = history.best, history.sweep
    if best is None:
        return None
    _, error, n = spread(history.repeats_of(best.number), sweep.goals[0])
    return {
        "number": best.number,
        "params": _params(best.params),
        "n": n,
        "se": error,
        **_values(best, sweep),
    }


def _pace(history: History) -> float | None:
    """Seconds from one end of a trial to the next, lately; None while there are too few."""
    ends = sorted(
        trial.finished.timestamp()
        for trial in history.trials[-4 * _PACE :]
        if trial.finished is not None
    )[-_PACE:]
    return (ends[-1] - ends[0]) / (len(ends) - 1) if len(ends) > 1 else None


def _work(sweep: Sweep) -> dict[str, Any] | None:
    work = sweep.work
    if isinstance(work, Command):
        argv = work.argv if work.program is None else for_people(work.argv, work.program)
        return {"kind": "command", "argv": list(argv), "folder": work.folder}
    if isinstance(work, Function):
        return {"kind": "function", "name": work.name, "folder": work.folder}
    return None
