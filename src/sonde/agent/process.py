"""One program under way: start it, ask how it does, end it with all that it started.

Its output goes straight to files, so a hundred megabytes of it cost nothing here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonde.agent.guard import Guard, group_exists, signal_group

__all__ = ["Exit", "Program", "last_line"]

_FIRMLY_S = 2.0  # how long a group that was killed may take to be gone
_TAIL = 16384  # bytes of stderr in which an error is looked for
_NOISE = ("During handling of", "The above exception was", "  ", "Traceback (most", "\t", "^")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a program ended.

    Attributes:
        status: Its exit status; None if a signal ended it.
        signal: The signal that ended it.
        duration_s: By the clock.
        cpu_s: User and system time of it and all children that it waited for.
        memory_mb: The most memory that one of them held.
    """

    status: int | None
    signal: int | None
    duration_s: float
    cpu_s: float
    memory_mb: float

    @property
    def is_good(self) -> bool:
        """Whether it ended by itself and said that all went well."""
        return self.status == 0

    def describe(self) -> str:
        """Say it in words."""
        if self.signal is None:
            return f"exit status {self.status}"
        try:
            name = signal.Signals(self.signal).name
        except ValueError:
            name = "unknown"
        cause = " (was memory short?)" if self.signal == signal.SIGKILL else ""
        return f"killed by signal {self.signal} ({name}){cause}"


class Program:
    """A running program that leads its own session."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        folder: Path,
        stdout: Path,
        stderr: Path,
        guard: Guard,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """Start it.

        Raises:
            OSError: If it cannot be started.
        """
        self._guard, self._folder = guard, folder
        self._began = time.monotonic()
        self._kill_at: float | None = None
        self._exit: Exit | None = None
        self._gone_at = 0.0
        guard.announce(folder)
        try:
            with stdout.open("ab") as out, stderr.open("ab") as err:
                self._popen = subprocess.Popen(
                    argv,
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                    pass_fds=pass_fds,
                )
        except OSError:
            guard.over(folder)
            raise
        self.pid = self._popen.pid
        guard.started(self.pid, folder)

    def poll(self) -> Exit | None:
        """Return how it ended once it, and all that it started, is gone; never waits."""
        now = time.monotonic()
        if self._exit is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid == 0:
                if self._kill_at is not None and now >= self._kill_at:
                    signal_group(self.pid, signal.SIGKILL)
                    self.kill_strays()
                return None
            code = os.waitstatus_to_exitcode(status)
            self._popen.returncode = code  # Popen must not wait for it again
            unit = 1 if sys.platform == "darwin" else 1024
            self._exit = Exit(
                status=code if code >= 0 else None,
                signal=-code if code < 0 else None,
                duration_s=now - self._began,
                cpu_s=usage.ru_utime + usage.ru_stime,
                memory_mb=usage.ru_maxrss * unit / 1e6,
            )
            self._gone_at = now
        if self._is_empty() or now - self._gone_at > _FIRMLY_S:
            self._guard.ended(self.pid)
            return self._exit
        return None

    def end(self, grace_s: float) -> None:
        """Ask it to end; what is left after `grace_s` is killed by `poll`."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + grace_s
            signal_group(self.pid, signal.SIGTERM)
            # One that was stopped (SIGSTOP) hears of it only when it goes on.
            signal_group(self.pid, signal.SIGCONT)

    def spare(self) -> None:
        """Let it live after all, as it has heeded the request."""
        self._kill_at = None

    def works_in(self, folder: Path) -> None:
        """Take note that it works for another trial from now on."""
        self._folder = folder
        self._guard.started(self.pid, folder)

    def wait(self) -> None:
        """Wait until it, killed before, is gone."""
        while self.poll() is None:
            time.sleep(0.002)

    def kill(self) -> None:
        """Kill it now."""
        self._kill_at = 0.0
        signal_group(self.pid, signal.SIGKILL)

    def kill_strays(self) -> bool:
        """Kill processes of its trial that left its session; tell whether there were any."""
        strays = self._guard.strays(self._folder)
        for pid in strays:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return bool(strays)

    @property
    def next_poll_s(self) -> float | None:
        """In how many seconds `poll` has something to do that no signal announces."""
        if self._exit is not None:
            return 0.005
        return None if self._kill_at is None else max(0.02, self._kill_at - time.monotonic())

    def _is_empty(self) -> bool:
        """Kill what the program left behind; tell whether that was nothing."""
        empty = True
        if group_exists(self.pid):
            signal_group(self.pid, signal.SIGKILL)
            empty = False
        return not self.kill_strays() and empty


def last_line(path: Path) -> str | None:
    """Return the last line of a log that says something: an exception's, of a traceback."""
    try:
        with path.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(0, size - _TAIL))
            lines = source.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    said = [line for line in lines if line.strip()]
    for line in reversed(said):
        if not line.startswith(_NOISE):
            return line.strip()[:500]
    return said[-1].strip()[:500] if said else None
