"""What executors on Ray and on Dask have in common: agents that the engine's processes hold.

Each agent is a member, from when it was asked for until `watch` has told that it is gone. How an
engine is asked to hold one, and what it says of it, stands with the engine.
"""

import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sonde.errors import ConfigError
from sonde.executors.hosted import Order, order_of
from sonde.executors.lending import Lent, address_towards
from sonde.executors.protocol import AgentSpec, Exited, Handle
from sonde.executors.resources import Machine, Resources, room_in
from sonde.store import is_shared

__all__ = ["Engine", "Member", "knock"]

_LOOK_S = 0.1  # between two looks at what has become of agents
_LEAVE_S = 10.0
_KNOCK_S = 5.0


@dataclass(slots=True, kw_only=True)
class Member:
    """An agent that was asked for.

    Attributes:
        agent: The id that it leases under; None: it has not begun.
    """

    handle: Handle
    agent: str | None = None


M = TypeVar("M", bound=Member)


class Engine(ABC, Generic[M]):
    """Starts agents on a cluster: one that runs, or one that is started here."""

    def __init__(self) -> None:
        self._members: list[M] = []
        self._gone: list[Exited] = []
        self._words: list[str] = []
        self._started = 0
        self._looked_at = 0.0
        self._hurried = self._leaving = False
        self._lent: Lent | None = None

    def watch(self) -> Sequence[Exited]:
        """Return the agents that are gone since the last call; never waits long."""
        now = time.monotonic()
        if self._members and now - self._looked_at >= _LOOK_S:
            self._looked_at = now
            self._look()
        gone, self._gone = self._gone, []
        return gone

    def said(self) -> Sequence[str]:
        """Return what agents said to people since the last call, a line each; never waits."""
        words, self._words = self._words, []
        return words

    def alive(self) -> int:
        """How many agents were started and not yet returned by `watch`."""
        return len(self._members) + len(self._gone)

    def stop(self, *, now: bool) -> None:
        """Let agents end their trials and leave, or, with `now`, give them back and leave.

        Those that have not begun are not waited for. Called again with `now`, all are killed.
        """
        number = signal.SIGINT
        if now:
            number = signal.SIGKILL if self._hurried else signal.SIGTERM
            self._hurried = True
        self._leaving = True
        self._signal(number)

    def close(self) -> None:
        """Make sure that no agent is left; end the cluster if it was started here."""
        if self._members:
            self._leave()
            self._abandon()
            self._members.clear()
        self._gone.clear()
        if self._lent is not None:
            self._lent.close()
            self._lent = None
        self._disconnect()

    @abstractmethod
    def _look(self) -> None:
        """Take in what has become of the agents."""

    @abstractmethod
    def _signal(self, number: signal.Signals) -> None:
        """Pass a signal on to all agents that have begun."""

    @abstractmethod
    def _abandon(self) -> None:
        """Have the engine end what it still holds for us."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Let go of the engine."""

    def _leave(self) -> None:
        """Have agents give their trials back and leave, the firm way if need be."""
        for patience_s in (_LEAVE_S, _LEAVE_S / 2):
            self.stop(now=True)
            until = time.monotonic() + patience_s
            while self._members and time.monotonic() < until:
                self._look()
                time.sleep(_LOOK_S)
            if not self._members:
                return

    def _room(
        self, machines: Sequence[Machine], each: Resources, where: str, remedy: str
    ) -> int | None:
        """Return how many trials the machines have room for; one for each core without bound.

        Raises:
            ConfigError: If none of them has so much.
        """
        room = room_in(machines, each, where, remedy)
        return room or max(1, int(sum(machine.cpus or 0 for machine in machines)))

    def _order(self, spec: AgentSpec, others: Sequence[str]) -> Order:
        """Return what to start, with a store that every machine of the cluster reaches.

        Args:
            others: Addresses of machines that are not this one.
        """
        if is_shared(spec.store):
            return order_of(spec)
        if others and self._lent is None:
            self._lent = Lent(spec.store, address_towards(others[0]))
        if self._lent is None:
            return order_of(spec)
        return order_of(spec, self._lent.url, self._lent.token)

    def _handle(self, place: str) -> Handle:
        self._started += 1
        return Handle(id=str(self._started), place=place)

    def _exited(self, member: M, *, clean: bool, detail: str) -> None:
        """Take note that an agent is gone."""
        self._members.remove(member)
        one = Exited(handle=member.handle, agent=member.agent, clean=clean, detail=detail)
        self._gone.append(one)


def knock(address: str, where: str, remedy: str) -> None:
    """Refuse an address where nobody listens: engines would try it for long.

    Args:
        address: `HOST:PORT`; anything else is the engine's to judge.

    Raises:
        ConfigError: If nobody does.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()
    except OSError as error:
        raise ConfigError(
            where, f"nobody answers at {address}: {error.strerror or error}",
            f"{remedy}; or leave the address out",
        ) from error  # fmt: skip
