"""The Pareto front: the trials among which only taste can choose."""

from collections.abc import Iterable, Sequence

from sonde.core.constraint import Constraint
from sonde.core.metric import Goal
from sonde.core.ranking import has_result, point
from sonde.core.trial import State, Trial

__all__ = ["front"]


def front(
    trials: Iterable[Trial], goals: Sequence[Goal], constraints: Sequence[Constraint] = ()
) -> list[Trial]:
    """Return the trials that no other one is as good as in all goals and better in one.

    Only done and stopped trials with a finite value for each goal that keep to the constraints
    take part; equal ones all stay. In the order of the first goal. O(n log n) for two goals,
    O(n * front) beyond.
    """
    points = sorted(
        (point(trial, goals), trial.number, trial)
        for trial in trials
        if trial.state in {State.DONE, State.STOPPED} and has_result(trial, goals, constraints)
    )
    kept: list[tuple[tuple[float, ...], Trial]] = []
    two = len(goals) == 2
    for losses, _, trial in points:
        # In this order a later point never dominates an earlier one; and of two goals the
        # last one kept has the lowest second loss so far.
        rivals = kept[-1:] if two else kept
        if not any(_dominates(rival, losses) for rival, _ in rivals):
            kept.append((losses, trial))
    return [trial for _, trial in kept]


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
