"""The executor seam: something that starts agents somewhere, and nothing else.

Agents run trials and end by themselves when their sweep has; so an executor need not know
what a trial is, and nothing listens for ever.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from sonde.executors.resources import Resources

__all__ = ["AgentSpec", "Executor", "Exited", "Handle", "Priced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """What an agent is to be started with.

    Attributes:
        store: URL of the store.
        sweep: Id of the sweep.
        root: The `.sonde` folder under which trials have their folders.
        workers: How many trials it runs at once.
        gpus: The devices it may hand out, as CUDA_VISIBLE_DEVICES names them; none where the
            place gives them.
        each: What each trial is to have.
    """

    store: str
    sweep: str
    root: str
    workers: int = 1
    gpus: tuple[str, ...] = ()
    each: Resources = field(default_factory=Resources)

    def argv(
        self, *, python: str = sys.executable, parent_fd: int | None = None, **more: Any
    ) -> list[str]:
        """Return the command that is an agent.

        It ends by itself when the sweep has; at SIGINT once its trials have ended, at SIGTERM
        it gives them back first.

        Args:
            python: One that has sonde, where the agent is to run.
            parent_fd: A pipe that it inherits: when that closes it leaves, and until then it
                leaves decisions to whoever holds the other end.
            more: Further `sonde.agent.orders.Options`, as JSON has them.
        """
        options = {
            **more,
            "store_url": self.store,
            "sweep": self.sweep,
            "root": self.root,
            "workers": self.workers,
            "gpus": list(self.gpus),
            "gpus_per_trial": self.each.gpus if self.gpus else 0,
            "cpus_per_trial": self.each.cpus or 0,
        }
        if parent_fd is not None:
            options["parent_fd"] = parent_fd
        return [python, "-m", "sonde.agent", json.dumps(options)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """A started agent.

    Attributes:
        id: Unique within its executor.
        place: Where it runs, for people: `pid 4711`, a node, a job id.
    """

    id: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exited:
    """An agent that is gone.

    Attributes:
        agent: The id that it leased under, where known.
        clean: Whether it left by itself, as agents do when there is nothing more to run.
        detail: How it ended, for people: `exit status 2: ...`, `killed by signal 9`.
    """

    handle: Handle
    agent: str | None
    clean: bool
    detail: str


class Executor(Protocol):
    """Starts agents, watches over them, stops them."""

    def room(self, each: Resources) -> int | None:
        """Return how many trials the place has room for now, those included that run.

        None: nothing of what is asked for is counted there. Where there is a number, an agent
        is started for each trial, and more of them as the place grows. Called before the first
        start, and then every few seconds.

        Raises:
            ConfigError: If no machine of the place can ever run one.
        """

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start n agents; return at once."""

    def watch(self) -> Sequence[Exited]:
        """Return the agents that are gone since the last call; never waits."""

    def said(self) -> Sequence[str]:
        """Return what agents said to people since the last call, a line each; never waits."""

    def alive(self) -> int:
        """How many agents were started and not yet returned by `watch`: none is overlooked."""

    def stop(self, *, now: bool) -> None:
        """Let agents end their trials and leave, or, with `now`, give them back and leave.

        Called again with `now`, it becomes firm: nothing of them is left afterwards.
        """

    def close(self) -> None:
        """Make sure that no agent and no trial process of it is left."""


@runtime_checkable
class Priced(Protocol):
    """An executor whose machines are paid for by the hour: it is asked before it starts any."""

    def bill(self, each: Resources, workers: int | None) -> Sequence[str]:
        """Return what so many trials at once come to, a line each, for people.

        What it was asked last is what it starts.

        Raises:
            ConfigError: If it is to be said how many, or no machine has what a trial is to have.
        """

    def preview(self) -> Mapping[str, Any]:
        """Return what would be sent to whoever starts the machines."""
