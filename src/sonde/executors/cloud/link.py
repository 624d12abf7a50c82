"""The way from the driver to the head: one SSH connection, with the store lent through it.

SSH runs `onboard` on the head and holds its stdin and stdout. Where the store is one that other
machines do not reach, it also brings the head a socket that leads to a server of it beside us:
agents far away need no way to this machine.
"""

import json
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from sonde.errors import PlaceError
from sonde.executors.hosted import order_of
from sonde.executors.lending import Lent
from sonde.executors.protocol import AgentSpec
from sonde.store import is_shared

__all__ = ["Head", "Link"]

_READY_S = 90.0
_LEAVE_S = 20.0
_PING_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the head is, and how to log in.

    Attributes:
        ip: From here.
        inner_ip: From the other machines.
        key: The file of the private key; None: SSH's own.
    """

    ip: str
    inner_ip: str
    user: str
    key: str | None


class Link:
    """A connection to the head, with `onboard` at its other end."""

    def __init__(self, head: Head, spec: AgentSpec, python: str) -> None:
        """Connect, and wait until the other end is ready.

        Args:
            head: Where.
            spec: What agents are to be started with.
            python: The Python there, for a shell.

        Raises:
            PlaceError: If it cannot be reached, or does not answer.
            StoreError: If the store cannot be lent.
        """
        self._lent: Lent | None = None
        path = None
        env = dict(order_of(spec).secrets)
        forward: list[str] = []
        if not is_shared(spec.store):
            self._lent = Lent(spec.store, "127.0.0.1", names=(head.inner_ip,))
            path = f"/tmp/sonde-{secrets.token_hex(8)}.sock"  # noqa: S108 - a name nobody guesses
            at = self._lent.url.rpartition("/")[2]
            forward = ["-R", f"{path}:{at}"]
            env["SONDE_TOKEN"] = self._lent.token
        self._process = subprocess.Popen(
            [*_ssh(head, forward),
             f"export RAY_AUTH_MODE=token; exec {python} -m sonde.executors.cloud.onboard"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self._heard: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._errors: list[str] = []
        self._pinged_at = time.monotonic()
        for read in (self._read, self._read_errors):
            threading.Thread(target=read, daemon=True).start()
        order = {"spec": asdict(spec), "secrets": env, "socket": path, "host": head.inner_ip}
        self.say("open", **order)
        try:
            first = self._heard.get(timeout=_READY_S)
        except queue.Empty:
            first = None
        if first is None or first["is"] != "ready":
            self.close()
            raise PlaceError(f"the head at {head.ip} cannot be used: {self.trouble()}")

    def say(self, what: str, **more: Any) -> None:
        """Send an order; one to a connection that is gone is lost, as `heard` will say."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
            self._process.stdin.flush()

    def ping(self) -> None:
        """Show, now and then, that we are here."""
        if time.monotonic() - self._pinged_at > _PING_S:
            self._pinged_at = time.monotonic()
            self.say("ping")

    def heard(self) -> list[Mapping[str, Any]] | None:
        """Return what has been said since the last call; None: the connection is gone."""
        found: list[Mapping[str, Any]] = []
        while True:
            try:
                one = self._heard.get_nowait()
            except queue.Empty:
                return found
            if one is None:
                self._heard.put(None)
                return found or None
            found.append(one)

    def trouble(self) -> str:
        """Return what was last said on stderr."""
        time.sleep(0.05)
        return self._errors[-1] if self._errors else "the connection is gone"

    def close(self) -> None:
        """Let the other end leave, and leave."""
        self.say("close")
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._lent is not None:
            self._lent.close()
            self._lent = None

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                if line.startswith("{"):  # a shell's start-up files may print, too
                    self._heard.put(json.loads(line))
        self._heard.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                if line.strip():
                    self._errors = [*self._errors[-20:], line.strip()[:300]]


def _ssh(head: Head, forward: list[str]) -> list[str]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "15",
        "ExitOnForwardFailure": "yes",
        "LogLevel": "ERROR",
        "ServerAliveInterval": "10",
        "ServerAliveCountMax": "6",
        # Its key cannot be known before: the machine was made a minute ago.
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
    }
    words = ["ssh", "-T", *forward]
    if head.key is not None:
        words += ["-i", head.key, "-o", "IdentitiesOnly=yes"]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    return [*words, f"{head.user}@{head.ip}"]
