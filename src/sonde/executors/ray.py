"""The Ray executor: agents as actors of a cluster, one for each trial that runs at once.

An actor asks Ray for what a trial is to have, and Ray places it, so a machine that joins gets
agents and GPUs are shared as Ray shares them. It is never restarted and no call of it is
repeated: trials have leases, and what was lost is leased again. Ray ends actors whose driver is
gone, and their agents give their trials back.
"""

import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.core.wanted import written
from sonde.errors import ConfigError
from sonde.executors.engine import Engine, Member
from sonde.executors.hosted import Hosted, Order, describe
from sonde.executors.protocol import AgentSpec, Handle
from sonde.executors.ray_connection import CONNECTION
from sonde.executors.resources import Machine, Resources

__all__ = ["RayExecutor"]

_LISTEN_S = 20.0


class _Actor:
    """Holds an agent on its machine; runs there."""

    def __init__(self, order: Order) -> None:
        self._hosted = Hosted(order)

    def who(self) -> tuple[str, str]:
        """Return the id that it leases under, and where it is."""
        return self._hosted.agent, socket.gethostname()

    def run(self) -> tuple[int, str]:
        """Return how it ended, when it has."""
        return self._hosted.wait() or (0, "")

    def said(self) -> list[str]:
        """Return what it said, once it has said something."""
        return self._hosted.said(_LISTEN_S)

    def signal(self, number: int) -> None:
        """Pass a signal on."""
        self._hosted.signal(number)


@dataclass(slots=True, kw_only=True)
class _Member(Member):
    actor: Any
    run: Any  # the reference to how it ends,
    who: Any  # to who it is: None once that is known,
    said: Any  # and to what it says next
    node: str = ""


