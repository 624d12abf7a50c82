"""A folder with scripts, a store, and agents over it: what the tests of agents are built of."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from sonde.agent.folder import TrialFolder
from sonde.agent.loop import AgentReport, Event, Options, run
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import Trial
from sonde.store import open_store
from sonde.store.protocol import SweepRecord

__all__ = ["Lab", "after_some_turns", "until"]


class Lab:
    """A user's folder, `.sonde` beside it, and what the tests do there."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.folder = base / "project"
        self.folder.mkdir(parents=True)
        self.root = base / ".sonde"
        self.store = open_store(str(self.root / "sonde.db"))
        self.agents: list[subprocess.Popen[bytes]] = []
        self.events: list[Event] = []

    def script(self, text: str, name: str = "train.sh", mode: int = 0o755) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def sweep(
        self,
        *argv: str,
        space: Mapping[str, Any] | None = None,
        metric: str | None = None,
        command: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> SweepRecord:
        """Make a grid sweep over a command."""
        options: dict[str, Any] = {"grace_s": 1.0} | dict(command or {})
        work = Command(argv=argv, folder=str(self.folder), **options)
        given: dict[str, Any] = {
            "space": space_of(space or {"x": [1]}),
            "goals": () if metric is None else (Goal(metric=metric),),
            "method": "grid",
            "work": work,
        }
        return self.store.create_sweep(Sweep(**(given | settings)), utc_now())

    def options(self, sweep: SweepRecord, **settings: Any) -> Options:
        given: dict[str, Any] = {"store_url": self.store.url, "sweep": sweep.id}
        given["root"] = self.root
        return Options(**(given | settings))

    def run(self, sweep: SweepRecord, **settings: Any) -> AgentReport:
        """Run an agent in this process to its end."""
        return run(self.options(sweep, **settings), on_event=self.events.append, store=self.store)

    def run_one(self, text: str, **settings: Any) -> Trial:
        """Run one trial of a shell script, and return what became of it."""
        self.script(text)
        sweep = self.sweep("sh", "train.sh", **settings)
        self.run(sweep)
        return self.trials(sweep)[0]

    def spawn(self, sweep: SweepRecord, **settings: Any) -> subprocess.Popen[bytes]:
        """Start an agent as a process of its own."""
        options = {"store_url": self.store.url, "sweep": sweep.id, "root": str(self.root)}
        argv = [sys.executable, "-m", "sonde.agent", json.dumps(options | settings)]
        fd = settings.get("parent_fd")
        agent = subprocess.Popen(
            argv,
            pass_fds=() if fd is None else (fd,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.agents.append(agent)
        return agent

    def trials(self, sweep: SweepRecord) -> Sequence[Trial]:
        return self.store.changes(sweep.id).trials

    def states(self, sweep: SweepRecord) -> list[str]:
        return [trial.state.value for trial in self.trials(sweep)]

    def of(self, sweep: SweepRecord, number: int = 0, attempt: int = 1) -> TrialFolder:
        return TrialFolder(self.root, sweep.id, number, attempt)

    def pids(self, name: str = "pids") -> list[int]:
        """The process numbers that scripts wrote into a file beside the project."""
        path = self.base / name
        return [int(word) for word in path.read_text().split()] if path.exists() else []

    def alive(self, name: str = "pids") -> list[int]:
        return [pid for pid in self.pids(name) if is_alive(pid)]

    def close(self) -> None:
        for agent in self.agents:
            agent.kill()
            agent.wait()
        self.store.close()


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to pass in time")
        time.sleep(0.01)


def after_some_turns(agent: "subprocess.Popen[bytes]") -> None:
    """Return when an agent has looked at its signals and its trials again, a few times."""
    process = psutil.Process(agent.pid)
    before = process.num_ctx_switches().voluntary
    until(lambda: process.num_ctx_switches().voluntary > before + 10)  # it sleeps between turns


def environment(path: Path) -> dict[str, str]:
    """Read what `env` printed."""
    lines = os.fsdecode(path.read_bytes()).splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
