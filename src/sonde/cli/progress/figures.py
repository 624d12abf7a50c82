"""How far a sweep is, how fast it goes, and when it will be done."""

from collections import deque
from collections.abc import Sequence
from statistics import median

from sonde.core.trial import State, Trial
from sonde.executors.drive import View
from sonde.store.total import total_of

__all__ = ["Figures"]

_RECENT = 50  # trials that the median duration is taken over
_RATE_S = 60.0


class Figures:
    """Counts that are kept while a sweep is watched.

    Attributes:
        recent: The trials that ended while we watched, the last one first.
        failed: The last that failed while we watched.
    """

    def __init__(self) -> None:
        self.recent: deque[Trial] = deque(maxlen=16)
        self.failed: Trial | None = None
        self.best_since = 0  # how many had ended when the best one did
        self._best: int | None = None
        self._ended_here = 0
        self._durations: deque[float] = deque(maxlen=_RECENT)
        self._ends: deque[float] = deque()

    def update(self, view: View, changed: Sequence[Trial]) -> list[Trial]:
        """Take in what changed; return the trials that have ended since."""
        ended = [t for t in changed if t.is_ended and t.finished and t.finished >= view.started]
        for trial in sorted(ended, key=lambda t: t.version):
            self.recent.appendleft(trial)
            self._ended_here += 1
            if trial.state is State.FAILED:
                self.failed = trial
            if trial.started and trial.finished:
                if trial.state in {State.DONE, State.STOPPED}:
                    self._durations.append((trial.finished - trial.started).total_seconds())
                self._ends.append(trial.finished.timestamp())
        best = view.history.best
        if best is not None and best.number != self._best:
            self._best, self.best_since = best.number, view.history.ended
        return ended

    def rate(self, view: View) -> float | None:
        """Ended trials a minute, over the last minute."""
        now = view.now.timestamp()
        while self._ends and self._ends[0] < now - _RATE_S:
            self._ends.popleft()
        span = min(_RATE_S, (view.now - view.started).total_seconds())
        return len(self._ends) * 60 / span if span > 1 and self._ends else None

    def eta_s(self, view: View) -> float | None:
        """Seconds until all is done, from the median duration of the last trials; or None."""
        total = total_of(view.record, view.history.trials)
        by_count = None
        if total is not None and self._durations:
            typical = median(self._durations)
            left = (total - view.history.ended) * typical
            for trial in view.running:
                if trial.started is not None:
                    left -= min((view.now - trial.started).total_seconds(), typical)
            by_count = max(left, 0.0) / max(view.workers, 1)
        if view.record.budget.time_s is None:
            return by_count
        by_time = max(view.record.budget.time_s - view.history.working_time(view.now), 0.0)
        return by_time if by_count is None else min(by_count, by_time)
