"""A real TensorBoard on a directory, and what its HParams plugin answers."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ports import free_port

__all__ = ["TensorBoard", "tensorboard"]

STATUSES = [f"STATUS_{name}" for name in ("UNKNOWN", "SUCCESS", "FAILURE", "RUNNING")]


class TensorBoard:
    """Asks the HParams plugin of a server over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, route: str, request: Any) -> Any:
        body = json.dumps(request).encode()
        headers = {"Content-Type": "application/json"}
        target = f"{self.url}/data/plugin/hparams/{route}"
        with urllib.request.urlopen(urllib.request.Request(target, body, headers)) as answer:
            return json.loads(answer.read())

    def experiment(self) -> Any:
        return self.post("experiment", {})

    def groups(self, **request: Any) -> Any:
        asked = {"allowedStatuses": STATUSES, "startIndex": 0, "sliceSize": 1000}
        return self.post("session_groups", asked | request)["sessionGroups"]

    def evals(self, session: str, tag: str, group: str = "") -> list[list[float]]:
        name = {"tag": tag, "group": group}
        found: list[list[float]] = self.post(
            "metric_evals", {"sessionName": session, "metricName": name}
        )
        return found

    def download(self, form: str, columns: int) -> str:
        request = {"allowedStatuses": STATUSES, "startIndex": 0, "sliceSize": 1000}
        query = urllib.parse.urlencode(
            {
                "format": form,
                "columnsVisibility": json.dumps([True] * columns),
                "request": json.dumps(request),
            }
        )
        with urllib.request.urlopen(f"{self.url}/data/plugin/hparams/download_data?{query}") as got:
            return str(got.read().decode())


@contextmanager
def tensorboard(logdir: Path, groups: int, timeout_s: float = 90.0) -> Iterator[TensorBoard]:
    """Serve a directory until the block ends, which begins when so many groups are loaded."""
    port = free_port()
    argv = [sys.executable, "-W", "ignore", "-m", "tensorboard.main"]
    argv += ["--logdir", str(logdir), "--host", "127.0.0.1", "--port", str(port)]
    argv += ["--load_fast=false", "--reload_interval=1"]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        board = TensorBoard(f"http://127.0.0.1:{port}")
        until = time.monotonic() + timeout_s
        while _count(board) < groups:
            assert server.poll() is None, "TensorBoard has ended"
            assert time.monotonic() < until, "TensorBoard does not show the groups"
            time.sleep(0.1)
        yield board
    finally:
        server.kill()
        server.wait()


def _count(board: TensorBoard) -> int:
    try:
        return len(board.groups())
    except (OSError, urllib.error.HTTPError):  # it is not up yet, or has read nothing yet
        return -1
