"""`python -m sonde.executors.posted`: an agent as a job, where nobody of ours holds it.

The order stands in SONDE_ORDER. SIGUSR1 lets the agent end its trials and leave, SIGUSR2 has it
give them back; SIGTERM is left to the agent, as what ends a job ends every process of it. An
agent whose store was lent by a driver leaves when that has been gone for some minutes, so that
it does not hold its node until the time limit.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from sonde.agent import identity
from sonde.executors.hosted import Order
from sonde.executors.protocol import AgentSpec
from sonde.executors.resources import Resources

__all__ = ["BEGAN", "ENDED", "main", "order_text"]

BEGAN, ENDED = "agent is ", "agent ended: "
"""What the lines on stderr begin with that say who the agent is, and how it ended."""

_LOOK_S = 0.2
_KNOCK_S = 20.0
_MISS_S = 300.0  # how long a lent store may be gone


def order_text(order: Order, *, mark: Path, idle_s: float) -> str:
    """Return an order as it is posted.

    Args:
        order: Its secrets travel apart.
        mark: A file of the driver; whoever sees it shares its folders.
        idle_s: After how long without a trial the agent leaves.
    """
    spec = asdict(order.spec)
    return json.dumps({
        "spec": spec, "host": order.host, "url": order.url, "mark": str(mark), "idle_s": idle_s,
    })  # fmt: skip


def main() -> int:
    """Run the agent that SONDE_ORDER describes; return its exit status."""
    wanted: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        wanted.append(signal.SIGINT if number == signal.SIGUSR1 else signal.SIGTERM)

    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, ask)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignore)  # not SIG_IGN, which the agent would inherit
    given = json.loads(os.environ.pop("SONDE_ORDER"))
    try:
        spec, is_lent = _here(given)
    except RuntimeError as error:
        print(f"agent: {error}", file=sys.stderr, flush=True)
        return 2
    reading, writing = os.pipe() if is_lent else (None, None)
    agent = subprocess.Popen(
        spec.argv(parent_fd=reading, idle_timeout_s=given["idle_s"], shares_signals=True),
        stdin=subprocess.DEVNULL, pass_fds=() if reading is None else (reading,),
    )  # fmt: skip
    print(f"{BEGAN}{identity.of(agent.pid)}", file=sys.stderr, flush=True)
    seen_at = knock_at = time.monotonic()
    while agent.poll() is None:
        while wanted and agent.poll() is None:
            agent.send_signal(wanted.pop(0))
        now = time.monotonic()
        if writing is not None and now >= knock_at:
            knock_at = now + _KNOCK_S
            if _answers(spec.store):
                seen_at = now
            elif now - seen_at > _MISS_S:
                os.close(writing)
                writing = None
        time.sleep(_LOOK_S)
    code = agent.returncode
    print(f"{ENDED}{code}", file=sys.stderr, flush=True)
    return code if code >= 0 else 128 - code


def _ignore(_: int, __: FrameType | None) -> None:
    return


def _here(given: Mapping[str, Any]) -> tuple[AgentSpec, bool]:
    """Return what is started here, and whether its store is there for as long as the driver."""
    spec = given["spec"]
    each = Resources(**spec["each"])
    there = AgentSpec(**{**spec, "gpus": tuple(spec["gpus"]), "each": each})
    host, boot = given["host"]
    order = Order(spec=there, host=(host, boot), url=given["url"], secrets={})
    found = order.here()
    if found.root != there.root and Path(given["mark"]).exists():
        found = replace(found, root=there.root)
    # Slurm has chosen the devices: all that this process sees are the trials'.
    devices = tuple(n for n in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if n)
    if each.gpus and devices:
        share = each.gpus if each.gpus < 1 else float(len(devices))
        found = replace(found, gpus=devices, each=replace(each, gpus=share))
    is_lent = found.store != there.store
    return found, is_lent


def _answers(url: str) -> bool:
    at = urlsplit(url)
    try:
        socket.create_connection((at.hostname or "", at.port or 80), 5.0).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
