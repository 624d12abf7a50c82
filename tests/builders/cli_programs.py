"""`sonde` as a process of its own, in a folder with a script, by pipes or at a terminal."""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pyte

from sonde.errors import NotFoundError
from sonde.store import open_store

SONDE = [sys.executable, "-m", "sonde"]
WAIT_S = 60.0

TRAIN = """\
import json, os, sys, time

lr = 0.01
print('learning rate = {}'.format(lr), flush=True)
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 2
nap = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
with open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a') as out:
    for epoch in range(epochs):
        loss = (lr - 0.03) ** 2 + 1 / (epoch + 1)
        print(json.dumps({'step': epoch, 'val_loss': loss}), file=out, flush=True)
        time.sleep(nap)
"""


def environment(**changes: str) -> dict[str, str]:
    """The environment of a user who has set nothing for sonde."""
    dropped = {"SONDE_STORE", "COLUMNS", "LINES", "NO_COLOR", "CI", "GITHUB_ACTIONS"}
    return {k: v for k, v in os.environ.items() if k not in dropped} | changes


@dataclass
class Place:
    """A folder in which somebody works."""

    path: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, text: str = TRAIN) -> Path:
        """Put a file there."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *argv: str, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command line to its end."""
        done = subprocess.run(
            [*SONDE, *argv], cwd=self.path, env=environment(**env), capture_output=True,
            text=True, timeout=110, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if code is not None:
            assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def start(self, *argv: str) -> "subprocess.Popen[str]":
        """Start a command line in a process group of its own."""
        process = subprocess.Popen(
            [*SONDE, *argv], cwd=self.path, env=environment(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def json(self, *argv: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*argv, "--format", "json").stdout)

    def trials(self, sweep: str) -> list[dict[str, Any]]:
        """The trials of a sweep."""
        found: list[dict[str, Any]] = self.json("trials", sweep)
        return found

    def wait(self, sweep: str, enough: Callable[[dict[str, int]], bool]) -> dict[str, int]:
        """Wait until the counts of a sweep are as wanted; return them."""
        until = time.monotonic() + WAIT_S
        counts: dict[str, int] = {}
        path = self.path / ".sonde" / "sonde.db"
        while time.monotonic() < until:
            # Read here: a command takes as long as some of the sweeps that are waited for.
            if path.exists():
                with contextlib.suppress(NotFoundError), closing(open_store(str(path))) as store:
                    found = store.find_sweep(sweep).counts
                    counts = {state.value: count for state, count in found.items()}
                    if enough(counts):
                        return counts
            time.sleep(0.05)
        raise AssertionError(f"{sweep} still is at {counts}")

    def orphans(self) -> list[str]:
        """Processes that still work in this folder."""
        found = []
        for process in psutil.process_iter(["cmdline", "cwd"]):
            with contextlib.suppress(psutil.Error):
                words = " ".join(process.info["cmdline"] or [])
                here = str(process.info["cwd"] or "")
                ours = str(self.path) in words or here.startswith(str(self.path))
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(words)
        return found

    def wait_until_alone(self) -> None:
        """Wait until what a killed program has left has ended too."""
        until = time.monotonic() + WAIT_S
        while left := self.orphans():
            assert time.monotonic() < until, left
            time.sleep(0.05)

    def close(self) -> None:
        """End what the test started."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@contextlib.contextmanager
def terminal(
    place: Place, argv: list[str], columns: int, rows: int, **env: str
) -> Iterator["Terminal"]:
    """Start a command line at a terminal of a size."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(place.path)
        # The parent has to set the size before the program asks for it.
        os.read(0, 1)
        os.execvpe(SONDE[0], [*SONDE, *argv], environment(**({"TERM": "xterm-256color"} | env)))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.write(fd, b"\n")
    terminal = Terminal(pid, fd, columns, rows)
    try:
        yield terminal
    finally:
        terminal.close()


class Terminal:
    """What stands on the screen of a terminal."""

    def __init__(self, pid: int, fd: int, columns: int, rows: int) -> None:
        self._pid, self._fd = pid, fd
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.code: int | None = None

    @property
    def lines(self) -> list[str]:
        """Its lines, without what is blank below."""
        lines = [line.rstrip() for line in self._screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines[1:]  # the first is where we said that the size is set

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def read(self, seconds: float) -> bool:
        """Read for a while; False when the program has ended."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                return True
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                data = b""
            if not data:
                self.code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
                return False
            self.raw += data
            self._stream.feed(data)
        return True

    def wait_for(self, wanted: Callable[[str], bool]) -> str:
        """Read until something stands there; return what does."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if wanted(self.text):
                return self.text
            if not self.read(0.05):
                break
        if wanted(self.text):
            return self.text
        raise AssertionError(f"it never stood there; this did:\n{self.text}")

    def press(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._fd, keys)

    def finish(self) -> int:
        """Read to the end; return the exit code."""
        until = time.monotonic() + WAIT_S
        while self.code is None and time.monotonic() < until:
            self.read(0.5)
        assert self.code is not None, self.text
        return self.code

    def close(self) -> None:
        """End the program if it has not ended."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)
