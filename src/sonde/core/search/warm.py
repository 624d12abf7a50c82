"""A warm start, for any method: what the user believes and what earlier sweeps found comes first.

Where the user has guessed values, the first trial is at the guess. Then the past is on trial: the
best of each earlier sweep is tried, and in turns with these the method begins as it would have
anyway. If most of its first three points are better, the past misleads and is forgotten, the
results of those trials too. (One better point is no proof: under noise it is often luck.) The
method then goes on as if there had been no past, so that what misleads costs these trials, one a
sweep, and nothing else. Otherwise the method is told all, and more of the earlier bests are tried,
three altogether, until it has found better by itself.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, zip_longest
from typing import Any

from sonde.core.distributions.values import Params, Value
from sonde.core.dominance import dominates
from sonde.core.earlier import Lesson
from sonde.core.search.protocol import Method, Problem, Request
from sonde.core.space import Space
from sonde.core.trial import State as TrialState
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Standing", "Warm"]

_MOST = 3  # points of earlier sweeps that are tried
_TURNS = 16  # trials among which they are; every other one
_ENOUGH_OWN = 3  # assignments against which the first of them have to hold their own


class Standing(StrEnum):
    """What became of earlier sweeps."""

    ON_TRIAL = "on trial"
    BELIEVED = "believed"
    FORGOTTEN = "forgotten"


@dataclass(slots=True)
class State:
    """The method's state, and what is offered beside it.

    Attributes:
        inner: The method's; as long as the past is on trial, of one that knows nothing of it.
        guess: Where the user believes the best to be, if anywhere.
        offers: The best of earlier sweeps, by key; the best of each comes first.
        heads: How many of them are tried before more is known.
        told: Keys of the guess and of the offers.
        is_on_trial: Whether the past may still turn out to mislead.
        withheld: Keys of what the method is never told, as the past has misled.
        trials: All that have ended while the past was on trial.
        found: Losses of what has ended while offers may be made, by key.
    """

    problem: Problem
    inner: Any
    guess: Params | None
    offers: Mapping[Hashable, Params]
    heads: int
    told: frozenset[Hashable]
    is_on_trial: bool
    withheld: frozenset[Hashable] = frozenset()
    trials: list[Trial] = field(default_factory=list)
    found: dict[Hashable, list[tuple[float, ...]]] = field(default_factory=dict)

    def note(self, key: Hashable, trial: Trial) -> None:
        """Take down how a trial has ended; a cancelled one says nothing."""
        if trial.state is not TrialState.CANCELLED:
            nothing = (math.inf,) * len(self.problem.goals)
            self.found.setdefault(key, []).append(losses(trial, self.problem.goals) or nothing)

    @property
    def is_ripe(self) -> bool:
        """Whether the first offers and enough of the method's own points have ended."""
        tried = sum(key in self.found for key in self.offers)
        return tried >= self.heads and len(self.found) - tried >= _ENOUGH_OWN

    @property
    def is_misled(self) -> bool:
        """Whether each offer that was tried is worse than most of the method's own points."""
        return min(self._beaten()) > 0.5

    @property
    def is_beaten(self) -> bool:
        """Whether for each offer that was tried the method found better by itself."""
        return min(self._beaten()) > 0

    def _beaten(self) -> list[float]:
        """Return for each offer that was tried the share of the own points that are better."""
        means = {
            key: tuple(math.fsum(each) / len(each) for each in zip(*several, strict=True))
            for key, several in self.found.items()
        }
        own = [mean for key, mean in means.items() if key not in self.offers]
        return [
            sum(dominates(mine, theirs) for mine in own) / len(own)
            for key, theirs in means.items()
            if key in self.offers
        ]