class RayExecutor(Engine[_Member]):
    """Starts agents on a Ray cluster: one that runs, or one that is started here."""

    def __init__(
        self,
        *,
        address: str | None = None,
        runtime_env: Mapping[str, Any] | str | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            address: `HOST:PORT` of a cluster's head; by default RAY_ADDRESS, else a cluster of
                this machine alone is started.
            runtime_env: Ray's, for the agents: `{"pip": ["torch"]}`, or a YAML file with it.

        Raises:
            ConfigError: If it is no address, or no such file.
        """
        if address is not None and (not isinstance(address, str) or not address.strip()):
            raise ConfigError(self._where, f"address={address!r} is none", "write HOST:PORT")
        super().__init__()
        self._address = address
        self._runtime_env = _runtime_env(runtime_env, self._where)
        self._module: Any = None

    def room(self, each: Resources) -> int | None:
        """Return how many trials the machines of the cluster have room for.

        Raises:
            ConfigError: If there is no cluster, or none of its machines has so much.
        """
        machines = [_machine(node) for node in self._ray.nodes() if node["Alive"]]
        remedy = "ask for less, or add a machine that has it: ray start --address=..."
        return self._room(machines, _counted(each), self._where, remedy)

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start n agents; those that there is no room for begin when there is."""
        self._leaving = False
        others = [
            node["NodeManagerAddress"] for node in self._ray.nodes()
            if node["Alive"] and node["NodeManagerHostname"] != socket.gethostname()
        ]  # fmt: skip
        order = self._order(spec, others)
        return [self._start(order) for _ in range(n)]

    # -- Ray ----------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        given = getattr(self, "_address", None)
        return f"--on {written('ray', {'address': given} if given else {})}"

    @property
    def _ray(self) -> Any:
        """Ray, connected."""
        if self._module is None:
            self._module = CONNECTION.join(self._address, self._where)
        return self._module

    def _disconnect(self) -> None:
        if self._module is not None:
            self._module = None
            CONNECTION.leave()

    def _signal(self, number: signal.Signals) -> None:
        for member in self._members:
            member.actor.signal.remote(int(number))

    def _abandon(self) -> None:
        for member in self._members:
            self._ray.kill(member.actor)

    def _start(self, order: Order) -> Handle:
        each = _counted(order.spec.each)
        remote = self._ray.remote(_Actor).options(
            num_cpus=each.cpus, num_gpus=each.gpus, memory=each.memory or None,
            resources=dict(each.others), max_restarts=0, max_task_retries=0, max_concurrency=4,
            runtime_env=self._runtime_env,
        )  # fmt: skip
        actor = remote.remote(order)
        member = _Member(
            handle=self._handle("ray"), actor=actor, run=actor.run.remote(), who=actor.who.remote(),
            said=actor.said.remote(),
        )  # fmt: skip
        self._members.append(member)
        return member.handle

    def _look(self) -> None:
        """Take in what the actors have answered."""
        waiting = [ref for m in self._members for ref in (m.run, m.who, m.said) if ref is not None]
        ready = set(self._ray.wait(waiting, num_returns=len(waiting), timeout=0)[0])
        for member in list(self._members):
            if member.who in ready:
                self._greet(member)
            if member.run in ready:
                self._end(member)
            elif member.said in ready:
                self._hear(member)
        if self._leaving:
            self._withdraw()

    def _greet(self, member: _Member) -> None:
        with suppress(Exception):  # it is gone: `run` says how
            member.agent, member.node = self._ray.get(member.who)
        member.who = None

    def _hear(self, member: _Member) -> None:
        with suppress(Exception):
            self._words += self._ray.get(member.said)
        member.said = member.actor.said.remote()

    def _end(self, member: _Member) -> None:
        self._hear_last(member)
        try:
            code, last = self._ray.get(member.run)
        except self._ray.exceptions.RayError as error:
            self._exited(member, clean=False, detail=_lost(error, member.node))
            return
        self._leaving = self._leaving or code == 0
        self._exited(member, clean=code == 0, detail=describe(code, last))
        self._ray.kill(member.actor)

    def _hear_last(self, member: _Member) -> None:
        with suppress(Exception):
            self._words += self._ray.get(member.said, timeout=0)

    def _withdraw(self) -> None:
        """Let go of agents that have not begun where others leave: there is nothing to run."""
        for member in [member for member in self._members if member.who is not None]:
            self._ray.kill(member.actor)
            self._exited(member, clean=True, detail="it was not needed any more")


def _runtime_env(given: Any, where: str) -> dict[str, Any] | None:
    """Return Ray's words for what an agent is to find: as given, or of a file."""
    found = given
    if isinstance(given, str):
        import yaml

        try:
            found = yaml.safe_load(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            said = str(error).partition("\n")[0]
            raise ConfigError(
                where, f"runtime_env={given!r}: {said}", "name a YAML file"
            ) from error
    if found is not None and not isinstance(found, Mapping):
        raise ConfigError(
            where, f"runtime_env is {found!r}", "write {'pip': [...]}, or name a file with that"
        )
    return None if found is None else dict(found)


def _counted(each: Resources) -> Resources:
    """Return what Ray counts: a core where nothing was said, as Ray's own actors have it."""
    cpus = 1.0 if each.cpus is None else each.cpus
    return Resources(cpus=cpus, gpus=each.gpus, memory=each.memory, others=each.others)


def _machine(node: dict[str, Any]) -> Machine:
    found = node["Resources"]
    ours = {"CPU", "GPU", "memory", "object_store_memory"}
    return Machine(
        name=f"node {node['NodeManagerAddress']}",
        cpus=found.get("CPU", 0.0), gpus=found.get("GPU", 0.0), memory=found.get("memory", 0.0),
        others={
            name: amount for name, amount in found.items()
            if name not in ours and not name.startswith(("node:", "accelerator_type:"))
        },
    )  # fmt: skip


def _lost(error: Exception, node: str) -> str:
    """Say how an actor was lost, in a line."""
    kind = type(error).__name__
    text = " ".join(str(error).split())
    at = f" on {node}" if node else ""
    if "No module named 'sonde" in text:
        return f"sonde is not installed{at or ' on its node'}: install it there, as here"
    if "RuntimeError:" in text:
        return text.rpartition("RuntimeError:")[2].strip()[:200]
    return f"its process{at} is gone: {kind}"
