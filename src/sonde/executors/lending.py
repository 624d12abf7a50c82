"""A store that agents on other machines reach: the user's server, or one of our own beside us.

The driver's machine opens the store itself. For others a server is started as a child process,
on the address of this machine that they see, with a token made for the occasion.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Self

from sonde.errors import StoreError

__all__ = ["Lent", "address_towards"]

_START_S = 30.0


class Lent:
    """A server of a store, for as long as this is open."""

    def __init__(self, store: str, host: str, names: Sequence[str] = ()) -> None:
        """Start it.

        Args:
            store: URL of the store.
            host: The address of this machine to listen on.
            names: What it is called by those who reach it otherwise, as through a tunnel.

        Raises:
            StoreError: If it does not come up.
        """
        reading, self._writing = os.pipe()
        options = {"store": store, "host": host, "names": list(names), "parent_fd": reading}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sonde.server.lent", json.dumps(options)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=(reading,), start_new_session=True,
        )  # fmt: skip
        os.close(reading)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().decode(errors="replace").strip()
            self.close()
            raise StoreError(f"agents on other machines cannot be served: {said[-300:]}")
        found = json.loads(line)
        self.url: str = found["url"]
        self.token: str = found["token"]

    def close(self) -> None:
        """End it."""
        os.close(self._writing)
        try:
            self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def address_towards(host: str) -> str:
    """Return the address of this machine that another one sees."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing: the system only chooses the way
        except OSError:
            return "127.0.0.1"
        name: str = probe.getsockname()[0]
        return name
