"""What makes sure that no process outlives its trial, however the trial or its agent ended.

Each trial's program leads a session of its own, so one signal reaches all of it. Two things
catch what that misses. On Linux the agent adopts processes whose parents have ended, so those
that left the session turn up among its children. And a watchdog kills what is left when the
agent itself is killed.

A process that emptied its environment does not say whose it is. An agent that is a process of
its own takes every such stranger that it adopted for one of a trial's: it is killed when no
trial runs any more that ran when the stranger turned up, and at the latest when the agent
leaves. A program that runs an agent inside itself may have such children of its own, so there
they are left alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from sonde.agent import watchdog
from sonde.agent.folder import TrialFolder
from sonde.agent.identity import is_alive, start_time

__all__ = ["Guard", "group_exists", "kill_earlier", "signal_group"]

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_MOST_LISTED = 1 << 20  # bytes: some hundred thousand children
_CLEAR_S = 2.0  # how long strangers that were killed may take to be gone


class Guard:
    """The watchdog of one agent, and the processes that it adopted."""

    def __init__(self, *, is_alone: bool = False) -> None:
        """Begin.

        Args:
            is_alone: This process is an agent and nothing else, so that whatever it adopts
                was begun by a trial.
        """
        self._groups: dict[int, str] = {}  # process group -> trial folder
        self._announced: set[str] = set()
        self._under_way: set[str] = set()  # folders of trials that have not ended
        self._suspects: dict[int, set[str]] = {}  # stranger -> trials that may have begun it
        self._is_alone, self._session = is_alone, os.getsid(0)
        self._children = _opened(f"/proc/self/task/{threading.get_native_id()}/children")
        self._foreign = set(self._listed())
        self._adopts = _adopt(yes=True)
        self._dog = self._start()

    def announce(self, folder: Path) -> None:
        """Call before a process is started in a trial folder."""
        self._announced.add(str(folder))
        self._under_way.add(str(folder))
        self._tell(f"?{folder}")

    def over(self, folder: Path) -> None:
        """Call when a trial is at its end, whatever is left of it."""
        self._under_way.discard(str(folder))

    def started(self, group: int, folder: Path) -> None:
        """Call when it runs, and when it goes on to another trial."""
        self._announced.discard(self._groups.get(group, ""))
        self._announced.add(str(folder))
        self._under_way.add(str(folder))
        self._groups[group] = str(folder)
        self._tell(f"+{group} {folder}")

    def ended(self, group: int) -> None:
        """Call when nothing of it is left."""
        self._announced.discard(self._groups.pop(group, ""))
        self._tell(f"-{group}")

    def check(self) -> None:
        """Start the watchdog again if it is gone; look who was adopted."""
        if self._dog.poll() is not None:
            if self._dog.stdin is not None:
                self._dog.stdin.close()
            self._dog = self._start()
            for folder in self._announced:
                self._tell(f"?{folder}")
            for group, folder in self._groups.items():
                self._tell(f"+{group} {folder}")
            self._suspects.clear()  # so that it hears of them when they are met again
        if self._is_alone:
            for pid in self._living():
                if self._is_left_over(pid):
                    _kill(pid)

    def strays(self, folder: Path) -> list[int]:
        """Return adopted processes that belong to a trial at its end; waits for ended ones."""
        if not self._adopts:
            self.over(folder)
            return watchdog.carriers({str(folder)})
        living = self._living()  # with the trial still a suspect
        self.over(folder)
        return [
            pid
            for pid in living
            if _trial_of(pid) == os.fsencode(folder) or (self._is_alone and self._is_left_over(pid))
        ]

    def close(self) -> None:
        """Send the watchdog home; it kills what is still listed."""
        if self._dog.stdin is not None:
            self._dog.stdin.close()
        self._dog.wait()
        self._under_way.clear()
        until = time.monotonic() + _CLEAR_S
        while self._is_alone and time.monotonic() < until:
            left = [pid for pid in self._living() if self._is_left_over(pid)]
            if not left:
                break
            for pid in left:
                _kill(pid)
            time.sleep(0.002)
        if self._adopts:
            _adopt(yes=False)
        if self._children is not None:
            os.close(self._children)
            self._children = None

    @property
    def watchdog_pid(self) -> int:
        """The watchdog's process number."""
        return self._dog.pid

    def _living(self) -> list[int]:
        """Return the adopted processes that live; wait for the others."""
        own = self._groups.keys() | self._foreign | {self._dog.pid}
        living = []
        for pid in self._listed():
            if pid in own:
                continue
            try:
                done, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
            if not done:
                living.append(pid)
                if self._is_alone:
                    self._meet(pid)
        for pid in self._suspects.keys() - set(living):
            del self._suspects[pid]
            self._tell(f"~{pid}")
        return living

    def _meet(self, pid: int) -> None:
        """Note which trials may have begun an adopted process, when it turns up."""
        if pid in self._suspects or not self._is_stranger(pid):
            return
        told = os.fsdecode(_trial_of(pid) or b"")
        self._suspects[pid] = {told} if told in self._under_way else set(self._under_way)
        self._tell(f"*{pid} {start_time(pid) or 0}")

    def _is_stranger(self, pid: int) -> bool:
        """Tell whether we did not start it: what we start shares our session, a trial never."""
        try:
            return os.getsid(pid) != self._session
        except (ProcessLookupError, PermissionError):
            return False

    def _is_left_over(self, pid: int) -> bool:
        """Tell whether all trials that may have begun a stranger are over."""
        suspects = self._suspects.get(pid)
        return suspects is not None and suspects.isdisjoint(self._under_way)

    def _listed(self) -> list[int]:
        if self._children is None:
            return []
        return [int(pid) for pid in os.pread(self._children, _MOST_LISTED, 0).split()]

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


def _trial_of(pid: int) -> bytes | None:
    """Return the trial folder that a process carries in its environment."""
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    mark = b"SONDE_TRIAL_DIR="
    return next((one[len(mark) :] for one in variables if one.startswith(mark)), None)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _opened(path: str) -> int | None:
    """Open a file that is read over and over; None on another system, or an older kernel."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None


def _adopt(*, yes: bool) -> bool:
    """Have the processes whose parents end become our children; return whether that works."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0) == 0)
