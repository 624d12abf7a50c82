"""Finding sweeps and trials in a store, and putting trials in order."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from sonde.core.constraint import is_feasible
from sonde.core.history import History
from sonde.core.metric import SummaryKind
from sonde.core.ranking import ranked
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError, NotFoundError
from sonde.store.protocol import Store, SweepRecord

__all__ = ["SORT_FIELDS", "load", "one_trial", "sort_trials"]

SORT_FIELDS = ("number", "state", "value", "created", "started", "finished", "duration", "attempts")
_DISCARDED = {State.FAILED, State.CANCELLED}


def load(store: Store, text: str) -> tuple[SweepRecord, History]:
    """Return the sweep that `text` means, with all its trials.

    Raises:
        NotFoundError: If there is none.
        AmbiguousError: If it fits several.
    """
    changes = store.changes(store.find_sweep(text).id)
    history = History(changes.record.sweep)
    history.add(changes.trials)
    return changes.record, history


def one_trial(record: SweepRecord, history: History, number: int) -> Trial:
    """Return a trial by its number.

    Raises:
        NotFoundError: If the sweep has none of that number.
    """
    count = len(history.trials)
    if number >= count:
        has = f"it has {count}, 0 to {count - 1}" if count else "it has none yet"
        raise NotFoundError(f"{record.name} has no trial {number}; {has}")
    return history.trials[number]


def sort_trials(
    trials: Sequence[Trial], sweep: Sweep, by: str, *, descending: bool = False
) -> list[Trial]:
    """Sort trials by a field, a metric (`loss`, `loss:min`) or a parameter.

    By `value` the best come first. Missing values and NaN come last in both directions; by a
    metric or a parameter, so do failed and cancelled trials. Equals stay in the order of their
    numbers.

    Raises:
        ConfigError: If nothing is called so.
    """
    if by == "value":
        found = ranked(trials, sweep.goals, sweep.constraints)
        if not descending:
            return found
        cut = next((i for i, t in enumerate(found) if _rank(t, sweep) > 0), len(found))
        return found[:cut][::-1] + found[cut:]
    key = _key(trials, sweep, by)
    discards = by not in SORT_FIELDS
    present: list[tuple[Any, Trial]] = []
    missing, discarded = [], []
    for trial in trials:
        value = key(trial)
        if discards and trial.state in _DISCARDED:
            discarded.append(trial)
        elif value is None or (isinstance(value, float) and math.isnan(value)):
            missing.append(trial)
        else:
            present.append((_comparable(value), trial))
    present.sort(key=lambda pair: pair[0], reverse=descending)
    return [trial for _, trial in present] + missing + discarded


def _rank(trial: Trial, sweep: Sweep) -> int:
    """0 for a trial that has a finite value, counts and keeps to the constraints."""
    value = trial.value(sweep.goals[0]) if sweep.goals else None
    counts = value is not None and math.isfinite(value) and trial.state not in _DISCARDED
    counts = counts and is_feasible(trial, sweep.constraints)
    return 0 if counts else 1


def _key(trials: Sequence[Trial], sweep: Sweep, by: str) -> Callable[[Trial], Any]:
    fields: dict[str, Callable[[Trial], Any]] = {
        "number": lambda t: t.number,
        "state": lambda t: t.state.value,
        "created": lambda t: t.created.timestamp(),
        "started": lambda t: t.started and t.started.timestamp(),
        "finished": lambda t: t.finished and t.finished.timestamp(),
        "duration": lambda t: (
            (t.finished - t.started).total_seconds() if t.finished and t.started else None
        ),
        "attempts": lambda t: t.attempts,
    }
    if by in fields:
        return fields[by]
    for goal in sweep.goals:
        if by == goal.metric:
            return lambda t: t.value(goal)
    metrics = {name for trial in trials for name in trial.metrics}
    name, _, suffix = by.rpartition(":")
    kinds = {kind.value: kind for kind in SummaryKind}
    if name in metrics and suffix in kinds:
        return lambda t: t.metrics[name].value(kinds[suffix]) if name in t.metrics else None
    if by in sweep.space or any(by in trial.params for trial in trials):
        return lambda t: t.params.get(by)
    if by in metrics:
        return lambda t: t.metrics[by].last if by in t.metrics else None
    names = [*SORT_FIELDS, *(p.name for p in sweep.space.parameters), *sorted(metrics)]
    raise ConfigError(
        f"--sort {by}", "nothing is called so", f"sort by one of {', '.join(dict.fromkeys(names))}"
    )


def _comparable(value: Any) -> tuple[int, float, str]:
    """Numbers before text, so that a choice of both can be sorted."""
    if isinstance(value, int | float):
        return 0, value, ""
    return 1, 0.0, str(value)
