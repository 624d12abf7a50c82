"""A search method of a plugin, watched: what it proposes is looked at before it becomes a trial.

The contract suite tells an author what is wrong. This tells whoever uses a method that was not
held to it: a point outside of the space would be run, one too many would exceed the budget, and
what it raises would look like a fault of sonde's.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sonde.core.distributions.values import Params
from sonde.core.search.protocol import Breeder, Child, Method, Problem, Request
from sonde.core.trial import Trial
from sonde.errors import ConfigError, SondeError

__all__ = ["watched"]


@dataclass(slots=True)
class _State:
    """The method's state, and what it searches."""

    problem: Problem
    inner: Any


class _Watched:
    """A method of which nothing is believed.

    Args:
        inner: The method.
        where: The user's words, for errors.
        giver: The distribution that it comes from, with its version.
    """

    def __init__(self, inner: Method[Any], where: str, giver: str) -> None:
        self.inner, self._where, self._giver = inner, where, giver

    @property
    def name(self) -> str:
        """As it says."""
        return self.inner.name

    @property
    def adaptive(self) -> bool:
        """As it says."""
        return self.inner.adaptive

    def start(self, problem: Problem) -> _State:
        """Return its state; see `Method.start`."""
        with self._named():
            return _State(problem, self.inner.start(problem))

    def observe(self, state: _State, trial: Trial) -> _State:
        """Take in a trial that has ended."""
        with self._named():
            state.inner = self.inner.observe(state.inner, trial)
        return state

    def propose(self, state: _State, request: Request) -> list[Params]:
        """Return what it proposes, if these are so many points of the space at most."""
        with self._named():
            found = list(self.inner.propose(state.inner, request))
        self._count(found, request)
        return [self._point(state, params) for params in found]

    def _count(self, found: Sequence[Any], request: Request) -> None:
        if len(found) > request.count:
            raise self._fault(f"proposed {len(found)} points where {request.count} were asked for")

    def _point(self, state: _State, params: Mapping[str, Any]) -> Params:
        """Return a point with values of the declared types."""
        try:
            return state.problem.space.validate(params)
        except ConfigError as error:
            raise self._fault(f"proposed {params!r}, which is no point of the space") from error
        except Exception as error:  # whatever a stranger takes for an assignment
            raise self._fault(f"proposed {params!r}, which is no assignment") from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Have what it raises say whose it is; what it refuses on purpose stays as it is."""
        try:
            yield
        except SondeError:
            raise
        except Exception as error:  # whatever a stranger's code raises
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{last.filename}:{last.lineno}"
            raise self._fault(f"raised {type(error).__name__}: {error} ({place})") from error

    def _fault(self, found: str) -> ConfigError:
        name = self._giver.partition(" ")[0]
        remedy = f"repair {name} (sonde.testing.methods has the contract), or use another method"
        return ConfigError(self._where, f"that of {self._giver} {found}", remedy)


class _WatchedBreeder(_Watched):
    """The same, where trials go on from others."""

    def children(self, state: _State, request: Request) -> list[Child]:
        """Return what it would try; see `Breeder.children`."""
        assert isinstance(self.inner, Breeder)
        with self._named():
            found = list(self.inner.children(state.inner, request))
        self._count(found, request)
        return [replace(child, params=self._point(state, child.params)) for child in found]


def watched(inner: Method[Any], where: str, giver: str) -> Method[Any]:
    """Return a method that proposes what another does, or says what is wrong with that.

    Args:
        inner: The method.
        where: The user's words, for errors.
        giver: The distribution that it comes from, with its version.
    """
    kind = _WatchedBreeder if isinstance(inner, Breeder) else _Watched
    return kind(inner, where, giver)
