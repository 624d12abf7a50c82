"""What a search method is told of trials that a stopping rule cut short.

Their values are facts, but of fewer steps than those of trials that ran to their end: where a loss
rises late, a poor trial that was stopped early looks better than a good one that was not. What is
sure is that a rule took it for a poor one. So it is told as no better than the median of those
that are done by then: pessimistic, and never the best. Where the loss falls, as it mostly does,
its own last value is pessimistic already, and stays.
"""

from bisect import insort
from dataclasses import replace
from math import isfinite

from sonde.core.metric import Goal
from sonde.core.trial import State, Trial, is_cut_short

__all__ = ["Told"]


class Told:
    """A fold over trials in the order in which they ended."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._done: list[float] = []  # losses, ascending

    def of(self, trial: Trial) -> Trial:
        """Return an ended trial as the method is to see it."""
        value = trial.value(self._goal)
        if value is None:
            return trial
        loss = self._goal.loss(value)
        if trial.state is State.DONE and isfinite(loss):
            insort(self._done, loss)
        if not is_cut_short(trial, (self._goal,)) or not self._done:
            return trial
        least = self._done[len(self._done) // 2]
        if loss >= least:
            return trial
        worse = least if self._goal.is_min else -least
        summary = trial.metrics[self._goal.metric]
        told = replace(summary, last=worse, total=worse * summary.numbers)
        return replace(trial, metrics={**trial.metrics, self._goal.metric: told})
