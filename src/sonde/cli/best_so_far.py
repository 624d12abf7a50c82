"""The best trial as of a moment, for lines that are printed one by one."""

from collections.abc import Hashable
from math import inf, isfinite

from sonde.cli.cells import number
from sonde.core.constraint import is_feasible
from sonde.core.repeats import joined
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial, is_cut_short, losses

__all__ = ["BestSoFar"]


class BestSoFar:
    """Follows trials as they end; by the first goal, the earlier number wins a tie.

    Where assignments are repeated, it is told when all repeats of one have ended.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._goals, self._constraints = sweep.goals[:1], sweep.constraints
        self._sweep = sweep
        self._groups: dict[Hashable, list[Trial]] = {}
        self._key = (True, inf, 0)
        self._trial: Trial | None = None

    def see(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        if self._sweep.repeats > 1:
            group = self._groups.setdefault(self._sweep.space.key(trial.params), [])
            group.append(trial)
            if len(group) != self._sweep.repeats:
                return
            trial = joined(sorted(group, key=lambda one: one.number))
        found = losses(trial, self._goals)
        if found is None or not isfinite(found[0]):
            return
        key = (is_cut_short(trial, self._goals), found[0], trial.number)
        if key < self._key and is_feasible(trial, self._constraints):
            self._key, self._trial = key, trial

    @property
    def text(self) -> str:
        """`best=#45 0.13249`, or nothing."""
        if self._trial is None:
            return ""
        return f"best=#{self._trial.number} {number(self._trial.value(self._goals[0]))}"
