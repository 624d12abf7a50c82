"""The Dask executor: agents as long tasks of a cluster, one for each trial that runs at once.

Dask counts threads and named resources of its workers and knows no devices, so we choose the
worker of each agent, and its devices, ourselves. A task is never run a second time: it is bound
to its worker, and ends with it. A worker ends the agents whose driver no longer wants them,
which is also how they hear that it is gone.
"""

import os
import signal
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from typing import Any

from sonde.agent.devices import Devices, cores
from sonde.core.wanted import written
from sonde.errors import ConfigError
from sonde.executors.engine import Engine, Member, knock
from sonde.executors.hosted import Hosted, Order, describe
from sonde.executors.lending import address_towards
from sonde.executors.protocol import AgentSpec, Handle
from sonde.executors.resources import Machine, Resources

__all__ = ["DaskExecutor"]

_GPU = "GPU"  # the name that Dask's users give their devices
_CONNECT_S = 10.0
_CENSUS_S = 1.0  # how often it is asked which workers there are
_LISTEN_S = 0.3
_LEAVE_S = 10.0  # for an agent that is not wanted any more
_OURS = "sonde_agents"  # the attribute of a worker that has its agents


def _host(order: Order, key: str, env: Mapping[str, str], threads: float) -> tuple[int, str]:
    """Hold an agent until it has ended; runs in a thread of a worker."""
    from distributed import get_worker, secede

    worker = get_worker()
    hosted = Hosted(order, env)
    agents = worker.__dict__.setdefault(_OURS, {})
    agents[key] = hosted
    worker.log_event(key, ["who", hosted.agent, worker.address])
    if threads < 1:
        secede()  # more of them than threads: the thread is not to be counted
    try:
        while True:
            said = hosted.said(_LISTEN_S)
            if said:
                worker.log_event(key, ["said", *said])
            ended = hosted.wait(0)
            if ended is not None:
                return ended
            task = worker.state.tasks.get(key)
            if task is None or task.state not in {"executing", "long-running", "resumed"}:
                hosted.leave(_LEAVE_S)
                return 0, ""
    finally:
        del agents[key]


async def _signal(key: str, number: int, dask_worker: Any) -> None:
    """Pass a signal on to an agent of a worker; runs there.

    A coroutine, as others are always waited for.
    """
    hosted = dask_worker.__dict__.get(_OURS, {}).get(key)
    if hosted is not None:
        hosted.signal(number)


