"""A worker: a process that calls the user's function, once for each assignment it is sent.

It is kept from trial to trial, so that what the function imports is imported once. For each
it takes on the trial's environment and folder, and its output goes to the trial's logs. Over
the socket go JSON objects, one a line.
"""

import io
import json
import os
import pickle
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.returned import Returned, returned_metrics
from sonde.errors import ConfigError, Stopped

__all__ = ["main"]

_TRACE = 20_000  # characters of a traceback that are sent

_is_calling = False  # whether a signal may end the function


def main(argv: list[str]) -> None:
    """Work for the agent at the other end of a socket until it closes it.

    Args:
        argv: The socket's file descriptor, and the file with the pickled function.
    """
    channel = socket.socket(fileno=int(argv[0]))
    os.set_inheritable(channel.fileno(), False)
    signal.signal(signal.SIGTERM, _end_function)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    function: Callable[..., Any] | None = None
    with channel, channel.makefile("rb") as lines:
        for line in lines:
            assignment = json.loads(line)
            _take_on(assignment)
            if function is None:
                function, answer = _load(Path(argv[1]), assignment)
            if function is not None:
                answer = _answer(function, assignment)
            _flush()
            channel.sendall(json.dumps(answer).encode() + b"\n")


def _take_on(assignment: Mapping[str, Any]) -> None:
    """Become the process of this trial."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        log = os.open(assignment[name], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(log, fd)
        os.close(log)
    os.environ.clear()
    os.environ.update(assignment["env"])
    os.chdir(assignment["cwd"])
    if "sonde.tracking.run" in sys.modules:  # it is there if the function uses it
        sys.modules["sonde.tracking.run"].reset()


def _load(
    path: Path, assignment: Mapping[str, Any]
) -> tuple[Callable[..., Any] | None, dict[str, Any]]:
    """Return the function, or why it cannot be had."""
    # Modules that were sent along with the function come before what else may be here.
    for folder in (assignment["cwd"], assignment["env"].get("SONDE_CODE")):
        if folder is not None and folder not in sys.path:
            sys.path.insert(0, folder)
    try:
        function: Callable[..., Any] = pickle.loads(path.read_bytes())  # noqa: S301 - the user's
    except BaseException as error:  # noqa: BLE001 - whatever its modules do when imported
        return None, _failed(error, f"the function cannot be loaded: {_line(error)}")
    return function, {}


def _answer(function: Callable[..., Any], assignment: Mapping[str, Any]) -> dict[str, Any]:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    answer = _called(function, assignment)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024
    answer["facts"] = {
        "duration_s": round(time.monotonic() - began, 3),
        "cpu_s": round(spent, 3),
        "memory_mb": round(after.ru_maxrss * unit / 1e6, 1),
    } | answer.get("facts", {})
    return answer


def _called(function: Callable[..., Any], assignment: Mapping[str, Any]) -> dict[str, Any]:
    global _is_calling  # noqa: PLW0603 - a signal handler has nothing else to look at
    goals = [
        Goal(metric=m, direction=Direction(d), summary=SummaryKind(s))
        for m, d, s in assignment["goals"]
    ]
    try:
        _is_calling = True
        try:
            returned = function(**assignment["params"])
        finally:
            _is_calling = False
        if isinstance(returned, Returned):
            values = dict(returned.values)
            return {"state": "done", "values": values, "facts": dict(returned.facts)}
        return {"state": "done", "values": returned_metrics(returned, goals, _logged())}
    except Stopped:
        return {"state": "stopped"}
    except ConfigError as error:  # of the return value, or of `sonde.log`: it says where
        return _failed(error, str(error))
    except BaseException as error:  # noqa: BLE001 - the user's function may raise anything
        return _failed(error, _line(error))


def _logged() -> Collection[str]:
    """Return the metrics that the function has logged."""
    tracking = sys.modules.get("sonde.tracking.run")  # it is there if the function uses it
    return () if tracking is None else tracking.current().summary


def _failed(error: BaseException, text: str) -> dict[str, Any]:
    # The first two frames are ours.
    below = error.__traceback__
    while below is not None and below.tb_frame.f_code.co_filename == __file__:
        below = below.tb_next
    trace = "".join(traceback.format_exception(type(error), error, below))
    print(trace, file=sys.stderr, end="")
    return {
        "state": "failed",
        "error": text.partition("\n")[0],
        "facts": {"traceback": trace[-_TRACE:]} | getattr(error, "sonde_facts", {}),
    }


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, io.UnsupportedOperation):
            continue  # the function closed it, or the disk is full


def _end_function(_: int, __: FrameType | None) -> None:
    if _is_calling:
        raise Stopped("the trial was asked to end")


if __name__ == "__main__":
    main(sys.argv[1:])
