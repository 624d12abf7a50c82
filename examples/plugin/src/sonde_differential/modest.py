"""A modest place: this machine, where agents and their trials stand back for everything else."""

import signal
import subprocess
import tempfile

from sonde.agent import identity
from sonde.errors import ConfigError
from sonde.executors.protocol import Exited, Handle

__all__ = ["Modest"]

_LEAVE_S = 10.0


class Modest:
    """The executor: agents under `nice`, so that other programs come first."""

    def __init__(self, *, niceness=10):
        if isinstance(niceness, bool) or niceness not in range(20):
            raise ConfigError("--on modest", f"niceness={niceness!r}", "use 0 to 19")
        self._command = ["nice", "-n", str(niceness)]
        self._agents = {}  # handle: (process, its id as an agent, what it says)
        self._started, self._hurried = 0, False

    def room(self, each):
        """Nothing that would be counted: the cores of this machine are, by sonde."""
        return

    def start(self, spec, n):
        """Start n agents; an agent leaves by itself when there is nothing more to run."""
        handles = []
        for _ in range(n):
            errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the agent is gone
            process = subprocess.Popen(
                [*self._command, *spec.argv()],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
            self._started += 1
            handle = Handle(id=str(self._started), place=f"pid {process.pid}")
            self._agents[handle] = process, identity.of(process.pid), errors
            handles.append(handle)
        return handles

    def watch(self):
        """Return those that are gone; never waits."""
        gone = [h for h, (process, *_) in self._agents.items() if process.poll() is not None]
        return [self._exited(handle) for handle in gone]

    def said(self):
        """Nothing: what its agents say goes into `Exited.detail`."""
        return []

    def alive(self):
        """Those that `watch` has not told of."""
        return len(self._agents)

    def stop(self, *, now):
        """SIGINT: end your trials; SIGTERM: give them back; SIGKILL: at once."""
        number = signal.SIGINT
        if now:
            number = signal.SIGKILL if self._hurried else signal.SIGTERM
            self._hurried = True
        for process, *_ in self._agents.values():
            if process.poll() is None:
                process.send_signal(number)

    def close(self):
        """Have them give their trials back, and wait for it."""
        for process, *_ in self._agents.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for handle, (process, *_) in list(self._agents.items()):
            try:
                process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._exited(handle)

    def _exited(self, handle):
        process, agent, errors = self._agents.pop(handle)
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
        errors.close()
        clean = process.returncode == 0
        last = lines[-1] if lines else f"exit status {process.returncode}"
        return Exited(handle=handle, agent=agent, clean=clean, detail="it left" if clean else last)
