"""A command as the work of a trial: its workspace, its environment, its process."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonde.agent.folder import TrialFolder, source_folder
from sonde.agent.guard import Guard, kill_earlier, signal_group
from sonde.agent.identity import start_time
from sonde.agent.inheriting import inherit
from sonde.agent.lacking import remedy
from sonde.agent.process import Program, last_line
from sonde.agent.running import Ended
from sonde.agent.workspace import arguments, prepare
from sonde.core.sweep import Command
from sonde.core.trial import Lease
from sonde.core.wandb.macros import nested

__all__ = ["CommandWork"]


class CommandWork:
    """Runs a command once."""

    def __init__(
        self,
        command: Command,
        lease: Lease,
        folder: TrialFolder,
        *,
        guard: Guard,
        env: Mapping[str, str],
        names: Sequence[str],
        groups: Sequence[str] = (),
    ) -> None:
        """Make it ready to be started.

        Args:
            command: What to run.
            lease: With the values.
            folder: Of this attempt.
            guard: The agent's.
            env: The whole environment.
            names: All parameters of the space.
            groups: Those of the sweep.
        """
        self._command, self._lease, self._folder, self._guard = command, lease, folder, guard
        self._env = dict(env)
        self._program: Program | None = None
        in_copy = command.workspace != "none"
        self._cwd = folder.work if in_copy else Path(command.folder)
        self._groups = groups
        self._argv = arguments(
            command, lease.params, names,
            groups=groups, json_file=str(folder.args), environ=self._env,
        )  # fmt: skip

    def prepare(self) -> Iterator[None]:
        """Kill what is left of an earlier attempt and make the workspace."""
        if self._folder.attempt > 1:
            kill_earlier(self._folder)
        yield from inherit(self._folder, self._lease)
        self._folder.create(self._lease.params)
        if self._command.program is not None:
            self._env |= self._folder.write_for_wandb(nested(self._lease.params, self._groups))
        if self._command.workspace != "none":
            code = self._command.code
            source = source_folder(self._folder.root, self._folder.sweep, code)
            yield from prepare(self._command, source, self._folder.work, self._lease.params)

    def start(self) -> None:
        """Start the program."""
        env = {"PYTHONUNBUFFERED": "1"} | self._env | {"PWD": str(self._cwd)}
        self._program = Program(
            self._argv,
            cwd=self._cwd,
            env=env,
            folder=self._folder.path,
            stdout=self._folder.stdout,
            stderr=self._folder.stderr,
            guard=self._guard,
        )
        pid = self._program.pid
        self._folder.write_process(pid, start_time(pid) or "0", self._lease.agent)

    def poll(self) -> Ended | None:
        """Return how the program ended, once nothing of it is left."""
        if self._program is None:
            return Ended(good=False, stopped=True)
        exit_ = self._program.poll()
        if exit_ is None:
            return None
        error = None
        if not exit_.is_good:
            said = last_line(self._folder.stderr)
            error = exit_.describe()
            if said and exit_.signal is None:
                error = f"{said} ({error})"
            if said and self._command.workspace != "none":
                hint = remedy(self._command, self._folder.work, said)
                error += f"; {hint}" if hint else ""
        return Ended(good=exit_.is_good, error=error, exit=exit_)

    def end(self, grace_s: float) -> None:
        """Ask the program to end; what is left after `grace_s` is killed."""
        if self._program is not None:
            self._program.end(grace_s)

    def kill(self) -> None:
        """Kill the program."""
        if self._program is not None:
            self._program.kill()

    def signal(self, number: int) -> None:
        """Send a signal to the program and what it started."""
        if self._program is not None:
            signal_group(self._program.pid, number)

    @property
    def next_poll_s(self) -> float | None:
        """When to look again, if sooner than usual."""
        return None if self._program is None else self._program.next_poll_s

    @property
    def facts(self) -> dict[str, Any]:
        """The command line, the folder it ran in, its process."""
        facts: dict[str, Any] = {"argv": self._argv, "directory": str(self._folder.path)}
        if self._command.code is not None:
            facts["code"] = self._command.code
        if self._program is not None:
            facts["pid"] = self._program.pid
        return facts
