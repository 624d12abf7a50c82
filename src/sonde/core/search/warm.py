"""A warm start, for any method: what the user believes and what earlier sweeps found comes first.

Where the user has guessed values, the first trial is at the guess. The best of earlier sweeps are
tried next, three at most, in turns with the method's own points, which begin as they would
have anyway: should the past mislead, few trials are lost to it. After the first of them two of
the own trials are awaited, and as soon as these or later ones are better than what was found
earlier, no more of that is tried.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import Any

from sonde.core.distributions.values import Params, Value
from sonde.core.earlier import Lesson
from sonde.core.search.protocol import Method, Problem, Request
from sonde.core.space import Space
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Warm"]

_MOST = 3  # points of earlier sweeps that are tried
_TURNS = 16  # trials among which they are; every other one
_ENOUGH_OWN = 2


@dataclass(slots=True)
class State:
    """The method's state, and what is offered beside it.

    Attributes:
        inner: The method's.
        guess: Where the user believes the best to be, if anywhere.
        offers: The best of earlier sweeps, by key.
        told: Keys of the guess and of the offers.
        earlier: The lowest loss of those that were tried.
        own: Losses of the others.
    """

    problem: Problem
    inner: Any
    guess: Params | None
    offers: Mapping[Hashable, Params]
    told: frozenset[Hashable]
    earlier: float = math.inf
    own: list[float] = field(default_factory=list)

    @property
    def is_refuted(self) -> bool:
        """Whether the method found better by itself."""
        return len(self.own) >= _ENOUGH_OWN and min(self.own) < self.earlier < math.inf

    @property
    def is_upheld(self) -> bool:
        """Whether what was found earlier is no worse than what the method found by itself."""
        return len(self.own) >= _ENOUGH_OWN and self.earlier <= min(self.own)


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
        return State(
            problem=problem,
            inner=self._method.start(problem),
            guess=guess,
            offers=offers,
            told=frozenset([*offers, *([] if guess is None else [space.key(guess)])]),
        )

    def observe(self, state: State, trial: Trial) -> State:
        """Take in a trial that has ended."""
        state.inner = self._method.observe(state.inner, trial)
        if state.offers and trial.number < _TURNS:
            found = losses(trial, state.problem.goals[:1])
            loss = math.inf if found is None else found[0]
            if state.problem.space.key(trial.params) in state.offers:
                state.earlier = min(state.earlier, loss)
            else:
                state.own.append(loss)
        return state

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
    if not left or number % 2 or state.is_refuted:
        return None
    is_first = len(left) == len(state.offers)
    return left[0] if is_first or state.is_upheld else None


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
