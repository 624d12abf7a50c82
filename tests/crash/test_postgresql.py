"""Kill the database server, agents and controllers: nothing that was acknowledged is lost.

The server waits for its disk, as servers do that are not for tests. It is killed with SIGKILL,
all its processes at once, or stopped at once, and started again.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from killing import run_and_kill, terminal
from postgres import Server, fresh_url
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import Outcome, Report, State, Trial
from sonde.errors import ConflictError
from sonde.store import open_store
from sonde.store.protocol import Ask, Store
from sonde.testing.stores import sweep

WORKERS, REPORTS = 3, 4


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(is_safe=True)
    yield server
    server.close()


def fall_and_rise(server: Server, rng: random.Random) -> None:
    """Let the server fall, all of a sudden, and start it again."""
    if rng.random() < 0.5:
        server.kill()
    else:
        server.stop(signal.SIGQUIT)
    time.sleep(rng.uniform(0, 0.3))
    server.start()


def acts(url: str, key: str, name: str, pipe: Connection) -> None:
    """Run trials, and now and then add some; tell of each call that returned, until told to end."""
    ask = Ask(agent=name, lease_s=600.0)
    with closing(open_store(url)) as store:
        pipe.send(["opened"])
        while not pipe.poll():
            record = store.get_sweep(key)
            if record.counts[State.WAITING] < WORKERS:
                add = [
                    NewTrial(params={"lr": 0.5, "layers": record.trials + at}) for at in range(9)
                ]
                try:
                    store.commit(key, Decision(against=record.revision, add=add), utc_now())
                except ConflictError:
                    continue
                pipe.send(["added", record.revision + 1, 9])
            for lease in store.lease(key, ask, utc_now()):
                pipe.send(["leased", lease.number, lease.attempt])
                for step in range(REPORTS):
                    report = Report(step, {"loss": lease.number + step / 8}, float(step))
                    store.report(lease, step + 1, [report], utc_now())
                    pipe.send(["reported", lease.number, step])
                store.finish(lease, Outcome(state=State.DONE), utc_now())
                pipe.send(["done", lease.number, lease.attempt])
    pipe.send(["end"])


class Follower:
    """Somebody who reads what has changed, and never all of it again."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self.key, self.version = store, key, 0
        self.trials: dict[int, Trial] = {}

    def ended(self) -> int:
        return sum(trial.is_ended for trial in self.trials.values())

    def look(self) -> None:
        changes = self.store.changes(self.key, self.version)
        assert changes.version >= self.version, "what was shown was lost"
        self.version = changes.version
        for trial in changes.trials:
            before = self.trials.get(trial.number)
            assert before is None or not before.is_ended or before == trial
            self.trials[trial.number] = trial


@pytest.mark.parametrize("seed", range(2))
def test_nothing_acknowledged_is_lost_or_doubled_when_the_server_falls(
    server: Server, seed: int
) -> None:
    rng = random.Random(seed)
    url = server.fresh_url()
    told: list[list[object]] = []
    with closing(open_store(url)) as store:
        key = store.create_sweep(sweep(), utc_now()).id
        follower = Follower(store, key)
        pipes, processes = [], []
        for number in range(WORKERS):
            here, there = get_context("fork").Pipe()
            process = get_context("fork").Process(target=acts, args=(url, key, f"w{number}", there))
            process.start()
            there.close()
            pipes.append(here)
            processes.append(process)
        # A server that was never there is not waited for: first all have opened the store.
        assert [pipe.recv() for pipe in pipes] == [["opened"]] * WORKERS
        for _ in range(2):
            goal, until = follower.ended() + rng.randint(4, 12), time.monotonic() + 100
            while follower.ended() < goal:
                assert time.monotonic() < until
                follower.look()
            fall_and_rise(server, rng)
        for pipe in pipes:
            pipe.send("end")
        for pipe in pipes:
            while (said := pipe.recv()) != ["end"]:
                told.append(said)
        for process in processes:
            process.join(100)
        follower.look()
        changes, curves = store.changes(key), store.curves(key)
    assert [process.exitcode for process in processes] == [0] * WORKERS
    trials = {trial.number: trial for trial in changes.trials}
    assert list(trials) == list(range(changes.record.trials))
    # Each decision was committed once, and each trial was leased and ended by one of us, once.
    added = [said[1] for said in told if said[0] == "added"]
    assert len(set(added)) == len(added) == changes.record.revision == len(trials) / 9
    leased = [said[1] for said in told if said[0] == "leased"]
    assert len(set(leased)) == len(leased) > 2 * WORKERS
    assert {number for number, trial in trials.items() if trial.attempts} == set(leased)
    assert all(trials[said[1]].attempts == said[2] == 1 for said in told if said[0] == "leased")  # type: ignore[index]
    done = {number for number, trial in trials.items() if trial.state is State.DONE}
    assert done == {said[1] for said in told if said[0] == "done"} == set(leased)
    for number in done:
        assert list(curves[number]["loss"].values) == [number + at / 8 for at in range(REPORTS)]
    assert follower.trials == trials