class Warm:
    """A method that begins with what is believed and known.

    Args:
        method: The one that does the rest.
    """

    def __init__(self, method: Method[Any]) -> None:
        self._method = method

    @property
    def name(self) -> str:
        """The method's."""
        return self._method.name

    @property
    def adaptive(self) -> bool:
        """True: what of the past is tried depends on results."""
        return True

    def start(self, problem: Problem) -> State:
        """Return the method's first state and what comes before it; see `Method.start`."""
        space = problem.space
        guess = _filled(space, {}) if space.has_guesses else None
        offers = _offers(space, problem.earlier)
        first = replace(problem, earlier=()) if offers else problem
        return State(
            problem=problem,
            inner=self._method.start(first),
            guess=guess,
            offers=offers,
            heads=min(len(problem.earlier), len(offers)),
            told=frozenset([*offers, *([] if guess is None else [space.key(guess)])]),
            is_on_trial=bool(offers),
        )

    def observe(self, state: State, trial: Trial) -> State:
        """Take in a trial that has ended."""
        key = state.problem.space.key(trial.params)
        if key in state.withheld:
            return state
        if state.is_on_trial:
            state.trials.append(trial)
        if state.is_on_trial or (state.offers and trial.number < _TURNS):
            state.note(key, trial)
        if not (state.is_on_trial and key in state.offers):
            state.inner = self._method.observe(state.inner, trial)
        if state.is_on_trial and state.is_ripe:
            self._judge(state)
        return state

    def standing(self, state: State) -> Standing:
        """Return what became of the earlier sweeps; such as leave nothing to try are believed."""
        if state.is_on_trial:
            return Standing.ON_TRIAL
        return Standing.FORGOTTEN if state.withheld else Standing.BELIEVED

    def _judge(self, state: State) -> None:
        """Forget the past if it misleads; else tell it to the method."""
        if state.is_misled:
            state.withheld = frozenset(key for key in state.found if key in state.offers)
            state.told -= state.offers.keys() - state.withheld
            state.offers = {}
        else:
            state.inner = self._method.start(state.problem)
            for trial in state.trials:
                state.inner = self._method.observe(state.inner, trial)
        state.is_on_trial = False
        state.trials = []

    def propose(self, state: State, request: Request) -> list[Params]:
        """Return the guess, earlier bests in turn, and what the method proposes."""
        space = state.problem.space
        found: list[Params] = []
        taken: set[Hashable] = set()
        while len(found) < request.count:
            number = request.first + len(found)
            is_early = number < _TURNS
            params = _due(state, number, {*request.seen, *taken}) if is_early else None
            count = 1 if is_early else request.count - len(found)
            new = [params] if params else self._own(state, request, found, taken, count)
            found += new
            taken.update(map(space.key, new))
            if len(new) < count:
                break
        return found

    def _own(
        self,
        state: State,
        request: Request,
        found: Sequence[Params],
        taken: Collection[Hashable],
        count: int,
    ) -> list[Params]:
        """Return the method's own points but for those that are taken; fewer: it has no more.

        They are no trials yet, so that the method must not be told that they were seen. It
        counts without what it was told, so that it begins as it would have by itself.
        """
        asked = count
        while True:
            number = request.first + len(found)
            now = Request(
                first=number - _told(state, {*request.seen, *taken}),
                count=asked,
                pending=[*request.pending, *found],
                seen=request.seen,
            )
            got = self._method.propose(state.inner, now)
            new = [params for params in got if state.problem.space.key(params) not in taken]
            if len(new) >= count or len(got) < asked:
                return new[:count]
            asked += count - len(new)


def _told(state: State, seen: Collection[Hashable]) -> int:
    """Return how many trials there are that the method did not propose."""
    return sum(key in seen for key in state.told)


def _due(state: State, number: int, seen: Collection[Hashable]) -> Params | None:
    """Return what is to be tried instead of the method's own point, if anything."""
    if state.guess is not None and state.problem.space.key(state.guess) not in seen:
        return state.guess
    left = [params for key, params in state.offers.items() if key not in seen]
    if not left or number % 2:
        return None
    is_head = len(state.offers) - len(left) < state.heads
    return left[0] if is_head or not (state.is_on_trial or state.is_beaten) else None


def _offers(space: Space, earlier: Sequence[Lesson]) -> dict[Hashable, Params]:
    """Return the best few, by turns from each lesson; what is unknown at its guess or middle."""
    ranked = [lesson.best_first() for lesson in earlier]
    offers: dict[Hashable, Params] = {}
    for params in chain.from_iterable(zip_longest(*ranked)):
        filled = None if params is None else _filled(space, params)
        if filled is not None:
            offers.setdefault(space.key(filled), filled)
        if len(offers) == _MOST:
            break
    return offers


def _filled(space: Space, params: Mapping[str, Value]) -> Params | None:
    """Return it as an assignment of the space, if it can be one."""
    active = {name: value for name, value in params.items() if name in space}
    while True:
        try:
            return space.completed(active)
        except ConfigError:
            kept = {name: active[name] for name in space.active(active) if name in active}
            if kept == active:
                return None
            active = kept
