"""What a search method is told of failed trials where a goal says so: W&B's `metric.impute`.

By default a method is told that a trial failed, and learns where trials fail. `best` tells it the
best value so far instead, so that failures, of the machine say, repel nothing; `latest` the last
value that the trial reported itself. W&B's `worst` is the default: a failure is the worst.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

from sonde.core.metric import Goal, Summary
from sonde.core.trial import State, Trial

__all__ = ["Imputing"]


class Imputing:
    """A fold over trials in the order in which they ended."""

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = goals
        self._best = dict.fromkeys((goal.metric for goal in goals), inf)  # losses

    @property
    def is_needed(self) -> bool:
        """Whether a goal asks for it."""
        return any(goal.impute in {"best", "latest"} for goal in self._goals)

    def of(self, trial: Trial) -> Trial:
        """Return the next one that ended, as the method is to see it."""
        if trial.state in {State.DONE, State.STOPPED}:
            for goal in self._goals:
                value = trial.value(goal)
                if value is not None and isfinite(value):
                    self._best[goal.metric] = min(self._best[goal.metric], goal.loss(value))
        if trial.state is not State.FAILED:
            return trial
        values = {goal.metric: self._value(trial, goal) for goal in self._goals}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) < len(values):
            return trial
        told = {name: Summary.of([(0, value)]) for name, value in known.items()}
        return replace(trial, state=State.DONE, metrics={**trial.metrics, **told})

    def _value(self, trial: Trial, goal: Goal) -> float | None:
        """Return what is put in for a goal; None: nothing is known, and it has failed."""
        if goal.impute == "best":
            best = self._best[goal.metric]
            return (best if goal.is_min else -best) if isfinite(best) else None
        if goal.impute == "latest" and goal.metric in trial.metrics:
            last = trial.metrics[goal.metric].last
            return last if isfinite(last) else None
        return None
