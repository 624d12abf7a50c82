"""The local executor: agents as processes of this machine that end with their parent.

Each agent holds the reading end of a pipe whose other end is ours alone. However we end, it
closes, and the agents end their trials, give them back and leave. They are in sessions of
their own, so a Ctrl-C at the terminal reaches only us, and it is for us to say what it means.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

from sonde.agent import identity
from sonde.agent.devices import cores, memory
from sonde.agent.orders import SAYS
from sonde.core.wanted import PLACE
from sonde.executors.protocol import AgentSpec, Exited, Handle
from sonde.executors.resources import Machine, Resources, resources_of, room_in

__all__ = ["LocalExecutor"]

_CLOSE_S = 10.0  # how long agents may take to give their trials back at the end


@dataclass(slots=True, kw_only=True)
class _Child:
    handle: Handle
    popen: subprocess.Popen[bytes]
    agent: str
    errors: IO[bytes]
    read: int = 0  # bytes of it that `said` has told of

    def lines(self) -> list[str]:
        """Return the whole lines that came in since the last call."""
        # Not `read`: the agent writes where this file's one position is.
        new = os.pread(self.errors.fileno(), 1 << 20, self.read)
        whole = new[: new.rfind(b"\n") + 1]
        self.read += len(whole)
        return whole.decode(errors="replace").splitlines()


class LocalExecutor:
    """Starts agents as child processes."""

    def __init__(self, **others: float) -> None:
        """Start nothing yet.

        Args:
            others: How much there is of custom resources, by name.

        Raises:
            ConfigError: If that is no number.
        """
        self._others = resources_of(others=others, flags=[f"{PLACE.flag} local({{}})"] * 4).others
        self._children: list[_Child] = []
        self._pipe: tuple[int, int] | None = None
        self._last_words: list[str] = []
        self._started = 0
        self._hurried = False

    def room(self, each: Resources) -> int | None:
        """Return how many trials this machine has room for; its devices are in `spec.gpus`.

        Raises:
            ConfigError: If it has not so much.
        """
        if not replace(each, gpus=0).is_asking:
            return None
        machine = Machine(name="this machine", cpus=cores(), memory=memory(), others=self._others)
        remedy = "ask for less"
        if lacking := [name for name in each.others if name not in self._others]:
            remedy = f'ask for less, or say how much there is: --on "local({lacking[0]}=2)"'
        return room_in([machine], each, f"{PLACE.flag} local", remedy)

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start n agents, or one with all their workers where devices have to be in one hand."""
        if self._pipe is None:
            self._pipe = os.pipe()
        if spec.gpus and n > 1:
            spec, n = replace(spec, workers=spec.workers * n), 1
        return [self._start(spec) for _ in range(n)]

    def watch(self) -> Sequence[Exited]:
        """Return the agents that are gone since the last call; never waits."""
        gone = []
        for child in list(self._children):
            code = child.popen.poll()
            if code is None:
                continue
            self._children.remove(child)
            self._last_words += child.lines()
            gone.append(
                Exited(
                    handle=child.handle,
                    agent=child.agent,
                    clean=code == 0,
                    detail=_detail(code, child.errors),
                )
            )
            child.errors.close()
        return gone

    def said(self) -> Sequence[str]:
        """Return what agents said to people since the last call, a line each; never waits."""
        lines = self._last_words + [line for child in self._children for line in child.lines()]
        self._last_words = []
        return [line.removeprefix(SAYS) for line in lines if line.startswith(SAYS)]

    def alive(self) -> int:
        """How many agents were started and not yet returned by `watch`."""
        return len(self._children)

    def stop(self, *, now: bool) -> None:
        """Let agents end their trials and leave, or, with `now`, give them back and leave.

        Called again with `now`, they are killed; their watchdogs kill their trials.
        """
        number = signal.SIGINT
        if now:
            number = signal.SIGKILL if self._hurried else signal.SIGTERM
            self._hurried = True
        for child in self._children:
            if child.popen.poll() is None:
                child.popen.send_signal(number)

    def close(self) -> None:
        """Make sure that no agent and no trial process of it is left."""
        if self._pipe is not None:
            for fd in self._pipe:
                os.close(fd)  # agents that are left hear of it and leave
            self._pipe = None
        until = time.monotonic() + _CLOSE_S
        for child in self._children:
            try:
                child.popen.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.popen.kill()
                child.popen.wait()
            child.errors.close()
        self._children.clear()

    def _start(self, spec: AgentSpec) -> Handle:
        reading = -1 if self._pipe is None else self._pipe[0]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the agent is gone
        popen = subprocess.Popen(
            spec.argv(parent_fd=reading),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=(reading,),
            start_new_session=True,
        )
        self._started += 1
        handle = Handle(id=str(self._started), place=f"pid {popen.pid}")
        agent = identity.of(popen.pid)
        self._children.append(_Child(handle=handle, popen=popen, agent=agent, errors=errors))
        return handle


def _detail(code: int, errors: IO[bytes]) -> str:
    """Say how an agent ended, with the last that it said where that was not well."""
    if code < 0:
        return f"killed by signal {-code}"
    if code == 0:
        return "it left"
    errors.seek(0)
    said = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return f"exit status {code}" + (f": {said[-1]}" if said else "")
