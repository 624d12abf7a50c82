"""The seam of search methods.

A method is a fold: `start` gives a state, `observe` takes in the trials that end, one
after the other, and `propose` says what to try next. A state may hold caches and may
be changed in place, but what is proposed depends only on the space, the seed, the
trials observed and the request: a controller that starts anew, or asks twice because
its first decision came to nothing, gets the same. `sonde.testing.methods` has the
tests that every method passes.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from sonde.core.constraint import Constraint
from sonde.core.distributions.values import Params, Value
from sonde.core.earlier import Lesson
from sonde.core.lineage import Lineage
from sonde.core.metric import Goal
from sonde.core.space import Space
from sonde.core.trial import Trial

__all__ = ["Breeder", "Child", "Method", "Problem", "Request"]

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a method searches, and all that it is told beforehand.

    Attributes:
        constraints: Bounds on outcomes; see `sonde.core.constraint.excesses`.
        trials: The budget, as a hint; None where there is none.
        earlier: What earlier sweeps taught, of which nothing need be true here.
    """

    space: Space
    goals: Sequence[Goal] = ()
    constraints: Sequence[Constraint] = ()
    seed: int = 0
    trials: int | None = None
    earlier: Sequence[Lesson] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a method is asked for.

    Attributes:
        first: The number that the first new trial will have.
        count: How many assignments are wanted.
        pending: The assignments that are being tried, or wait for it.
        seen: Keys (`Space.key`) of all trials of the sweep, in whatever state.
        followed: Numbers of the trials whose place another one has taken (`sonde.core.lineage`).
    """

    first: int
    count: int
    pending: Sequence[Mapping[str, Value]] = ()
    seen: Collection[Hashable] = frozenset()
    followed: Collection[int] = frozenset()


class Method(Protocol[S]):
    """A search method with its state S."""

    @property
    def name(self) -> str:
        """As in the registry."""

    @property
    def adaptive(self) -> bool:
        """Whether proposals depend on results."""

    def start(self, problem: Problem) -> S:
        """Return the state before the first trial.

        Raises:
            ConfigError: If the method cannot search this space or for these goals.
        """

    def observe(self, state: S, trial: Trial) -> S:
        """Take in a trial that has ended, amortised O(1); failed and cancelled ones too."""

    def propose(self, state: S, request: Request) -> list[Params]:
        """Return assignments to try, none of them seen; fewer than wanted means exhausted.

        Raises:
            ConfigError: If nothing can be found that satisfies the space's relations.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """An assignment to try, and from which trial it goes on."""

    params: Params
    lineage: Lineage | None = None


@runtime_checkable
class Breeder(Method[S], Protocol[S]):
    """A search method whose trials go on from where others came to."""

    def children(self, state: S, request: Request) -> list[Child]:
        """Return what to try, as `propose` does, and from which trials it goes on.

        An assignment may have been seen. Fewer than wanted means that trials that run have to
        end first; none where none runs means exhausted.
        """
