"""The median rule: who never did better than the others did on average stops.

At step n a running trial stops if the best of its values so far is worse than the median of the
running averages, up to step n, of the trials that have ended and came that far. No model of a
curve is made, so it holds for curves of any form.

Source: Golovin et al., KDD 2017 (Google Vizier), section 3.2.2. Two things are our own: nobody is
stopped before `min_trials` trials have ended beyond that step (5, as Optuna waits for), and
of trials that were stopped the running averages count as far as they came. It may also be another
share than half (`percent`), and not at each step (`every`), as in Optuna's PercentilePruner.
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
        percent: Who is no worse than the best so many of a hundred goes on.
        every: From `min_steps` on each so many steps.
    """

    name = "median"

    def __init__(
        self, *, min_steps: int = 1, min_trials: int = 5, percent: float = 50, every: int = 1
    ) -> None:
        whole = (("min_steps", min_steps), ("min_trials", min_trials), ("every", every))
        for key, value in whole:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(
                    _WHERE, f"{key}={value!r} is no whole number from 1 on", "use 1 or 5"
                )
        is_number = isinstance(percent, int | float) and not isinstance(percent, bool)
        if not is_number or not 0 <= percent <= 100:
            raise ConfigError(_WHERE, f"percent={percent!r} is not from 0 to 100", "use 50")
        self.min_steps, self.min_trials = min_steps, min_trials
        self._percent, self._every = float(percent), every

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
        if steps > len(state.levels) or (steps - self.min_steps) % self._every:
            return None
        others = state.levels[steps - 1]
        if len(others) < self.min_trials or run.least <= self._bar(others):
            return None
        share = "median" if self._percent == 50 else f"best {self._percent:g} %"
        return (
            f"{self.name}: after {steps} step{'s' if steps > 1 else ''} its best was worse than "
            f"the {share} of the averages of {len(others)} trials"
        )

    def _bar(self, ascending: list[float]) -> float:
        """Return what a trial is not to be worse than."""
        if self._percent == 50:
            return _median(ascending)
        place = (len(ascending) - 1) * self._percent / 100
        below = int(place)
        low, high = ascending[below], ascending[min(below + 1, len(ascending) - 1)]
        return low if low == high else low + (high - low) * (place - below)


def _median(ascending: list[float]) -> float:
    half, is_odd = divmod(len(ascending), 2)
    if is_odd:
        return ascending[half]
    return ascending[half - 1] / 2 + ascending[half] / 2  # halved first: the sum may overflow
