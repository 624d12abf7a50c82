"""`auto` at work: a method that leaves each proposal to the one that the rule names then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sonde.core.distributions.values import Params
from sonde.core.search.auto import Progress, choose
from sonde.core.search.protocol import Method, Problem, Request
from sonde.core.trial import Trial

__all__ = ["Auto", "Portfolio"]


@dataclass(slots=True)
class _Member:
    """A method with its state, and how many trials of the sweep it has taken in."""

    method: Method[Any]
    state: Any
    taken: int = 0


class Portfolio:
    """The trials so far, and the methods that have been asked; a later one reads up."""

    def __init__(self, problem: Problem, find: Callable[[str], Method[Any]]) -> None:
        self.problem = problem
        self._find = find
        self._trials: list[Trial] = []
        self._members: dict[str, _Member] = {}

    def add(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        self._trials.append(trial)

    def choice(self, at_once: int) -> str:
        """Return the name of the method to use now, where so many trials run at once."""
        progress = Progress.of(len(self._trials), reversed(self._trials), at_once)
        return choose(self.problem, progress=progress)[0]

    def member(self, name: str) -> _Member:
        """Return a method that knows all trials."""
        if name not in self._members:
            found = self._find(name)
            self._members[name] = _Member(found, found.start(self.problem))
        member = self._members[name]
        for trial in self._trials[member.taken :]:
            member.state = member.method.observe(member.state, trial)
        member.taken = len(self._trials)
        return member


class Auto:
    """Chooses by space, budget, progress and pace, anew for each proposal.

    Args:
        find: Returns the method of a name.
    """

    name = "auto"
    adaptive = True

    def __init__(self, find: Callable[[str], Method[Any]]) -> None:
        self._find = find

    def start(self, problem: Problem) -> Portfolio:
        """Return an empty history; the method that comes first is started, so it can refuse."""
        portfolio = Portfolio(problem, self._find)
        portfolio.member(choose(problem)[0])
        return portfolio

    def observe(self, state: Portfolio, trial: Trial) -> Portfolio:
        """Take in a trial that has ended."""
        state.add(trial)
        return state

    def propose(self, state: Portfolio, request: Request) -> list[Params]:
        """Return what the method that is right now proposes."""
        member = state.member(state.choice(len(request.pending) + 1))
        return member.method.propose(member.state, request)
