"""Which trials are better: an order for tables and for the best of a sweep.

Trials with a result come first, best first, and of these those that a stopping rule cut short
(`sonde.core.trial.is_cut_short`) after the others; then those that break a constraint, the nearest
to keeping it first; then those that diverged (NaN, infinite); then those that have no value
yet or never got one; failed and cancelled ones come last.
"""

from collections.abc import Iterable, Sequence
from math import inf, isfinite

from sonde.core.constraint import Constraint, violation
from sonde.core.metric import Goal
from sonde.core.trial import State, Trial, is_cut_short

__all__ = ["has_result", "point", "ranked"]

_INFEASIBLE, _DIVERGED, _NONE = 1, 2, 3
_LAST = {State.FAILED: 4, State.CANCELLED: 5}


def ranked(
    trials: Iterable[Trial], goals: Sequence[Goal], constraints: Sequence[Constraint] = ()
) -> list[Trial]:
    """Return the trials, best first by the first goal, ties by the further ones, then by number."""

    def key(trial: Trial) -> tuple[int, float, bool, tuple[float, ...], int]:
        group, losses = _group(trial, goals), point(trial, goals)
        over = violation(trial, constraints) if constraints and not group else 0.0
        is_short = is_cut_short(trial, goals)
        return _INFEASIBLE if over > 0 else group, over, is_short, losses, trial.number

    return sorted(trials, key=key)


def has_result(trial: Trial, goals: Sequence[Goal], constraints: Sequence[Constraint] = ()) -> bool:
    """Tell whether it was not discarded, has a finite value for each goal and is feasible."""
    return _group(trial, goals) == 0 and not violation(trial, constraints) > 0


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
        return _NONE
    return 0 if all(isfinite(loss) for loss in point(trial, goals)) else _DIVERGED
