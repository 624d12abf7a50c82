"""What a search method is told of trials that a stopping rule cut short.

Their values are facts, but of fewer steps than those of trials that ran to their end. Taken as
they are, a point looks poor or good by how long it ran: a search that learns from them learns
where the curves are, not where they lead. So a trial that was cut short after n values is told as
ending where it stood, plus what the latest trials that ran to their end still gained (or lost)
after their n-th value, in the median. It is told as no better than the median of those that are
done, since a rule took it for a poor one; nor, where the goal is the best value of the curve, as
worse than what it reached.

That the shift is worth it was measured: docs/decisions/0010-stopping-rules.md.
"""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite
from statistics import median

from sonde.core.metric import Goal
from sonde.core.stopping.reached import reached
from sonde.core.trial import State, Trial, is_cut_short

__all__ = ["Told"]

_LATEST = 50  # trials that ran to their end whose gains count


class Told:
    """A fold over trials in the order in which they ended."""

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._done: list[float] = []  # losses, ascending
        self._latest: deque[list[float]] = deque(maxlen=_LATEST)  # what their curves reached

    def of(self, trial: Trial, values: Sequence[float]) -> Trial:
        """Return an ended trial as the method is to see it.

        Args:
            trial: The next one that ended.
            values: The curve of the goal's metric.
        """
        value = trial.value(self._goal)
        loss = inf if value is None else self._goal.loss(value)
        if not isfinite(loss):
            return trial
        if trial.state is State.DONE:
            insort(self._done, loss)
            self._latest.append(reached(values, self._goal))
        if trial.why_stopped is None or not self._done:
            return trial
        expected = max(loss + self._gain(len(values)), self._done[len(self._done) // 2])
        if not is_cut_short(trial, (self._goal,)):
            expected = min(expected, loss)
        told = expected if self._goal.is_min else -expected
        summary = trial.metrics[self._goal.metric]
        known = replace(summary, last=told, min=told, max=told, total=told * summary.numbers)
        return replace(trial, metrics={**trial.metrics, self._goal.metric: known})

    def _gain(self, n: int) -> float:
        """Return by how much losses still changed after the n-th value."""
        gains = [curve[-1] - curve[n - 1] for curve in self._latest if 0 < n <= len(curve)]
        finite = [gain for gain in gains if isfinite(gain)]
        return median(finite) if finite else 0.0
