"""A function as the work of a trial: a worker that calls it, kept for the next trial."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonde.agent.folder import TrialFolder
from sonde.agent.guard import Guard, kill_earlier, signal_group
from sonde.agent.identity import start_time
from sonde.agent.inheriting import inherit
from sonde.agent.process import Program, last_line
from sonde.agent.running import Ended
from sonde.agent.waker import Waker
from sonde.core.metric import Goal
from sonde.core.trial import Lease

__all__ = ["FunctionWork", "Workers"]


class _Worker:
    """One worker process."""

    def __init__(self, code: Path, folder: TrialFolder, cwd: Path, guard: Guard) -> None:
        self.channel, theirs = socket.socketpair()
        argv = [sys.executable, "-P", "-m", "sonde.agent.worker", str(theirs.fileno()), str(code)]
        with theirs:
            self.program = Program(
                argv,
                cwd=cwd,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                folder=folder.path,
                stdout=folder.stdout,
                stderr=folder.stderr,
                guard=guard,
                pass_fds=(theirs.fileno(),),
            )
        self._received = b""

    def answer(self) -> dict[str, Any] | None:
        """Return its answer once it is there; never waits."""
        self.channel.setblocking(False)
        try:
            while data := self.channel.recv(1 << 16):
                self._received += data
        except (BlockingIOError, ConnectionError):
            pass
        finally:
            self.channel.setblocking(True)
        line, end, rest = self._received.partition(b"\n")
        if not end:
            return None
        self._received = rest
        found: dict[str, Any] = json.loads(line)
        return found


class Workers:
    """The workers of one agent: one for each slot at most, and each at one trial at most."""

    def __init__(self, code: Path, cwd: Path, guard: Guard, waker: Waker) -> None:
        self._code, self._cwd, self._guard, self._waker = code, cwd, guard, waker
        self._idle: list[_Worker] = []
        self._closed = False

    def take(self, folder: TrialFolder) -> _Worker:
        """Return a worker for a trial, one that is warm if there is any."""
        while self._idle:
            worker = self._idle.pop()
            if worker.program.poll() is None:
                worker.program.works_in(folder.path)
                return worker
            self.drop(worker)
        worker = _Worker(self._code, folder, self._cwd, self._guard)
        self._waker.add(worker.channel.fileno())
        return worker

    def give_back(self, worker: _Worker) -> None:
        """Keep a worker that has answered for the next trial."""
        if self._closed:  # the function was sent anew
            worker.program.kill()
            worker.program.wait()
            self.drop(worker)
        else:
            self._idle.append(worker)

    def drop(self, worker: _Worker) -> None:
        """Let go of one that has ended."""
        self._waker.remove(worker.channel.fileno())
        worker.channel.close()

    def close(self) -> None:
        """End them all; those that are at work end when they have answered."""
        self._closed = True
        for worker in self._idle:
            worker.program.kill()
            self.drop(worker)
        for worker in self._idle:
            worker.program.wait()
        self._idle.clear()


class FunctionWork:
    """Calls the function once."""

    def __init__(
        self,
        workers: Workers,
        lease: Lease,
        folder: TrialFolder,
        *,
        cwd: Path,
        env: Mapping[str, str],
        goals: Sequence[Goal],
    ) -> None:
        self._workers, self._lease, self._folder = workers, lease, folder
        self._cwd, self._env, self._goals = cwd, dict(env), goals
        self._worker: _Worker | None = None

    def prepare(self) -> Iterator[None]:
        """Kill what is left of an earlier attempt and make the folder."""
        if self._folder.attempt > 1:
            kill_earlier(self._folder)
        yield from inherit(self._folder, self._lease)
        self._folder.create(self._lease.params)
        yield

    def start(self) -> None:
        """Send the assignment to a worker."""
        self._worker = worker = self._workers.take(self._folder)
        assignment = {
            "params": dict(self._lease.params),
            "env": self._env,
            "cwd": str(self._cwd),
            "stdout": str(self._folder.stdout),
            "stderr": str(self._folder.stderr),
            "goals": [(g.metric, g.direction.value, g.summary.value) for g in self._goals],
        }
        worker.channel.sendall(json.dumps(assignment).encode() + b"\n")
        pid = worker.program.pid
        self._folder.write_process(pid, start_time(pid) or "0", self._lease.agent)

    def poll(self) -> Ended | None:
        """Return what the function came to, or how its worker ended."""
        worker = self._worker
        if worker is None:
            return Ended(good=False, stopped=True)
        answer = worker.answer()
        if answer is not None:
            worker.program.spare()
            worker.program.kill_strays()
            # It goes on to other trials: a further attempt at this one must not take it for a rest.
            self._folder.process.unlink(missing_ok=True)
            self._workers.give_back(worker)
            return Ended(
                good=answer["state"] == "done",
                stopped=answer["state"] == "stopped",
                error=answer.get("error"),
                values=answer.get("values"),
                facts=answer.get("facts"),
            )
        exit_ = worker.program.poll()
        if exit_ is None:
            return None
        self._workers.drop(worker)
        said = last_line(self._folder.stderr) if exit_.signal is None else None
        error = f"its process ended: {exit_.describe()}" + (f": {said}" if said else "")
        return Ended(good=False, error=error, exit=exit_)

    def end(self, grace_s: float) -> None:
        """Have the function raise `Stopped`; after `grace_s` its worker is killed."""
        if self._worker is not None:
            self._worker.program.end(grace_s)

    def kill(self) -> None:
        """Kill the worker."""
        if self._worker is not None:
            self._worker.program.kill()

    def signal(self, number: int) -> None:
        """Have the function raise `Stopped`, whatever the signal: workers do not heed SIGINT."""
        if self._worker is not None:
            signal_group(self._worker.program.pid, signal.SIGTERM)

    @property
    def next_poll_s(self) -> float | None:
        """When to look again, if sooner than usual."""
        return None if self._worker is None else self._worker.program.next_poll_s

    @property
    def facts(self) -> dict[str, Any]:
        """The folder and the process."""
        facts: dict[str, Any] = {"directory": str(self._folder.path)}
        if self._worker is not None:
            facts["pid"] = self._worker.program.pid
        return facts
