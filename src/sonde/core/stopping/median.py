"""The median rule: who never did better than the others did on average stops.

At step n a running trial stops if the best of its values so far is worse than the median of the
running averages, up to step n, of the trials that have ended and came that far. No model of a
curve is made, so it holds for curves of any form.

Source: Golovin et al., KDD 2017 (Google Vizier), section 3.2.2. Two things are our own: nobody is
stopped before `min_trials` trials have ended beyond that step (5, as Optuna's pruner waits for),
and of trials that were stopped the running averages count as far as they came.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import inf

from sonde.core.stopping.protocol import Heard
from sonde.core.trial import State
from sonde.errors import ConfigError

__all__ = ["Median"]

_WHERE = "stop median"
_COUNTING = (State.DONE, State.STOPPED)


@dataclass(slots=True)
class _Run:
    """One trial: the least of its losses, and their running averages."""

    least: float = inf
    total: float = 0.0
    averages: list[float] = field(default_factory=list)
    counts: bool = False


@dataclass(slots=True)
class _Seen:
    runs: dict[int, _Run] = field(default_factory=dict)
    levels: list[list[float]] = field(default_factory=list)  # averages at each step, ascending


class Median:
    """The rule.

    Args:
        min_steps: The first step at which a trial may be stopped.
        min_trials: How many trials must have ended beyond a step before it is judged there.
    """

    name = "median"

    def __init__(self, *, min_steps: int = 1, min_trials: int = 5) -> None:
        for key, value in (("min_steps", min_steps), ("min_trials", min_trials)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    _WHERE, f"{key}={value!r} is no whole number from 1 on", "use 1 or 5"
                )
        self.min_steps, self.min_trials = min_steps, min_trials

    def start(self) -> _Seen:
        """Return a state without trials."""
        return _Seen()

    def hear(self, state: _Seen, heard: Heard) -> _Seen:
        """Follow a trial's averages; once it has ended they count."""
        run = state.runs.get(heard.number)
        if run is None or heard.afresh:
            if run is not None and run.counts:
                for level, average in zip(state.levels, run.averages, strict=False):
                    del level[bisect_left(level, average)]
            run = state.runs[heard.number] = _Run()
        for point in heard.points:
            run.least = min(run.least, point.loss)
            run.total += point.loss
            if run.total != run.total:  # infinity of both signs
                run.total = inf
            run.averages.append(run.total / (len(run.averages) + 1))
        if heard.state in _COUNTING and not run.counts:
            run.counts = True
            state.levels += [[] for _ in range(len(run.averages) - len(state.levels))]
            for level, average in zip(state.levels, run.averages, strict=False):
                insort(level, average)
        return state

    def judge(self, state: _Seen, number: int) -> str | None:
        """Compare at the last step of the trial."""
        run = state.runs.get(number)
        if run is None or len(run.averages) < self.min_steps:
            return None
        steps = len(run.averages)
        if steps > len(state.levels):
            return None
        others = state.levels[steps - 1]
        if len(others) < self.min_trials or run.least <= _median(others):
            return None
        return (
            f"{self.name}: after {steps} step{'s' if steps > 1 else ''} its best was worse than "
            f"the median of the averages of {len(others)} trials"
        )


def _median(ascending: list[float]) -> float:
    half, is_odd = divmod(len(ascending), 2)
    if is_odd:
        return ascending[half]
    return ascending[half - 1] / 2 + ascending[half] / 2  # halved first: the sum may overflow
