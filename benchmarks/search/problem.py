"""What a search is tried on: a space, what a trial is told, and what is true.

A *member* of a family makes one problem for each *instance*: the same shape elsewhere, turned and
scaled anew. Members of the `tune` half are there to decide by. Those of the `judge` half are
others, on instances from 1,000 on; nobody chooses anything by them.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sonde.core.space import Space

__all__ = ["FIRST_JUDGED", "Member", "Noise", "Outcome", "Problem", "Split", "random_of"]

Split = Literal["tune", "judge"]
FIRST_JUDGED = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial gives.

    Attributes:
        losses: One a goal; lower is better.
        limits: One a constraint, which is met at 0 or below.
    """

    losses: tuple[float, ...]
    limits: tuple[float, ...] = ()

    @property
    def is_feasible(self) -> bool:
        """Whether every constraint is met."""
        return all(limit <= 0 for limit in self.limits)


Params = Mapping[str, Any]
Noise = Callable[[Outcome, Params, np.random.Generator], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem as a search sees it, and the truth by which it is scored.

    Attributes:
        true: The outcome free of noise, the same whenever it is asked for.
        noise: Turns the true outcome into one that is observed; None: nothing does.
        best: Parameters that nothing beats, where they are known by construction.
        front: The best trade-offs (losses), where they are known by construction.
    """

    name: str
    suite: str
    instance: int
    space: Space
    true: Callable[[Params], Outcome]
    noise: Noise | None = None
    goals: int = 1
    limits: int = 0
    best: Params | None = None
    front: tuple[tuple[float, ...], ...] = ()

    def evaluate(self, params: Params, seed: tuple[int, ...]) -> Outcome:
        """Return what a trial observes; the same for the same seed."""
        return self.observed(self.true(params), params, seed)

    def observed(self, outcome: Outcome, params: Params, seed: tuple[int, ...]) -> Outcome:
        """Return what a trial observes whose true outcome is known."""
        if self.noise is None:
            return outcome
        return self.noise(outcome, params, np.random.default_rng(seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One problem of a family, for every instance.

    Attributes:
        moves: Whether instances differ; if not, only the noise does.
        slow: Whether a trial takes more than a millisecond.
    """

    name: str
    suite: str
    split: Split
    make: Callable[[int], Problem]
    moves: bool = True
    slow: bool = False

    def instance(self, seed: int) -> Problem:
        """Return the problem that the run of that seed has to solve."""
        first = FIRST_JUDGED if self.split == "judge" else 0
        return self.make(first + seed if self.moves else 0)


def random_of(name: str, instance: int) -> np.random.Generator:
    """Return the generator from which an instance is made."""
    return np.random.default_rng([zlib.crc32(name.encode()), instance])
