"""`python -m sonde.executors.cloud.onboard`: what a driver elsewhere has on the head.

It holds the driver's agents as actors of the cluster, as the Ray executor does anywhere, and is
told what to do by lines of JSON on stdin: `open`, `start`, `stop`, `ping`, `close`. On stdout it
says what became of them. When its stdin ends, or no ping has come for a while (a connection may
hang for hours), its agents give their trials back and it leaves. Each line is noted for the
watchdog, which ends the machines when none has come for long.
"""

import json
import os
import queue
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from sonde.executors.cloud.relay import Relay
from sonde.executors.cloud.watchdog import ALIVE
from sonde.executors.protocol import AgentSpec
from sonde.executors.ray import RayExecutor
from sonde.executors.resources import Resources

__all__ = ["main"]

_LOOK_S = 0.1
_COUNT_S = 5.0
_SILENT_S = 90.0  # a driver pings every 5 s


_answers: Any = sys.stdout


class _Onboard:
    def __init__(self) -> None:
        self._place = RayExecutor(address="auto")
        self._relay: Relay | None = None
        self._spec: AgentSpec | None = None
        self._ids: dict[str, str] = {}  # the driver's names of our handles
        self._counted_at = 0.0
        self._workers = -1
        self.is_over = False

    def obey(self, order: dict[str, Any]) -> None:
        """Do what a line says."""
        what = order["do"]
        if what == "open":
            self._open(order)
        elif what == "start":
            assert self._spec is not None
            handles = self._place.start(self._spec, len(order["ids"]))
            self._ids |= {h.id: own for h, own in zip(handles, order["ids"], strict=True)}
        elif what == "stop":
            self._place.stop(now=order["now"])
        elif what == "close":
            self.is_over = True
        _alive()

    def tell(self) -> None:
        """Say what is new."""
        for exited in self._place.watch():
            _say({
                "is": "gone", "id": self._ids.pop(exited.handle.id), "agent": exited.agent,
                "clean": exited.clean, "detail": exited.detail,
            })  # fmt: skip
        for line in self._place.said():
            _say({"is": "said", "line": line})
        now = time.monotonic()
        if now - self._counted_at > _COUNT_S and self._spec is not None:
            self._counted_at = now
            self._count()

    def close(self) -> None:
        """Leave nothing behind."""
        self._place.close()
        if self._relay is not None:
            self._relay.close()

    def _open(self, order: dict[str, Any]) -> None:
        given = order["spec"]
        each = Resources(**given["each"])
        spec = AgentSpec(**{**given, "gpus": tuple(given["gpus"]), "each": each})
        os.environ.update(order["secrets"])
        if order["socket"] is not None:
            self._relay = Relay(order["host"], order["socket"])
            spec = replace(spec, store=f"http://{order['host']}:{self._relay.port}")
        self._spec = replace(spec, root=str(Path.home() / ".sonde"))
        _say({"is": "ready"})

    def _count(self) -> None:
        """Say how many workers are up, when that has changed."""
        import ray

        if not ray.is_initialized():
            return
        there = [node for node in ray.nodes() if node["Alive"]]
        workers = sum(node["Resources"].get("CPU", 0) > 0 for node in there)
        if workers != self._workers:
            self._workers = workers
            _say({"is": "machines", "workers": workers})


def main() -> int:
    """Hold agents until the driver is gone; return the exit status."""
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer of ours
    global _answers  # noqa: PLW0603 - this process is this program
    _answers = os.fdopen(out, "w", buffering=1)
    orders: queue.Queue[dict[str, Any] | None] = queue.Queue()
    threading.Thread(target=_read, args=(orders,), daemon=True).start()
    onboard = _Onboard()
    heard_at = time.monotonic()
    try:
        while not onboard.is_over:
            try:
                order = orders.get(timeout=_LOOK_S)
            except queue.Empty:
                if time.monotonic() - heard_at > _SILENT_S:
                    break
            else:
                if order is None:
                    break
                heard_at = time.monotonic()
                onboard.obey(order)
            onboard.tell()
    except BrokenPipeError:
        pass  # the driver is gone
    finally:
        onboard.close()
    return 0


def _read(orders: "queue.Queue[dict[str, Any] | None]") -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    orders.put(None)


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), file=_answers, flush=True)


def _alive() -> None:
    path = ALIVE.expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


if __name__ == "__main__":
    sys.exit(main())
