"""Which trials are better: an order for tables and for the best of a sweep.

Trials with a result come first, best first; then those that diverged (NaN, infinite);
then those that have no value yet or never got one; failed and cancelled ones come last.
"""

from collections.abc import Iterable, Sequence
from math import inf, isfinite

from sonde.core.metric import Goal
from sonde.core.trial import State, Trial

__all__ = ["has_result", "point", "ranked"]

_LAST = {State.FAILED: 3, State.CANCELLED: 4}


def ranked(trials: Iterable[Trial], goals: Sequence[Goal]) -> list[Trial]:
    """Return the trials, best first by the first goal, ties by the further ones, then by number."""
    return sorted(
        trials, key=lambda trial: (_group(trial, goals), point(trial, goals), trial.number)
    )


def has_result(trial: Trial, goals: Sequence[Goal]) -> bool:
    """Tell whether it was not discarded and has a finite value for each goal."""
    return _group(trial, goals) == 0


def point(trial: Trial, goals: Sequence[Goal]) -> tuple[float, ...]:
    """Return its losses, infinite where a value is missing."""
    values = (trial.value(goal) for goal in goals)
    return tuple(
        inf if value is None else goal.loss(value)
        for goal, value in zip(goals, values, strict=True)
    )


def _group(trial: Trial, goals: Sequence[Goal]) -> int:
    if trial.state in _LAST:
        return _LAST[trial.state]
    values = [trial.value(goal) for goal in goals]
    if any(value is None for value in values):
        return 2
    return 0 if all(isfinite(loss) for loss in point(trial, goals)) else 1
