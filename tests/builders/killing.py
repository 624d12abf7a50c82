"""A person who types `sonde run` again and again while anything is killed, and a bystander.

A grid of 30 points is run with four workers, the submitter and agents are killed at random
moments, and the same line is typed again until it has ended. All the while the bystander notes
what the store says: what it once said must stay true.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from sonde.core.trial import State
from sonde.errors import NotFoundError
from sonde.store import open_store
from sonde.store.protocol import Store

POINTS, REPORTS = 30, 3
SCRIPT = """\
for step in 1 2 3; do
    echo "{\\"step\\": $step, \\"loss\\": $SONDE_PARAM_X$step}" >> "$SONDE_TRIAL_DIR/reports.jsonl"
    sleep 0.01
done
"""
DEADLINE_S = 200.0


class Bystander:
    """Reads the store over and over, and keeps what it saw of each trial's reports."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sweep: str | None = None
        self.version = 0
        self.seen: dict[int, list[float]] = {}
        self.ended: dict[int, State] = {}

    def look(self) -> None:
        if self.sweep is None:
            try:
                self.sweep = self.store.find_sweep("crash").id
            except NotFoundError:
                return
        changes = self.store.changes(self.sweep, self.version)
        self.version = changes.version
        if not changes.trials:
            return
        curves = self.store.curves(self.sweep, [trial.number for trial in changes.trials])
        for trial in changes.trials:
            if trial.is_ended:
                assert self.ended.setdefault(trial.number, trial.state) is trial.state
            curve = curves.get(trial.number, {}).get("loss")
            values = [] if curve is None else list(curve.values)
            before = self.seen.get(trial.number, [])
            # Only a further attempt that begins anew takes back what was said before.
            assert trial.attempts > 1 or values[: len(before)] == before
            self.seen[trial.number] = values


class Terminal:
    """A person at a terminal, who types the same line again and again."""

    def __init__(self, base: Path, store: str) -> None:
        self.folder = base / "project"
        self.folder.mkdir()
        (self.folder / "train.sh").write_text(SCRIPT)
        self.store = store
        self.base = base
        self.trials = (base if store.startswith(str(base)) else self.folder) / ".sonde" / "trials"
        self.submitters: list[subprocess.Popen[bytes]] = []

    def type(self) -> subprocess.Popen[bytes]:
        log = (self.base / "log").open("ab")
        argv = [sys.executable, "-m", "sonde", "run", "--store", self.store, "--name", "crash"]
        argv += [f"x=1..{POINTS}", "--method", "grid", "--metric", "loss:last", "-j", "4"]
        with log:
            submitter = subprocess.Popen(
                [*argv, "sh", "train.sh"],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.submitters.append(submitter)
        return submitter

    def agents(self) -> list[psutil.Process]:
        """The agents of this sweep that run now, whoever started them."""
        found = {}
        for process in psutil.process_iter():
            try:
                argv, parent = process.cmdline(), process.ppid()
            except psutil.Error:
                continue
            if "sonde.agent" in argv and self.store in argv[-1]:
                found[process.pid] = (process, parent)
        # A trial's process looks like its agent until it has become the user's program.
        return [process for process, parent in found.values() if parent not in found]

    def left(self) -> list[int]:
        """Processes that have to do with this sweep: agents, watchdogs, trials."""
        found = [process.pid for process in self.agents()]
        for process in psutil.process_iter():
            try:
                directory = process.environ().get("SONDE_TRIAL_DIR", "")
            except psutil.Error:
                continue
            if directory.startswith(str(self.base)):
                found.append(process.pid)
        return found

    def log(self) -> str:
        return (self.base / "log").read_text(errors="replace")[-3000:]


@contextmanager
def terminal(base: Path, store: str) -> Iterator[Terminal]:
    """A person in a folder of their own."""
    typing = Terminal(base, store)
    try:
        yield typing
    finally:
        for submitter in typing.submitters:
            if submitter.poll() is None:
                submitter.kill()
            submitter.wait()


def run_and_kill(terminal: Terminal, seed: int) -> None:
    """Type until all is done, whatever is killed; see that every point was done exactly once."""
    rng = random.Random(seed)
    store = open_store(terminal.store)
    bystander = Bystander(store)
    kills = rng.randint(2, 5)
    deadline = time.monotonic() + DEADLINE_S
    while True:
        submitter = terminal.type()
        while submitter.poll() is None:
            assert time.monotonic() < deadline, terminal.log()
            if not kills:
                watch(bystander, submitter, 0.3)
                continue
            # Beginnings and ends are as likely to be hit as the middle.
            watch(bystander, submitter, rng.uniform(0.05, 0.9))
            kills -= 1
            strike(rng, terminal, submitter)
        if submitter.returncode == 0:
            break
        assert submitter.returncode == -signal.SIGKILL, terminal.log()
    check(terminal, store, bystander)
    store.close()


def watch(bystander: Bystander, submitter: subprocess.Popen[bytes], seconds: float) -> None:
    """Let the time pass, with open eyes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and submitter.poll() is None:
        bystander.look()
        time.sleep(0.03)


def strike(rng: random.Random, terminal: Terminal, submitter: subprocess.Popen[bytes]) -> None:
    """Kill the submitter, an agent, all agents, or everything, in a random order."""
    agents = terminal.agents()
    victims: Sequence[int] = {
        "submitter": [submitter.pid],
        "agent": [process.pid for process in rng.sample(agents, min(1, len(agents)))],
        "agents": [process.pid for process in agents],
        "all": rng.sample(pids := [submitter.pid, *(p.pid for p in agents)], len(pids)),
    }[rng.choice(["submitter", "agent", "agents", "all"])]
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        time.sleep(rng.choice([0, 0, 0.01]))


def check(terminal: Terminal, store: Store, bystander: Bystander) -> None:
    bystander.look()
    sweep = store.find_sweep("crash").id
    assert len(store.list_sweeps()) == 1
    trials = store.changes(sweep).trials
    # Every point exactly once, and numbers without gaps.
    assert [trial.number for trial in trials] == list(range(POINTS))
    assert sorted(trial.params["x"] for trial in trials) == list(range(1, POINTS + 1))
    assert {trial.state for trial in trials} == {State.DONE}, terminal.log()
    assert all(trial.failures == 0 for trial in trials)
    curves = store.curves(sweep)
    for trial in trials:
        expected = [float(f"{trial.params['x']}{step}") for step in range(1, REPORTS + 1)]
        assert list(curves[trial.number]["loss"].values) == expected
        seen = bystander.seen.get(trial.number, [])
        assert seen == expected[: len(seen)]
        assert trial.metrics["loss"].last == expected[-1]
        # The last attempt was written down whole.
        path = terminal.trials / sweep / str(trial.number)
        folder = path if trial.attempts == 1 else path.with_name(f"{path.name}.{trial.attempts}")
        lines = (folder / "reports.jsonl").read_text().splitlines()
        assert [json.loads(line)["loss"] for line in lines] == expected
    end = time.monotonic() + 60
    while left := terminal.left():
        assert time.monotonic() < end, f"processes that are left: {left}"
        time.sleep(0.05)
