"""Sweeps as studies of Optuna, for its functions, its dashboard and its users."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from sonde.core.distributions import Choice, Distribution
from sonde.core.distributions.values import canonical
from sonde.core.metric import Direction, Goal
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.optuna.building import quiet
from sonde.optuna.suggesting import Suggested
from sonde.store.protocol import Curve, SweepRecord

__all__ = ["export_sweep"]

_STATES = {State.DONE: TrialState.COMPLETE, State.STOPPED: TrialState.PRUNED}


def export_sweep(
    record: SweepRecord,
    trials: Sequence[Trial],
    curves: Mapping[int, Mapping[str, Curve]],
    storage: Any,
    *,
    name: str | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Study, int]:
    """Write the trials that have ended into a study; return it, and how many were new.

    Again into the same study, it adds what has ended since. Values are those of the goals; a trial
    without one of them is a failed one, as Optuna knows no other.

    Args:
        storage: What Optuna's `create_study` takes.
        name: Of the study; the sweep's if not given.

    Raises:
        ConfigError: If the sweep has no goal, or the study is none of this sweep.
    """
    goals = record.sweep.goals
    if not goals:
        raise ConfigError(record.name, "it has no goal", "Optuna's studies need one")
    study = optuna.create_study(
        storage=storage,
        study_name=name or record.name,
        directions=[
            "minimize" if goal.direction is Direction.MINIMIZE else "maximize" for goal in goals
        ],
        load_if_exists=True,
    )
    whose = study.user_attrs.get("sonde_sweep", record.id if not study.trials else None)
    if whose != record.id:
        raise ConfigError(
            f"study {study.study_name}",
            "it is there already, of something else",
            "give another name",
        )
    study.set_user_attr("sonde_sweep", record.id)
    with quiet():  # it is called experimental since years
        study.set_metric_names([goal.metric for goal in goals])
    there = {t.user_attrs.get("sonde_trial") for t in study.get_trials(deepcopy=False)}
    fresh = [trial for trial in trials if trial.is_ended and trial.number not in there]
    kinds = {p.name: _Kind(p.distribution) for p in record.sweep.space.parameters}
    for trial in trials:
        for key, value in trial.params.items():
            kinds.setdefault(key, _Kind(None)).take(value)
    for done, trial in enumerate(fresh):
        told(done, len(fresh))
        study.add_trial(_theirs(trial, goals, kinds, curves.get(trial.number, {})))
    return study, len(fresh)


def _theirs(
    trial: Trial, goals: Sequence[Goal], kinds: Mapping[str, "_Kind"], curves: Mapping[str, Curve]
) -> FrozenTrial:
    values = [trial.value(goal) for goal in goals]
    state = _STATES.get(trial.state, TrialState.FAIL)
    if state is TrialState.COMPLETE and any(v is None or v != v for v in values):
        state = TrialState.FAIL
    complete = state is TrialState.COMPLETE
    curve = curves.get(goals[0].metric)
    attributes: dict[str, Any] = {"sonde_trial": trial.number}
    attributes |= {
        n: s.last for n, s in trial.metrics.items() if n not in {g.metric for g in goals}
    }
    theirs = create_trial(
        state=state,
        values=[float(v) for v in values if v is not None] if complete else None,
        params={name: kinds[name].value(v) for name, v in trial.params.items()},
        distributions={name: kinds[name].theirs() for name in trial.params},
        user_attrs=attributes,
        system_attrs={"fail_reason": trial.error} if trial.error else {},
        intermediate_values=(
            {int(s): float(v) for s, v in zip(curve.steps, curve.values, strict=True)}
            if curve is not None and len(goals) == 1
            else {}
        ),
    )
    # Optuna's times are local and naive.
    started, finished = trial.started or trial.created, trial.finished or trial.created
    theirs.datetime_start = started.astimezone().replace(tzinfo=None)
    theirs.datetime_complete = finished.astimezone().replace(tzinfo=None)
    return theirs


class _Kind:
    """A parameter in Optuna's words; of what it has none for, what its values span."""

    def __init__(self, ours: Distribution | None) -> None:
        suggested = None if ours is None else Suggested(ours)
        self._suggested = suggested if suggested is not None and suggested.is_verbatim else None
        self._seen: dict[Any, Any] = {}
        if isinstance(ours, Choice):
            for value in ours.grid():
                self.take(value)

    def take(self, value: Any) -> None:
        """Take note of a value that occurs."""
        self._seen.setdefault(canonical(value), value)
        if self._suggested is not None:
            try:
                self._suggested.to_theirs(value)
            except ValueError:  # given by hand, or of an earlier version of the space
                self._suggested = None

    def value(self, value: Any) -> Any:
        """Return a value as Optuna has it."""
        if self._suggested is not None:
            return self._suggested.to_theirs(value)
        return value if self._numbers() else _plain(value)

    def theirs(self) -> BaseDistribution:
        """Return the distribution."""
        if self._suggested is not None:
            return self._suggested.theirs
        numbers = self._numbers()
        if numbers and all(isinstance(number, int) for number in numbers):
            return IntDistribution(int(min(numbers)), int(max(numbers)))
        if numbers:
            return FloatDistribution(min(numbers), max(numbers))
        return CategoricalDistribution([_plain(value) for value in self._seen.values()])

    def _numbers(self) -> list[float]:
        """Return the values, if all of them are numbers."""
        seen = list(self._seen.values())
        kinds = {type(value) for value in seen}
        return seen if kinds <= {int, float} else []


def _plain(value: Any) -> Any:
    is_plain = value is None or isinstance(value, bool | int | float | str)
    return value if is_plain else json.dumps(value)
