"""Agents as processes of this machine: started, watched, stopped, and gone with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab import Lab, is_alive, until
from sonde.controller import Controller
from sonde.core.trial import State
from sonde.executors.local import LocalExecutor
from sonde.executors.protocol import AgentSpec, Exited
from sonde.executors.resources import Resources
from sonde.store.protocol import SweepRecord

SLEEP = 'echo $$ >> "$PIDS"\nexec sleep 60\n'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    executor = LocalExecutor()
    yield executor
    executor.close()


def sweep(lab: Lab, text: str, points: int = 2) -> SweepRecord:
    lab.script(text)
    env = {"PIDS": str(lab.base / "pids")}
    record = lab.sweep("sh", "train.sh", space={"x": list(range(points))}, command={"env": env})
    Controller(lab.store, record.id).step(points)  # agents leave decisions to their parent
    return record


def spec(lab: Lab, record: SweepRecord, **settings: object) -> AgentSpec:
    given = {"store": lab.store.url, "sweep": record.id, "root": str(lab.root)}
    return AgentSpec(**(given | settings))  # type: ignore[arg-type]


def gone(executor: LocalExecutor) -> list[Exited]:
    """Wait until all agents are gone; return how they went."""
    exits: list[Exited] = []

    def all_gone() -> bool:
        exits.extend(executor.watch())
        return not executor.alive()

    until(all_gone)
    return exits


def test_agents_that_have_run_everything_leave_well(lab: Lab, executor: LocalExecutor) -> None:
    record = sweep(lab, "exit 0")
    Controller(lab.store, record.id).step(9)  # there is no third point: the sweep is decided
    handles = executor.start(spec(lab, record), 2)
    assert len({handle.id for handle in handles}) == 2
    assert executor.alive() == 2
    exits = gone(executor)
    assert [one.clean for one in exits] == [True, True]
    assert {one.handle for one in exits} == set(handles)
    assert executor.watch() == []
    assert lab.states(record) == ["done", "done"]


def test_a_killed_agent_is_told_of_with_the_id_that_it_leased_under(
    lab: Lab, executor: LocalExecutor
) -> None:
    record = sweep(lab, SLEEP, points=1)
    (handle,) = executor.start(spec(lab, record), 1)
    until(lab.alive)
    os.kill(int(handle.place.removeprefix("pid ")), signal.SIGKILL)
    (exited,) = gone(executor)
    assert (exited.clean, exited.detail) == (False, "killed by signal 9")
    assert exited.agent == lab.trials(record)[0].agent
    until(lambda: not lab.alive())


def test_an_agent_counts_until_watch_has_told_of_its_end(lab: Lab, executor: LocalExecutor) -> None:
    (handle,) = executor.start(spec(lab, sweep(lab, SLEEP)), 1)
    until(lab.alive)
    os.kill(int(handle.place.removeprefix("pid ")), signal.SIGKILL)
    until(lambda: not lab.alive())
    assert executor.alive() == 1
    until(lambda: [exited.clean for exited in executor.watch()] == [False])
    assert executor.alive() == 0


def test_an_agent_that_cannot_work_says_why(lab: Lab, executor: LocalExecutor) -> None:
    record = sweep(lab, "exit 0")
    executor.start(spec(lab, record, sweep="nosuch12"), 1)
    (exited,) = gone(executor)
    assert not exited.clean
    assert exited.detail.startswith("exit status 2: agent: ")
    assert "nosuch12" in exited.detail


def test_stop_lets_trials_end_and_stop_now_gives_them_back(
    lab: Lab, executor: LocalExecutor
) -> None:
    hold = lab.base / "hold"
    hold.touch()
    waits = f'while [ -e "{hold}" ]; do sleep 0.05; done\n'
    record = sweep(lab, f'echo $$ >> "$PIDS"\n{waits}', points=4)
    executor.start(spec(lab, record, workers=2), 1)
    until(lambda: len(lab.alive()) == 2)
    executor.stop(now=False)
    hold.unlink()
    gone(executor)
    assert sorted(lab.states(record)) == ["done", "done", "waiting", "waiting"]


def test_stop_now_gives_trials_back_and_once_more_kills(lab: Lab, executor: LocalExecutor) -> None:
    record = sweep(lab, f"trap '' TERM\n{SLEEP}".replace("exec sleep 60", "while :; do :; done"))
    executor.start(spec(lab, record), 1)
    until(lab.alive)
    executor.stop(now=True)
    time.sleep(0.1)
    executor.stop(now=True)
    gone(executor)
    until(lambda: not lab.alive())


def test_close_leaves_neither_agents_nor_trials(lab: Lab, executor: LocalExecutor) -> None:
    before = set(psutil.Process().children(recursive=True))
    record = sweep(lab, SLEEP)
    executor.start(spec(lab, record, workers=2), 1)
    until(lambda: len(lab.alive()) == 2)
    executor.close()
    assert not lab.alive()
    assert executor.alive() == 0
    assert [trial.state for trial in lab.trials(record)] == [State.WAITING] * 2
    assert not set(psutil.Process().children(recursive=True)) - before


def test_devices_are_in_one_hand(lab: Lab, executor: LocalExecutor) -> None:
    record = sweep(lab, 'echo $CUDA_VISIBLE_DEVICES >> "$PIDS"\nsleep 0.3\n', points=4)
    handles = executor.start(spec(lab, record, gpus=("5", "7"), each=Resources(gpus=1)), 4)
    assert len(handles) == 1
    until(lambda: lab.states(record) == ["done"] * 4)
    assert sorted(lab.pids()) == [5, 5, 7, 7]


def test_a_parent_that_is_killed_takes_agents_and_trials_with_it(lab: Lab) -> None:
    record = sweep(lab, SLEEP)
    program = (
        "import sys, time\n"
        "from sonde.executors.local import LocalExecutor\n"
        "from sonde.executors.protocol import AgentSpec\n"
        "spec = AgentSpec(store=sys.argv[1], sweep=sys.argv[2], root=sys.argv[3], workers=2)\n"
        "executor = LocalExecutor()\n"
        "print(executor.start(spec, 1)[0].place, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, lab.store.url, record.id, str(lab.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    agent = int(parent.stdout.readline().split()[1])
    until(lambda: len(lab.alive()) == 2)
    parent.kill()
    parent.communicate()
    until(lambda: not is_alive(agent))
    assert not lab.alive()
    assert lab.states(record) == ["waiting", "waiting"]
