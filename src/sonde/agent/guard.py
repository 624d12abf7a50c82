"""What makes sure that no process outlives its trial, however the trial or its agent ended.

Each trial's program leads a session of its own, so one signal reaches all of it. Two things
catch what that misses. On Linux the agent adopts processes whose parents have ended, so those
that left the session turn up among its children. And a watchdog kills what is left when the
agent itself is killed.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from sonde.agent import watchdog
from sonde.agent.folder import TrialFolder
from sonde.agent.identity import is_alive

__all__ = ["Guard", "group_exists", "kill_earlier", "signal_group"]

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Guard:
    """The watchdog of one agent, and the processes that it adopted."""

    def __init__(self) -> None:
        self._groups: dict[int, str] = {}  # process group -> trial folder
        self._announced: set[str] = set()
        self._children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
        self._foreign = set(self._listed())
        self._adopts = _adopt(yes=True)
        self._dog = self._start()

    def announce(self, folder: Path) -> None:
        """Call before a process is started in a trial folder."""
        self._announced.add(str(folder))
        self._tell(f"?{folder}")

    def started(self, group: int, folder: Path) -> None:
        """Call when it runs, and when it goes on to another trial."""
        self._announced.discard(self._groups.get(group, ""))
        self._announced.add(str(folder))
        self._groups[group] = str(folder)
        self._tell(f"+{group} {folder}")

    def ended(self, group: int) -> None:
        """Call when nothing of it is left."""
        self._announced.discard(self._groups.pop(group, ""))
        self._tell(f"-{group}")

    def check(self) -> None:
        """Start the watchdog again if it is gone."""
        if self._dog.poll() is not None:
            if self._dog.stdin is not None:
                self._dog.stdin.close()
            self._dog = self._start()
            for folder in self._announced:
                self._tell(f"?{folder}")
            for group, folder in self._groups.items():
                self._tell(f"+{group} {folder}")

    def strays(self, folder: Path) -> list[int]:
        """Return adopted processes that belong to a trial; waits for those that have ended."""
        if not self._adopts:
            return watchdog.carriers({str(folder)})
        found = []
        for pid in self._adopted():
            try:
                done, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if not done and _carries(pid, folder):
                found.append(pid)
        return found

    def close(self) -> None:
        """Send the watchdog home; it kills what is still listed."""
        if self._dog.stdin is not None:
            self._dog.stdin.close()
        self._dog.wait()
        if self._adopts:
            _adopt(yes=False)

    @property
    def watchdog_pid(self) -> int:
        """The watchdog's process number."""
        return self._dog.pid

    def _adopted(self) -> list[int]:
        own = self._groups.keys() | self._foreign | {self._dog.pid}
        return [pid for pid in self._listed() if pid not in own]

    def _listed(self) -> list[int]:
        try:
            return [int(pid) for pid in self._children.read_bytes().split()]
        except OSError:  # another system, or a kernel without this file
            return []

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def _tell(self, line: str) -> None:
        try:
            pipe = self._dog.stdin
            if pipe is not None:
                os.write(pipe.fileno(), os.fsencode(line) + b"\n")
        except BrokenPipeError:
            return  # `check` starts another, and tells it all


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; nothing happens if it is gone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def group_exists(group: int) -> bool:
    """Tell whether a process group has members (also such that nobody waited for)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return sys.platform != "darwin"
    return True


def kill_earlier(folder: TrialFolder) -> int:
    """Kill what still lives of earlier attempts at a trial on this machine; return how many."""
    earlier = list(folder.earlier())
    killed = 0
    for before in earlier:
        note = before.read_process()
        if note is not None and is_alive(int(note["pid"]), str(note["started"])):
            signal_group(int(note["pgid"]), signal.SIGKILL)
            killed += 1
    if earlier:
        for pid in watchdog.carriers({str(before.path) for before in earlier}):
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
            killed += 1
    return killed


def _carries(pid: int, folder: Path) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"SONDE_TRIAL_DIR=" + os.fsencode(folder) in variables


def _adopt(*, yes: bool) -> bool:
    """Have the processes whose parents end become our children; return whether that works."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0) == 0)
