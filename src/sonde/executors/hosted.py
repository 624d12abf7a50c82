"""An agent on a machine of a cluster, as the engine's own process there holds it.

The engine (Ray, Dask) keeps a process of its own on the machine; this starts the agent as a
child of it, which is the same agent as anywhere. It holds a pipe whose other end is the
engine's process: when that ends, by whatever, the agent gives its trials back and leaves.
"""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sonde.agent import identity
from sonde.agent.orders import SAYS
from sonde.executors.protocol import AgentSpec
from sonde.store import is_shared
from sonde.store.passwords import VARIABLE as PASSWORDS

__all__ = ["Hosted", "Order", "describe", "order_of"]

_LISTEN_S = 0.2
_SECRETS = ("SONDE_TOKEN", PASSWORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be started on some machine.

    Attributes:
        spec: As on the driver's machine.
        host: Of the driver, with its boot, so that its own machine is known again.
        url: The store for other machines; None: there was none when this was sent.
        secrets: Variables with which it may be opened.
    """

    spec: AgentSpec
    host: tuple[str, str]
    url: str | None
    secrets: Mapping[str, str]

    def here(self) -> AgentSpec:
        """Return what is started on this machine.

        Raises:
            RuntimeError: If the store cannot be reached from here.
        """
        spec = self.spec
        if is_shared(spec.store):
            return spec if self.host == _here() else replace(spec, root=_root())
        if self.host == _here() and Path(spec.root).is_dir():
            return spec
        if self.url is None:
            raise RuntimeError(f"{spec.store} is a file of another machine")
        return replace(spec, store=self.url, root=_root())


def order_of(spec: AgentSpec, url: str | None = None, token: str | None = None) -> Order:
    """Return an order from this machine."""
    # By it a process that sees the driver's folders knows them again.
    Path(spec.root).mkdir(parents=True, exist_ok=True)
    secrets = {name: os.environ[name] for name in _SECRETS if name in os.environ}
    if token is not None:
        secrets["SONDE_TOKEN"] = token
    return Order(spec=spec, host=_here(), url=url, secrets=secrets)


class Hosted:
    """An agent that runs on this machine for a driver elsewhere."""

    def __init__(self, order: Order, env: Mapping[str, str] | None = None) -> None:
        """Start it.

        Args:
            order: What.
            env: Variables besides those of this process.

        Raises:
            RuntimeError: If it cannot work here.
        """
        spec = order.here()
        all_env = {**os.environ, **(env or {}), **order.secrets}
        # The engine has chosen the devices: all that its process sees are the trial's.
        names = tuple(n for n in all_env.get("CUDA_VISIBLE_DEVICES", "").split(",") if n)
        if spec.each.gpus and names:
            spec = replace(spec, gpus=names, each=replace(spec.each, gpus=len(names)))
        reading, self._writing = os.pipe()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the agent is gone
        try:
            self._process = subprocess.Popen(
                spec.argv(parent_fd=reading), env=all_env, pass_fds=(reading,),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._errors,
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(reading)
        self.agent = identity.of(self._process.pid)
        self._read = 0
        self._lock = threading.Lock()

    def wait(self, timeout_s: float | None = None) -> tuple[int, str] | None:
        """Return how it ended: its status and its last line; None: it has not in that time."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        with self._lock:
            size = os.fstat(self._errors.fileno()).st_size
            text = os.pread(self._errors.fileno(), 1 << 16, max(0, size - (1 << 16)))
        lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
        return code, lines[-1] if lines else ""

    def said(self, timeout_s: float) -> list[str]:
        """Return what it said to people since the last call, waiting for it at most so long."""
        until = time.monotonic() + timeout_s
        while True:
            is_over = self._process.poll() is not None
            with self._lock:
                new = os.pread(self._errors.fileno(), 1 << 20, self._read)
                whole = new[: new.rfind(b"\n") + 1]
                self._read += len(whole)
            lines = whole.decode(errors="replace").splitlines()
            found = [line.removeprefix(SAYS) for line in lines if line.startswith(SAYS)]
            if found or is_over or time.monotonic() > until:
                return found
            time.sleep(_LISTEN_S)

    def signal(self, number: int) -> None:
        """Send it a signal: SIGINT, SIGTERM or SIGKILL."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def leave(self, timeout_s: float) -> None:
        """Have it give its trials back and leave; kill it after so long."""
        os.close(self._writing)
        if self.wait(timeout_s) is None:
            self.signal(signal.SIGKILL)
            self.wait()


def describe(code: int, last: str) -> str:
    """Say how an agent ended, with the last that it said where that was not well."""
    if code < 0:
        return f"killed by signal {-code}"
    if code == 0:
        return "it left"
    return f"exit status {code}" + (f": {last}" if last else "")


def _here() -> tuple[str, str]:
    return socket.gethostname(), identity.boot_id()


def _root() -> str:
    """Where trials lie on a machine that is not the driver's."""
    return str(Path.home() / ".sonde")
