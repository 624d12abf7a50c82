"""This process's connection to Ray, of which there can be one.

Several executors share it, as where a program has several remote functions; it ends with the
last of them, unless the program had connected by itself before.
"""

import logging
import os
import threading
from typing import Any

from sonde.errors import ConfigError
from sonde.executors.engine import knock

__all__ = ["CONNECTION", "Connection"]

_OBJECTS = 100_000_000  # bytes of Ray's object store: only small messages go through it


class Connection:
    """Counts who uses it."""

    def __init__(self) -> None:
        self._users = 0
        self._is_ours = False
        self._lock = threading.Lock()

    def join(self, address: str | None, where: str) -> Any:
        """Return Ray, connected; `leave` has to be called once for it.

        Args:
            address: `HOST:PORT` of a cluster's head; None: that of RAY_ADDRESS, else a cluster of
                this machine alone is started.
            where: How it was asked for, for errors.

        Raises:
            ConfigError: If Ray is not installed, or there is no cluster.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "error")
        try:
            import ray
        except ImportError as error:
            raise ConfigError(where, "Ray is not installed here", "pip install ray") from error
        with self._lock:
            if not ray.is_initialized():
                _connect(ray, address or os.environ.get("RAY_ADDRESS"), where)
                self._is_ours, self._users = True, 0
            self._users += 1
        return ray

    def leave(self) -> None:
        """End it if nobody else uses it and it is not the program's own."""
        with self._lock:
            self._users -= 1
            if not self._is_ours or self._users > 0:
                return
            self._is_ours = False
            import ray

            ray.shutdown()


CONNECTION = Connection()
"""The one of this process."""


def _connect(ray: Any, address: str | None, where: str) -> None:
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None or address == "local":
        ray.init(
            address="local", include_dashboard=False, object_store_memory=_OBJECTS,
            _node_ip_address="127.0.0.1", **quiet,
        )  # fmt: skip
        return
    if "://" in address:
        raise ConfigError(
            where, "that is no address of a cluster's head",
            "write HOST:6379; where only the dashboard is open: ray job submit -- sonde run ...",
        )  # fmt: skip
    knock(address, where, "start one: ray start --head --port 6379")
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        said = str(error).strip().partition("\n")[0]
        raise ConfigError(
            where, f"no Ray cluster can be used there: {said}",
            "see `ray status`; a head is started by: ray start --head --port 6379; one that asks "
            "for a token wants RAY_AUTH_MODE=token and RAY_AUTH_TOKEN here as well",
        ) from error  # fmt: skip