def _visible() -> str:
    """Return the devices that a worker may use; runs there."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "")


@dataclass(slots=True, kw_only=True)
class _Member(Member):
    key: str
    order: Order
    worker: str = ""  # its address; none: there is no room for it yet
    devices: tuple[str, ...] = ()
    future: Any = None


class DaskExecutor(Engine[_Member]):
    """Starts agents on a Dask cluster: one that runs, or one that is started here."""

    def __init__(self, *, address: str | None = None) -> None:
        """Connect to nothing yet.

        Args:
            address: Of the scheduler, `HOST:PORT` or `tcp://HOST:PORT`; by default
                DASK_SCHEDULER_ADDRESS, else a cluster of this machine alone is started.

        Raises:
            ConfigError: If it is no address.
        """
        super().__init__()
        self._address = address
        if address is not None and (not isinstance(address, str) or not address.strip()):
            self._address = None
            raise ConfigError(self._where, f"address={address!r} is none", "write HOST:PORT")
        self._connected: Any = None
        self._cluster: Any = None
        self._workers: Mapping[str, Mapping[str, Any]] = {}
        self._counted_at = 0.0
        self._devices: dict[str, Devices] = {}
        self._events: deque[tuple[str, Sequence[Any]]] = deque()

    def room(self, each: Resources) -> int | None:
        """Return how many trials the workers of the cluster have room for.

        Raises:
            ConfigError: If there is no cluster, or none of its workers has so much.
        """
        self._census(at_once=True)
        machines = [_machine(address, worker) for address, worker in self._workers.items()]
        remedy = "ask for less, or add a worker that has it: dask worker ... --resources GPU=1"
        return self._room(machines, _counted(each), self._where, remedy)

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start n agents; those that there is no room for begin when there is."""
        self._census(at_once=True)
        self._leaving = False
        order = self._order(spec, self._others())
        new = [
            _Member(handle=self._handle("dask"), key=f"sonde-agent-{uuid.uuid4().hex}", order=order)
            for _ in range(n)
        ]
        self._members += new
        self._place()
        return [member.handle for member in new]

    # -- Dask ---------------------------------------------------------------------------

    @property
    def _where(self) -> str:
        return f"--on {written('dask', {'address': self._address} if self._address else {})}"

    @property
    def _client(self) -> Any:
        """A client of the scheduler, connected."""
        if self._connected is None:
            try:
                from distributed import Client, LocalCluster
            except ImportError as error:
                raise ConfigError(
                    self._where, "Dask's distributed is not installed here",
                    "pip install distributed",
                ) from error  # fmt: skip
            address = self._address or os.environ.get("DASK_SCHEDULER_ADDRESS")
            if address is None:
                with _ctrl_c_is_ours():
                    self._cluster = LocalCluster(
                        n_workers=1, threads_per_worker=cores(), host="127.0.0.1",
                        dashboard_address="127.0.0.1:0", silence_logs=50,
                    )  # fmt: skip
                address = self._cluster.scheduler_address
            knock(address.partition("://")[2] or address, self._where, "start one: dask scheduler")
            try:
                self._connected = Client(address, timeout=_CONNECT_S, set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                raise ConfigError(
                    self._where, f"no scheduler answers at {address}",
                    "start one: dask scheduler; or leave the address out",
                ) from error  # fmt: skip
        return self._connected

    def _census(self, *, at_once: bool = False) -> None:
        """Learn which workers there are."""
        now = time.monotonic()
        if at_once or now - self._counted_at >= _CENSUS_S:
            self._workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._counted_at = now

    def _disconnect(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _signal(self, number: signal.Signals) -> None:
        self._hear()
        for member in self._members:
            if member.agent is not None:
                with suppress(OSError, TimeoutError):  # its worker is gone, as `watch` will find
                    self._client.run(
                        _signal, member.key, int(number), workers=[member.worker], wait=False
                    )

    def _abandon(self) -> None:
        for member in self._members:
            if member.future is not None:
                member.future.cancel()

    def _others(self) -> list[str]:
        """Return the addresses of machines that are not this one."""
        ours = address_towards(self._client.scheduler.address.partition("://")[2].split(":")[0])
        here = {"127.0.0.1", "::1", ours}
        return [one["host"] for one in self._workers.values() if one["host"] not in here]

    def _place(self) -> None:
        """Give agents a worker, where there is one with room."""
        for member in self._members:
            if member.worker:
                continue
            each = _counted(member.order.spec.each)
            free = {address: self._free(address, each) for address in self._workers}
            address = max(free, key=lambda one: free[one], default="")
            if not address or free[address] < 1:
                return
            self._begin(member, address, each)

    def _free(self, address: str, each: Resources) -> int:
        taken = sum(member.worker == address for member in self._members)
        room = _machine(address, self._workers[address]).room(each)
        return (1000 if room is None else room) - taken

    def _begin(self, member: _Member, address: str, each: Resources) -> None:
        env = {}
        if each.gpus:
            if address not in self._devices:
                shown = self._client.run(_visible, workers=[address])[address]
                count = int(self._workers[address]["resources"].get(_GPU, 0))
                names = [one for one in shown.split(",") if one] or [str(n) for n in range(count)]
                self._devices[address] = Devices(names[:count], each.gpus)
            member.devices = self._devices[address].take() or ()
            env["CUDA_VISIBLE_DEVICES"] = ",".join(member.devices)
        wanted = {_GPU: each.gpus, **each.others}
        self._client.subscribe_topic(member.key, self._heard(member.key))
        member.worker = address
        member.future = self._client.submit(
            _host, member.order, member.key, env, each.cpus,
            key=member.key, workers=[address], allow_other_workers=False, pure=False, retries=0,
            resources={name: amount for name, amount in wanted.items() if amount},
        )  # fmt: skip

    def _heard(self, key: str) -> Any:
        def hear(event: tuple[float, Sequence[Any]]) -> None:
            self._events.append((key, event[1]))  # from the client's own thread

        return hear

    def _look(self) -> None:
        """Take in what has become of the agents."""
        try:
            self._census()
        except (OSError, TimeoutError):
            for member in list(self._members):
                self._exited(member, clean=False, detail="the scheduler is gone")
            return
        self._hear()
        for member in list(self._members):
            if member.future is None:
                continue
            if member.worker not in self._workers:
                member.future.cancel()
                self._exited(member, clean=False, detail=f"the worker {member.worker} is gone")
            elif member.future.done():
                self._end(member)
        if self._leaving:
            for member in [member for member in self._members if member.agent is None]:
                if member.future is not None:
                    member.future.cancel()
                self._exited(member, clean=True, detail="it was not needed any more")
        else:
            self._place()

    def _hear(self) -> None:
        by_key = {member.key: member for member in self._members}
        while self._events:
            key, (kind, *words) = self._events.popleft()
            if kind == "said":
                self._words += words
            elif key in by_key:
                by_key[key].agent = words[0]

    def _end(self, member: _Member) -> None:
        if member.future.status != "finished":
            error = member.future.exception() if member.future.status == "error" else None
            text = str(error or member.future.status).partition("\n")[0]
            self._exited(member, clean=False, detail=f"its task ended: {text}")
            return
        code, last = member.future.result()
        self._leaving = self._leaving or code == 0
        self._exited(member, clean=code == 0, detail=describe(code, last))

    def _exited(self, member: _Member, *, clean: bool, detail: str) -> None:
        if member.devices and member.worker in self._devices:
            self._devices[member.worker].give_back(member.devices)
        with suppress(ValueError, KeyError, OSError):
            self._connected.unsubscribe_topic(member.key)
        super()._exited(member, clean=clean, detail=detail)


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """Have processes and threads that are started in a block heed no Ctrl-C of the terminal."""
    # Beginning this later would take the mask off again, in the middle.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _counted(each: Resources) -> Resources:
    """Return what is counted: a thread where nothing was said."""
    return replace(each, cpus=1.0) if each.cpus is None else each


def _machine(address: str, worker: Mapping[str, Any]) -> Machine:
    found = dict(worker["resources"])
    return Machine(
        name=f"worker {address}", cpus=worker["nthreads"], gpus=found.pop(_GPU, 0.0),
        memory=worker["memory_limit"] or None, others=found,
    )  # fmt: skip