@pytest.mark.parametrize("seed", range(4))
def test_every_point_is_done_once_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    with terminal(tmp_path, fresh_url()) as typing:
        run_and_kill(typing, seed)


POINTS = 24
# The last ones end when all that is to be killed was.
SCRIPT = """\
[ "$SONDE_PARAM_X" -le 21 ] || until [ -e end ]; do sleep 0.02; done
for step in 1 2 3; do
    echo "{\\"step\\": $step, \\"loss\\": $SONDE_PARAM_X$step}" >> "$SONDE_TRIAL_DIR/reports.jsonl"
    sleep 0.01
done
"""


@pytest.mark.parametrize("seed", range(2))
def test_every_point_is_done_once_though_agents_and_the_server_are_killed(
    server: Server, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    url = server.fresh_url()
    (tmp_path / "train.sh").write_text(SCRIPT)
    work = Command(argv=("sh", "train.sh"), folder=str(tmp_path), workspace="none")
    space = space_of({"x": list(range(1, POINTS + 1))})
    definition = Sweep(
        space=space, goals=(Goal(metric="loss"),), method="grid", work=work, lease_s=3.0
    )

    def agent(key: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "sonde", "--store", url, "agent", key]
        with (tmp_path / "said").open("ab") as said:
            return subprocess.Popen(command, cwd=tmp_path, stderr=said)

    with closing(open_store(url)) as store:
        key = store.create_sweep(definition, utc_now()).id
        agents = [agent(key) for _ in range(3)]
        victims = ("agent", "server", "agent")
        strikes = sorted((rng.randint(2, POINTS - 4), victim) for victim in victims)
        deadline = time.monotonic() + 200
        try:
            while (ended := store.get_sweep(key).counts[State.DONE]) < POINTS:
                assert time.monotonic() < deadline, store.get_sweep(key)
                if strikes and ended >= strikes[0][0]:
                    _, victim = strikes.pop(0)
                    if victim == "server":
                        fall_and_rise(server, rng)
                    else:
                        os.kill(agents[0].pid, signal.SIGKILL)
                        agents[0].wait()
                if not strikes:
                    (tmp_path / "end").touch()
                for at, one in enumerate(agents):
                    # One that was just starting when the server fell has said so, and left.
                    if one.poll() not in {None, 0}:
                        agents[at] = agent(key)
                time.sleep(0.01)
            codes = [one.wait(100) for one in agents]
        finally:
            for one in agents:
                if one.poll() is None:
                    one.kill()
                one.wait()
        trials, curves = store.changes(key).trials, store.curves(key)
    said = (tmp_path / "said").read_text()
    assert set(codes) <= {0, 2}, said
    assert "Traceback" not in said
    assert 2 not in codes or "no answer from the server" in said
    assert not strikes
    assert sorted(trial.params["x"] for trial in trials) == list(range(1, POINTS + 1))
    assert {trial.state for trial in trials} == {State.DONE}
    assert sum(trial.attempts - 1 for trial in trials) <= 2
    for trial in trials:
        expected = [float(f"{trial.params['x']}{step}") for step in (1, 2, 3)]
        assert list(curves[trial.number]["loss"].values) == expected
