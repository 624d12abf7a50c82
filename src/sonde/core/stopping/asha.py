"""ASHA, in its stopping form: who is not among the best 1/eta at a rung stops there.

A *rung* is a number of steps: r, r * eta, r * eta^2, ... A trial that reaches one goes on if it
is among the best 1/eta of all that have reached it so far. No trial waits for another, so a slow
agent delays nobody; the first to arrive goes on.

Source: Li et al., MLSys 2020 (arXiv:1810.05934, 2018), section 3.1; r and eta are its letters.
The paper promotes paused trials (Algorithm 2); stopping in their place is the variant of Syne
Tune and Ray Tune, of which we keep Syne Tune's rounding: ceil(n / eta) of n go on. Two things
are our own: what is not finite never goes on, and nothing is judged where a trial has ended
by itself already (R is learned, where it is not given).
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import isfinite

from sonde.core.stopping.protocol import Heard
from sonde.core.trial import State
from sonde.errors import ConfigError

__all__ = ["Asha", "survives"]

_WHERE = "stop asha"


def survives(loss: float, better: int, arrived: int, eta: int) -> bool:
    """Tell whether a trial goes on from a rung.

    Args:
        loss: Its loss there; what is not finite never survives.
        better: How many of those that arrived before it are better.
        arrived: How many those are.
        eta: One in `eta` survives, and always the first to arrive.
    """
    return isfinite(loss) and better < -(-(arrived + 1) // eta)


_Arrival = tuple[float, int, float]  # when, which trial, with what loss


class _Rung:
    """Who arrived at a rung, in the order of the times at which they did, and who fell there.

    The order in which one hears of them plays no part: what comes late is put in its place, and
    what was decided after it is decided again.

    Attributes:
        fell: How many of those before a trial were better, and how many those were.
    """

    __slots__ = ("_arrived", "_eta", "_losses", "_new", "fell")

    def __init__(self, eta: int) -> None:
        self.fell: dict[int, tuple[int, int]] = {}
        self._eta = eta
        self._new: list[_Arrival] = []
        self._arrived: list[_Arrival] = []  # ranked, ascending
        self._losses: list[float] = []  # theirs, ascending

    def add(self, arrival: _Arrival) -> None:
        """Note an arrival; it is ranked by the next `rank`."""
        self._new.append(arrival)

    def remove(self, arrival: _Arrival) -> None:
        """Forget one, as if it had never been."""
        if arrival in self._new:
            self._new.remove(arrival)
            return
        self._take_back(bisect_left(self._arrived, arrival))
        self._new.remove(arrival)

    def rank(self) -> None:
        """Decide on all that are new."""
        if not self._new:
            return
        self._take_back(bisect_left(self._arrived, min(self._new)))
        for arrival in sorted(self._new):
            _, number, loss = arrival
            better, arrived = bisect_left(self._losses, loss), len(self._losses)
            if not survives(loss, better, arrived, self._eta):
                self.fell[number] = better, arrived
            insort(self._losses, loss)
            self._arrived.append(arrival)
        self._new.clear()

    def _take_back(self, place: int) -> None:
        for arrival in self._arrived[place:]:
            _, number, loss = arrival
            del self._losses[bisect_left(self._losses, loss)]
            self.fell.pop(number, None)
            self._new.append(arrival)
        del self._arrived[place:]


@dataclass(slots=True)
class _Run:
    count: int = 0
    at: list[_Arrival] = field(default_factory=list)  # its arrival at each rung


@dataclass(slots=True)
class _Seen:
    runs: dict[int, _Run] = field(default_factory=dict)
    rungs: list[_Rung] = field(default_factory=list)
    longest: int | None = None  # steps of a trial that ran to its end


class Asha:
    """The rule.

    Args:
        eta: One trial in `eta` goes on from each rung.
        min_steps: r, the first rung.
        max_steps: R: from there on nobody is stopped. None: as many as a trial had that ran
            to its end.
    """

    name = "asha"

    def __init__(self, *, eta: int = 3, min_steps: int = 1, max_steps: int | None = None) -> None:
        if not _is_count(eta) or eta < 2:
            raise ConfigError(
                _WHERE, f"eta={eta!r} is no whole number from 2 on", "use for instance 3"
            )
        if not _is_count(min_steps) or min_steps < 1:
            raise ConfigError(
                _WHERE, f"min_steps={min_steps!r} is no whole number from 1 on", "use 1 or 3"
            )
        if max_steps is not None and (not _is_count(max_steps) or max_steps <= min_steps):
            raise ConfigError(
                _WHERE,
                f"max_steps={max_steps!r} is no whole number above min_steps={min_steps}",
                "raise it, or leave it out",
            )
        self.eta, self.min_steps, self.max_steps = eta, min_steps, max_steps

    def start(self) -> _Seen:
        """Return a state without trials."""
        return _Seen()

    def hear(self, state: _Seen, heard: Heard) -> _Seen:
        """Count the steps, and note who arrives at a rung."""
        number = heard.number
        run = state.runs.setdefault(number, _Run())
        if heard.afresh:
            for rung, arrival in zip(state.rungs, run.at, strict=False):
                rung.remove(arrival)
            run = state.runs[number] = _Run()
        for point in heard.points:
            run.count += 1
            if run.count == self._level(len(run.at)):
                if len(run.at) == len(state.rungs):
                    state.rungs.append(_Rung(self.eta))
                arrival = point.time, number, point.reached
                state.rungs[len(run.at)].add(arrival)
                run.at.append(arrival)
        if heard.state is State.DONE:
            state.longest = max(state.longest or 0, run.count)
        return state

    def judge(self, state: _Seen, number: int) -> str | None:
        """Say at which rung the trial fell, if it did."""
        run = state.runs.get(number)
        if run is None:
            return None
        last = self.max_steps if self.max_steps is not None else state.longest
        for place, (_, _, loss) in enumerate(run.at):
            if last is not None and self._level(place) >= last:
                break
            rung = state.rungs[place]
            rung.rank()
            if number in rung.fell:
                return self._said(place, loss, *rung.fell[number])
        return None

    def _level(self, place: int) -> int:
        # Multiplied out rather than counted with logarithms: log(243) / log(3) is 4.999...
        return self.min_steps * int(self.eta**place)

    def _said(self, place: int, loss: float, better: int, arrived: int) -> str:
        steps = self._level(place)
        after = f"{self.name}: after {steps} step{'s' if steps > 1 else ''}"
        if not isfinite(loss):
            return f"{after} it had diverged"
        room = -(-(arrived + 1) // self.eta)
        return f"{after} at place {better + 1} of {arrived + 1}, and the best {room} go on"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
