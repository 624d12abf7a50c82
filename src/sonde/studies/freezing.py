"""Trials of a sweep as a program for Optuna reads them, and trials of its own for the store."""

import math
from collections.abc import Mapping
from typing import Any

from sonde.controller import utc_now
from sonde.core.appearing import clean
from sonde.core.distributions import Distribution
from sonde.core.sweep import Sweep
from sonde.core.trial import Report, State, Trial
from sonde.store.protocol import PastTrial
from sonde.studies.frozen import FrozenTrial, TrialState
from sonde.studies.searched import ours_of, plain, theirs_of
from sonde.studies.trials import BOUND

__all__ = ["asked_of", "frozen", "past"]

_SHOWN = {
    State.DONE: TrialState.COMPLETE,
    State.STOPPED: TrialState.PRUNED,
    State.RUNNING: TrialState.RUNNING,
    State.WAITING: TrialState.WAITING,
    State.PAUSED: TrialState.WAITING,
}
_KEPT = {
    TrialState.COMPLETE: State.DONE,
    TrialState.PRUNED: State.STOPPED,
    TrialState.FAIL: State.FAILED,
}


def frozen(trial: Trial, definition: Sweep, curves: Mapping[str, Any]) -> FrozenTrial:
    """Return a trial as it stands, with the curve of its goal."""
    goals = definition.goals
    state = _SHOWN.get(trial.state, TrialState.FAIL)
    values: list[float] | None = [
        value for goal in goals if (value := trial.value(goal)) is not None
    ]
    if state not in {TrialState.COMPLETE, TrialState.PRUNED} or len(values or ()) < len(goals):
        values = None
    curve = curves.get(goals[0].metric)
    points: dict[int, float] = {}
    if curve is not None and len(goals) == 1:
        # The final value of a trial that has completed is no intermediate one.
        last = -1 if state is TrialState.COMPLETE else None
        points = dict(zip(curve.steps[:last], curve.values[:last], strict=True))
    searched = {p.name: p.distribution for p in definition.space.parameters}
    return FrozenTrial(
        number=trial.number,
        state=state,
        params=dict(trial.params),
        values=values,
        distributions={
            name: theirs_of(searched[name]) for name in trial.params if name in searched
        },
        user_attrs=dict(trial.facts.get("user_attrs", {})),
        constraints={
            name.removeprefix(BOUND): summary.last
            for name, summary in trial.metrics.items()
            if name.startswith(BOUND)
        },
        intermediate_values=points,
        datetime_start=trial.started,
        datetime_complete=trial.finished,
    )


def asked_of(trial: FrozenTrial) -> dict[str, Distribution]:
    """Return what the values of a program's own trial were searched in."""
    return {clean(name): ours_of(name, one) for name, one in trial.distributions.items()}


def past(trial: FrozenTrial, definition: Sweep, number: int) -> PastTrial:
    """Return a trial that has ended elsewhere as the trial of that number."""
    goals, now = definition.goals, utc_now()
    begun, ended = trial.datetime_start or now, trial.datetime_complete or now
    at = ended.timestamp()
    reports = [
        Report(step, {goals[0].metric: float(value)}, at)
        for step, value in sorted(trial.intermediate_values.items())
    ]
    values = {name: float(value) for name, value in trial.user_attrs.items() if _is_metric(value)}
    values |= {f"{BOUND}{clean(key)}": float(over) for key, over in trial.constraints.items()}
    if trial.values is not None and trial.state is TrialState.COMPLETE:
        values |= {g.metric: float(v) for g, v in zip(goals, trial.values, strict=True)}
    if values:
        reports.append(Report(reports[-1].step + 1 if reports else 0, values, at))
    state = _KEPT[trial.state]
    asked = asked_of(trial)
    params = {clean(name): plain(value) for name, value in trial.params.items()}
    return PastTrial(
        trial=Trial(
            number=number,
            state=state,
            params={name: asked[name].coerced(value) for name, value in params.items()},
            attempts=1,
            failures=int(state is State.FAILED),
            origin="import",
            created=begun,
            started=begun,
            finished=ended,
            error="it was added as one that has failed" if state is State.FAILED else None,
            facts={"user_attrs": dict(trial.user_attrs)} if trial.user_attrs else {},
        ),
        reports=reports,
    )


def _is_metric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
