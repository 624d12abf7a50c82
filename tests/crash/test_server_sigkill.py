"""Kill an agent, and the server, in the middle: over HTTP too every point is done exactly once.

Each seed runs a grid of 60 points with three agents of one server. At random moments an agent
is killed with SIGKILL, and the server, which is started again on its port.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ports import free_port
from sonde.agent.folder import source_folder
from sonde.agent.snapshot import take
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import State
from sonde.store import open_store

SEEDS = 20
POINTS, REPORTS, AGENTS = 60, 3, 3
# Trials end when all agents have one; the last ones when all that is to be killed was.
SCRIPT = """\
until [ -e BASE/go ]; do sleep 0.02; done
[ "$SONDE_PARAM_X" -le 57 ] || until [ -e BASE/end ]; do sleep 0.02; done
for step in 1 2 3; do
    echo "{\\"step\\": $step, \\"loss\\": $SONDE_PARAM_X$step}" >> "$SONDE_TRIAL_DIR/reports.jsonl"
    sleep 0.02
done
"""
DEADLINE_S = 200.0


class Site:
    """A server, its agents, and the processes of both."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.folder = base / "project"
        self.folder.mkdir()
        (self.folder / "train.sh").write_text(SCRIPT.replace("BASE", str(base)))
        self.store = open_store(str(base / ".sonde" / "sonde.db"))
        command = Command(argv=("sh", "train.sh"), folder=str(self.folder))
        space = space_of({"x": list(range(1, POINTS + 1))})
        sweep = Sweep(space=space, goals=(Goal(metric="loss"),), method="grid", work=command)
        self.sweep = self.store.create_sweep(sweep, utc_now()).id
        take(command, source_folder(base / ".sonde", self.sweep))
        self.processes: list[subprocess.Popen[str]] = []
        self.port = free_port()
        self.server = self.serve()
        self.agents = [self.agent(number) for number in range(AGENTS)]

    def serve(self) -> subprocess.Popen[str]:
        """Start the server, on its port."""
        server = self._start("serve", "--store", self.store.url, "--port", str(self.port))
        assert server.stderr is not None
        line = server.stderr.readline()
        assert f" at http://127.0.0.1:{self.port};" in line, line
        return server

    def agent(self, number: int) -> subprocess.Popen[str]:
        """Start an agent in a folder of its own."""
        folder = self.base / f"agent{number}"
        folder.mkdir(exist_ok=True)
        url = f"http://127.0.0.1:{self.port}/{self.sweep}"
        return self._start("agent", url, "--allow-command", "sh train.sh", cwd=folder)

    def _start(self, *argv: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sonde", *argv],
            cwd=cwd or self.base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if argv[0] == "serve" else subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        return process

    def ended(self) -> int:
        """How many trials are through."""
        return self.store.get_sweep(self.sweep).counts[State.DONE]

    def at_work(self) -> set[str]:
        """The agents that have run trials."""
        trials = self.store.changes(self.sweep).trials
        return {trial.agent for trial in trials if trial.agent is not None}

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        self.store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_point_is_done_once_though_an_agent_and_the_server_are_killed(
    site: Site, seed: int
) -> None:
    rng = random.Random(seed)
    strikes = sorted([(rng.randint(5, 55), "agent"), (rng.randint(5, 55), "server")])
    deadline = time.monotonic() + DEADLINE_S
    while len(site.at_work()) < AGENTS:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (site.base / "go").touch()
    while site.ended() < POINTS:
        assert time.monotonic() < deadline, site.store.get_sweep(site.sweep)
        if strikes and site.ended() >= strikes[0][0]:
            _, victim = strikes.pop(0)
            time.sleep(rng.uniform(0, 0.03))
            if victim == "agent":
                os.kill(rng.choice(site.agents).pid, signal.SIGKILL)
            else:
                site.server.kill()
                site.server.wait()
                time.sleep(rng.uniform(0, 0.5))
                site.server = site.serve()
        if not strikes:
            (site.base / "end").touch()
        time.sleep(0.01)
    assert not strikes
    left = [agent for agent in site.agents if agent.poll() != -signal.SIGKILL]
    assert [agent.wait(100) for agent in left] == [0] * (AGENTS - 1)
    trials = site.store.changes(site.sweep).trials
    assert [trial.number for trial in trials] == list(range(POINTS))
    assert sorted(trial.params["x"] for trial in trials) == list(range(1, POINTS + 1))
    assert {trial.state for trial in trials} == {State.DONE}
    curves = site.store.curves(site.sweep)
    for trial in trials:
        expected = [float(f"{trial.params['x']}{step}") for step in range(1, REPORTS + 1)]
        assert list(curves[trial.number]["loss"].values) == expected
    # Only what the killed agent had was begun again.
    assert sum(trial.attempts - 1 for trial in trials) <= 1
    assert all(trial.failures == 0 for trial in trials)
