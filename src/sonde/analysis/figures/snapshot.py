"""Trials as arrays: what every figure is made from.

A snapshot is some trials of one sweep, as they were at one version. Its columns are made when
a figure first asks for them: of 100,000 trials each costs some hundredths of a second, and no
figure needs all.

What is missing (a parameter that does not exist in a trial, a metric that never came) is told
from NaN, and NaN from the infinities: a column has `values`, and `has`, which tells where there
is one at all.
"""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonde.core.constraint import is_feasible
from sonde.core.distributions import Choice, Constant, Distribution
from sonde.core.distributions.values import Value, canonical, is_number
from sonde.core.metric import Goal, SummaryKind
from sonde.core.sight import Sight
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial, is_cut_short

__all__ = ["STATES", "Bools", "Column", "Floats", "Ints", "Snapshot", "Source"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STATES = tuple(State)
"""A snapshot's `states` are places in it."""
_CODES = {state: code for code, state in enumerate(STATES)}
_MISSING: Any = object()  # None is a value that a parameter may have


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """A value for each of some trials.

    Attributes:
        values: (n,): numbers, or places in `words`. NaN where `has` is false.
        has: (n,): where there is a value; it may be NaN.
        words: The categories; None for numbers.
        whole: Whether the numbers are whole ones.
    """

    values: Floats
    has: Bools
    words: tuple[Value, ...] | None = None
    whole: bool = False

    def at(self, rows: Ints) -> "Column":
        """Return the values of some rows."""
        return Column(
            values=self.values[rows], has=self.has[rows], words=self.words, whole=self.whole
        )

    @property
    def finite(self) -> Bools:
        """Where there is a value, and it is finite."""
        found: Bools = self.has & np.isfinite(self.values)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which trials a figure was made from.

    Attributes:
        sweep: Its id.
        version: Of the sweep, when they were read.
        trials: How many the sweep had in all.
        chosen: How many of them a filter let through; all, without one.
        states: These, by state.
    """

    sweep: str
    name: str
    version: int
    trials: int
    chosen: int
    states: Mapping[str, int]


class Snapshot:
    """Some trials of a sweep. It is not changed by what becomes of the sweep.

    Attributes:
        numbers: (n,): the trials' numbers, ascending.
        states: (n,): places in `STATES`.
        company: Those that share a figure with it, itself included, in the figure's order: axes
            reach over all of them, and their categories have the same places.
    """

    def __init__(
        self,
        definition: Sweep,
        trials: Sequence[Trial],
        *,
        sweep: str = "",
        name: str = "",
        version: int = 0,
        rows: Sequence[int] | Ints | None = None,
    ) -> None:
        """Take trials.

        Args:
            definition: Of their sweep.
            trials: All of them, by number.
            sweep: The sweep's id.
            name: The sweep's name.
            version: As of which they were read.
            rows: Which of them; None: all.
        """
        self.definition = definition
        self.trials = trials if rows is None else [trials[row] for row in rows]
        self.numbers: Ints = np.array([trial.number for trial in self.trials], dtype=np.int64)
        codes = [_CODES[trial.state] for trial in self.trials]
        self.states: Ints = np.array(codes, dtype=np.int64)
        counts = np.bincount(self.states, minlength=len(STATES)).tolist()
        by_state = zip(STATES, counts, strict=True)
        self.source = Source(
            sweep=sweep,
            name=name,
            version=version,
            trials=len(trials),
            chosen=len(self.trials),
            states={state.value: count for state, count in by_state if count},
        )
        self.company: Sequence[Snapshot] = (self,)
        self._params: dict[str, Column] = {}
        self._metrics: dict[tuple[str, SummaryKind], Column] = {}

    def __len__(self) -> int:
        return len(self.trials)

    def beside(self, others: "Sequence[Snapshot]") -> "Snapshot":
        """Return the same trials for a figure that they share with others."""
        found = copy(self)
        found.company = others
        found._params = {}
        return found

    def param(self, name: str) -> Column:
        """Return the values of a parameter; of one that only another space has, none."""
        if name not in self._params:
            values = [params.get(name, _MISSING) for params in self._assignments]
            words = self._categories(name)
            if words is None:
                drawn = [one.at(0.5) for one in self.distributions(name)]
                whole = all(isinstance(value, int) for value in drawn)
                self._params[name] = _numbers(values, whole=whole)
            else:
                self._params[name] = _words(values, words)
        return self._params[name]

    def distributions(self, name: str) -> list[Distribution]:
        """Return what a parameter is drawn from in each space of the company that has it."""
        spaces = [one.definition.space for one in self.company]
        return [space[name].distribution for space in spaces if name in space]

    def _categories(self, name: str) -> Sequence[Value] | None:
        """Return the categories of a parameter, alike for the whole company; None: numbers."""
        drawn = self.distributions(name)
        choices = [one for one in drawn if isinstance(one, (Choice, Constant))]
        offered = [value for one in choices for value in _offered(one)]
        if len(self.company) == 1 and choices:
            return offered
        every = [one._assignments for one in self.company]
        tried = [params[name] for trials in every for params in trials if name in params]
        if len(choices) < len(drawn) and all(map(is_number, [*offered, *tried])):
            return None
        if len(self.company) == 1:  # somebody's own value, or that of a former space
            return ()
        known = _words([*offered, *tried], ()).words or ()
        numbers: list[Any] = list(known)
        return sorted(numbers) if all(map(is_number, known)) else known

    @cached_property
    def _assignments(self) -> Sequence[Mapping[str, Any]]:
        """What each trial had; what an edit says of those before it is filled in."""
        if not self.definition.backfill:
            return [trial.params for trial in self.trials]
        sight = Sight(self.definition)
        return [sight.completed(trial.params) for trial in self.trials]

    def told(self) -> list[Trial]:
        """Return the trials as the present space sees them, without those outside of it."""
        sight = Sight(self.definition)
        return [told for trial in self.trials if (told := sight.trial(trial)) is not None]

    def metric(self, name: str, summary: SummaryKind = SummaryKind.LAST) -> Column:
        """Return a number of each trial's curve of a metric."""
        key = name, summary
        if key not in self._metrics:
            found = [trial.metrics.get(name) for trial in self.trials]
            values = [_MISSING if one is None else one.value(summary) for one in found]
            self._metrics[key] = _numbers(values, whole=False)
        return self._metrics[key]

    def goal(self, goal: Goal) -> Column:
        """Return the values of a goal."""
        return self.metric(goal.metric, goal.summary)

    @cached_property
    def comparable(self) -> Bools:
        """(n,): whether what a trial reports can be compared with others.

        It ran to its end, or was stopped otherwise than by a rule that cut it short.
        """
        goals = self.definition.goals
        kept = [
            trial.state is State.DONE
            or (trial.state is State.STOPPED and not is_cut_short(trial, goals))
            for trial in self.trials
        ]
        return np.array(kept, dtype=np.bool_)

    @cached_property
    def feasible(self) -> Bools:
        """(n,): whether a trial keeps to the constraints; true where there are none."""
        bounds = self.definition.constraints
        if not bounds:
            return np.ones(len(self), dtype=np.bool_)
        return np.array([is_feasible(trial, bounds) for trial in self.trials], dtype=np.bool_)

    def results(self, goal: Goal) -> Bools:
        """(n,): whether a trial has a finite value of a goal that can be compared."""
        found: Bools = self.comparable & self.goal(goal).finite
        return found

    @cached_property
    def started(self) -> Column:
        """When each trial's last attempt began, in seconds since the epoch."""
        return _numbers([_seconds(trial.started) for trial in self.trials], whole=False)

    @cached_property
    def finished(self) -> Column:
        """When each trial ended, in seconds since the epoch."""
        return _numbers([_seconds(trial.finished) for trial in self.trials], whole=False)

    @cached_property
    def agents(self) -> Column:
        """Who ran each trial last; an empty text where nobody is known to have."""
        return _words([trial.agent or "" for trial in self.trials], ())

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that a trial has: those of the goals first, then as they came up."""
        names = dict.fromkeys(self.definition.wanted)
        for trial in self.trials:
            if trial.metrics.keys() - names.keys():
                names |= dict.fromkeys(trial.metrics)
        return tuple(names)


def _offered(distribution: Choice | Constant) -> tuple[Value, ...]:
    """Return what may come up, numbers in ascending order."""
    values: list[Any] = list(distribution.grid())
    if all(is_number(value) for value in values):
        values.sort()
    return tuple(values)


def _numbers(values: Sequence[Any], *, whole: bool) -> Column:
    found = [math.nan if value is _MISSING else _float(value) for value in values]
    has = [value is not _MISSING for value in values]
    return Column(
        values=np.array(found, dtype=np.float64), has=np.array(has, dtype=np.bool_), whole=whole
    )


def _words(values: Sequence[Any], words: Sequence[Value]) -> Column:
    """Return places among words: those that are offered first, then others as they come up."""
    known = {canonical(word): place for place, word in enumerate(words)}
    listed = list(words)
    places = []
    for value in values:
        if value is _MISSING:
            places.append(math.nan)
            continue
        key = canonical(value)
        place = known.get(key)
        if place is None:
            place = known[key] = len(listed)
            listed.append(value)
        places.append(place)
    array = np.array(places, dtype=np.float64)
    return Column(values=array, has=~np.isnan(array), words=tuple(listed))


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond the floats
        return math.inf if value > 0 else -math.inf


def _seconds(time: datetime | None) -> Any:
    return _MISSING if time is None else time.timestamp()
