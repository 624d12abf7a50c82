"""The history of a sweep: an incremental fold over its trials.

A controller or a view feeds it what the store's change feed returns; it keeps what
decisions and displays ask for all the time, so that 100,000 trials cost nothing per
step.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable
from datetime import datetime
from math import inf, isfinite

from sonde.core.constraint import violation
from sonde.core.sweep import Sweep
from sonde.core.trial import ENDED, State, Trial, losses

__all__ = ["History"]


_WAITING = (State.WAITING, State.PAUSED)


class History:
    """All trials of a sweep so far.

    Attributes:
        trials: By number.
        counts: How many there are in each state.
        seen: Canonical keys of all assignments, in whatever state.
        ended: How many have ended.
        running: Numbers of the running ones, in the order in which they began.
        waiting: Numbers of those that wait or are paused.
        best: The ended trial with the lowest finite loss of the first goal among those that keep
            to the constraints; the earlier number wins a tie.
        nearest: Where none keeps to them: the trial with a finite loss that comes nearest to it.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.trials: list[Trial] = []
        self.counts: dict[State, int] = dict.fromkeys(State, 0)
        self.seen: set[Hashable] = set()
        self.ended = 0
        self.running: dict[int, None] = {}
        self.waiting: dict[int, None] = {}
        self.best: Trial | None = None
        self._best_loss = inf
        self._nearest: tuple[float, float, int] | None = None
        self._worked: list[tuple[float, float]] = []  # disjoint, ascending

    def add(self, changed: Iterable[Trial]) -> None:
        """Take in trials that are new or changed, in the order of their numbers."""
        for trial in changed:
            self._add(trial)

    @property
    def nearest(self) -> Trial | None:
        """See above."""
        if self.best is not None or self._nearest is None:
            return None
        return self.trials[self._nearest[2]]

    def working_time(self, now: datetime) -> float:
        """Return the seconds in which at least one trial ran, up to now.

        Time between a crash of everything and the next start does not count, nor does
        the time of an attempt whose agent died.
        """
        spans = list(self._worked)
        running = [
            started.timestamp()
            for number in self.running
            if (started := self.trials[number].started) is not None
        ]
        if running:
            _merge(spans, min(running), now.timestamp())
        return sum(end - start for start, end in spans)

    def _add(self, trial: Trial) -> None:
        number, state = trial.number, trial.state
        before: State | None = None
        if number < len(self.trials):
            before = self.trials[number].state
            self.counts[before] -= 1
            self.trials[number] = trial
        else:
            # The feed lists trials in the order of their numbers, which are dense.
            self.trials.append(trial)
            self.seen.add(self.sweep.space.key(trial.params))
        self.counts[state] += 1
        if state is State.RUNNING:
            self.running[number] = None
        elif before is State.RUNNING:
            del self.running[number]
        if state in _WAITING:
            self.waiting[number] = None
        elif before in _WAITING:
            del self.waiting[number]
        if state in ENDED and before not in ENDED:
            self._end(trial)

    def _end(self, trial: Trial) -> None:
        self.ended += 1
        if trial.started is not None and trial.finished is not None:
            _merge(self._worked, trial.started.timestamp(), trial.finished.timestamp())
        found = losses(trial, self.sweep.goals[:1])
        if found is None or not isfinite(found[0]):
            return
        over = violation(trial, self.sweep.constraints)
        if over > 0:
            near = (over, found[0], trial.number)
            self._nearest = near if self._nearest is None else min(self._nearest, near)
            return
        better = found[0] < self._best_loss
        tie = found[0] == self._best_loss and self.best and trial.number < self.best.number
        if better or tie:
            self.best, self._best_loss = trial, found[0]


def _merge(spans: list[tuple[float, float]], start: float, end: float) -> None:
    """Put an interval into a list of disjoint ascending ones, in place."""
    if end <= start:
        return
    first = bisect_left(spans, start, key=lambda span: span[1])
    last = bisect_right(spans, end, key=lambda span: span[0])
    if first < last:
        start, end = min(start, spans[first][0]), max(end, spans[last - 1][1])
    spans[first:last] = [(start, end)]
