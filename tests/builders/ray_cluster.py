"""A Ray cluster of this machine that strangers are kept from, with its dashboard and Jobs API."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

import psutil

__all__ = ["GuardedRay"]

_PORT, _DASHBOARD = 6390, 8290
_START_S = 200.0


class GuardedRay:
    """A head with two cores that asks for a token.

    Attributes:
        address: Where drivers connect.
        jobs: The URL of its Jobs API.
        env: The environment of somebody who knows the token.
    """

    def __init__(self) -> None:
        # Not a folder of pytest's: the paths of Ray's sockets have to be short.
        self._base = tempfile.mkdtemp(prefix="ray", dir="/tmp")
        self.address, self.jobs = f"127.0.0.1:{_PORT}", f"http://127.0.0.1:{_DASHBOARD}"
        self.token = secrets.token_hex(32)
        others = {name: text for name, text in os.environ.items() if not name.startswith("RAY_")}
        self.env: Mapping[str, str] = others | {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token, "RAY_TMPDIR": self._base,
            "RAY_USAGE_STATS_ENABLED": "0", "HOME": self._base,
        }  # fmt: skip
        self._head = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
             "--node-ip-address=127.0.0.1", f"--port={_PORT}", "--num-cpus=2",
             "--dashboard-host=127.0.0.1", f"--dashboard-port={_DASHBOARD}",
             # Not the default, which other clusters of this machine have.
             "--dashboard-agent-listen-port=9902", "--ray-client-server-port=9901",
             "--object-store-memory=80000000"],
            env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + _START_S
        while not self._answers():
            if time.monotonic() > until or self._head.poll() is not None:
                self.close()
                raise AssertionError("no dashboard of Ray came up")
            time.sleep(0.2)

    def submit(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command as a job, as somebody who knows the token, and wait for its end."""
        until = time.monotonic() + _START_S
        while True:
            job = subprocess.run(
                [sys.executable, "-m", "ray.scripts.scripts", "job", "submit",
                 "--address", self.jobs, *words], env=self.env, timeout=200,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            # What takes jobs comes up some time after the dashboard.
            if "No available agent" not in job.stderr or time.monotonic() > until:
                return job

    def close(self) -> None:
        """End all of it."""
        children = []
        if self._head.poll() is None:
            children = psutil.Process(self._head.pid).children(recursive=True)
        for child in children:
            child.kill()
        self._head.kill()
        self._head.wait()
        psutil.wait_procs(children, timeout=10)
        shutil.rmtree(self._base, ignore_errors=True)

    def _answers(self) -> bool:
        request = urllib.request.Request(
            f"{self.jobs}/api/jobs/", headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
