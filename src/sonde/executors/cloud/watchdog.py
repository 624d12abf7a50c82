"""`python -m sonde.executors.cloud.watchdog`: ends machines that nobody uses any more.

It runs on every machine of a cluster. On the head it ends all of them when no driver has been
heard of for the time that was given: the driver's process there touches a file as long as it
hears from it. On a worker it ends that machine when the head does not answer for so long. No
driver has to be alive for that, and no connection.
"""

import argparse
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonde.errors import SondeError

__all__ = ["ALIVE", "is_over", "main"]

ALIVE = Path("~/.sonde-cloud/alive")
"""What a driver's process on the head touches."""

_MARK = Path("/run/sonde-cloud")  # made at the first boot: this machine is ours to shut down
_SCHEDULED = Path("/run/systemd/shutdown/scheduled")
_LOOK_S = 5.0
_TRIES = 5


def is_over(*, now: float, began: float, seen: float | None, timeout_s: float) -> bool:
    """Tell whether nobody has been there for too long.

    Args:
        now: In seconds, as the others.
        began: When it began to watch.
        seen: When somebody was there last; None: never.
        timeout_s: How long it may be.
    """
    return now - max(began, seen or began) > timeout_s


def main(argv: list[str]) -> int:
    """Watch until it is over, and end what is to be ended; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--head")
    given = parser.parse_args(argv)
    if given.config is not None:
        _watch(_seen_driver, given.timeout)
        _say("no driver: ending all machines")
        return _end_all(given.config.expanduser())
    _watch(_head_answers(given.head), given.timeout)
    _say("no head: ending this machine")
    _shut_down()
    return 0


def _watch(seen: Callable[[float], float | None], timeout_s: float) -> None:
    began = time.time()
    last = None
    while not is_over(now=time.time(), began=began, seen=last, timeout_s=timeout_s):
        _claim()
        time.sleep(min(_LOOK_S, timeout_s / 4))
        last = seen(time.time()) or last


def _seen_driver(_: float) -> float | None:
    try:
        return ALIVE.expanduser().stat().st_mtime
    except OSError:
        return None


def _head_answers(address: str) -> Callable[[float], float | None]:
    host, _, port = address.rpartition(":")

    def seen(now: float) -> float | None:
        try:
            socket.create_connection((host, int(port)), 5).close()
        except OSError:
            return None
        return now

    return seen


def _claim() -> None:
    """Call off the end that the first boot has ordered, in case that nobody comes."""
    if _MARK.exists() and _SCHEDULED.exists():
        subprocess.run(["sudo", "-n", "shutdown", "-c"], check=False)


def _end_all(path: Path) -> int:
    import yaml

    from sonde.executors.cloud.machines import down

    config: Mapping[str, Any] = yaml.safe_load(path.read_text())
    # Without it nobody starts workers any more.
    subprocess.run([sys.executable, "-m", "ray.scripts.scripts", "stop", "--force"], check=False)
    for _ in range(_TRIES):
        try:
            down(config, head_first=False)
        except SondeError as error:
            _say(str(error))
            time.sleep(_LOOK_S)
        else:
            return 0
    _shut_down()
    return 1


def _shut_down() -> None:
    if _MARK.exists():
        subprocess.run(["sudo", "-n", "shutdown", "-h", "now"], check=False)


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
