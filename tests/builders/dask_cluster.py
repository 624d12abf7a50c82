"""A Dask cluster of this machine: a scheduler and workers, each a process of its own."""

import os
import subprocess
import sys

__all__ = ["DaskCluster"]

_PORT = 8797


class DaskCluster:
    """Starts a scheduler and two workers; each has four threads, a GPU and two slots."""

    def __init__(self) -> None:
        from distributed import Client

        self.address = f"tcp://127.0.0.1:{_PORT}"
        self._scheduler = self._start("scheduler", "--port", str(_PORT))
        self._workers = [self.worker("one"), self.worker("two")]
        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)

    def worker(self, name: str) -> "subprocess.Popen[bytes]":
        """Start a worker; its variable DASK_KIND is `dask`."""
        return self._start(
            "worker", self.address, "--nthreads", "4", "--no-nanny", "--name", name,
            "--resources", "GPU=1 slot=2",
        )  # fmt: skip

    def close(self) -> None:
        """End it."""
        for process in (*self._workers, self._scheduler):
            process.kill()
            process.wait()

    def _start(self, what: str, *words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *words,
             "--host", "127.0.0.1", "--no-dashboard"],
            env=os.environ | {"DASK_KIND": "dask"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
