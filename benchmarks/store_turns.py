"""What taking turns costs: the same store work, done by one process after another.

A control for `store_workers`. Here nothing is shared: each process has a file of its own, in
memory where there is such a folder, and nobody waits for a disk or a lock. One process works
at a time, for so many no-op trials, then hands the turn to the next in a ring. The work of a
trial is the same in all rows, so what its CPU time grows by is what a processor pays for
coming back to a process whose code and data it has forgotten.

    .venv/bin/python benchmarks/store_turns.py [--turns 64x1 64x16 4x1 4x16 1x1] [--seconds 3]
        [--rounds 1] [--folder DIR] [--json]
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Outcome, Report, State
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.store.sqlite import SqliteStore

NAMES = [f"x{at}" for at in range(10)]
AT_ONCE = 500  # trials that are added by one decision, when there are none left


class Runner:
    """One process's store and sweep."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        self.store.file.durable = False
        sweep = Sweep(space=space_of(dict.fromkeys(NAMES, "uniform(0, 1)")))
        self.record = self.store.create_sweep(sweep, datetime.now(UTC))
        self.chance = random.Random(path.name)

    def run(self, trials: int) -> None:
        """Run trials that do nothing, each ended with its reports and the lease of the next."""
        ask = Ask(agent="a", lease_s=600.0)
        for _ in range(trials):
            now = datetime.now(UTC)
            leases = self.store.lease(self.record.id, ask, now)
            if not leases:
                params = {name: at / 10 for at, name in enumerate(NAMES)}
                add = [NewTrial(params=params)] * AT_ONCE
                decision = Decision(against=self.record.revision, add=add)
                self.record, leases = self.store.commit(self.record.id, decision, now, ask)
            (lease,) = leases
            batch = [Report(at, {"loss": self.chance.random()}, time.time()) for at in range(10)]
            outcome = Outcome(state=State.DONE)
            self.store.finish(lease, outcome, now, reports=batch, first=1)


def work(path: Path, trials: int, mine: int, next_one: int, pipe: Connection) -> None:
    """Say when ready; run so many trials in each turn; send how many, and their CPU seconds."""
    runner = Runner(path)
    runner.run(20)  # a process's first ones cost more
    pipe.send("ready")
    end = pipe.recv()
    before = resource.getrusage(resource.RUSAGE_SELF)
    turns = 0
    while os.read(mine, 1) and time.time() <= end:
        runner.run(trials)
        turns += 1
        os.write(next_one, b".")
    after = resource.getrusage(resource.RUSAGE_SELF)
    os.write(next_one, b".")
    pipe.send((turns * trials, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime))
    pipe.recv()  # keeps our ends of the ring open until all have stopped


def measure(workers: int, trials: int, seconds: float, folder: Path | None) -> dict[str, float]:
    """Pass the turn around a ring and return what a trial cost."""
    context = multiprocessing.get_context("fork")
    ring = [os.pipe() for _ in range(workers)]
    pipes, processes = [], []
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        for number in range(workers):
            here, there = context.Pipe()
            ends = (ring[number][0], ring[(number + 1) % workers][1])
            arguments = (Path(fresh) / f"{number}.db", trials, *ends, there)
            processes.append(context.Process(target=work, args=arguments))
            processes[-1].start()
            pipes.append(here)
        for pipe in pipes:
            pipe.recv()
        end = time.time() + seconds
        for pipe in pipes:
            pipe.send(end)
        os.write(ring[0][1], b".")
        results = [pipe.recv() for pipe in pipes]
        for pipe in pipes:
            pipe.send("all have stopped")
        for process in processes:
            process.join()
    for fd in (fd for pair in ring for fd in pair):
        os.close(fd)
    done, user, system = (sum(column) for column in zip(*results, strict=True))
    return {
        "workers": workers,
        "a_turn": trials,
        "trials": done,
        "user_us": user / done * 1e6,
        "system_us": system / done * 1e6,
    }


def main() -> None:
    """Run all, in turn, and print a table, or JSON; figures are medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--turns", nargs="+", default=["64x1", "64x16", "4x1", "4x16", "1x1"])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=1)
    memory = Path("/dev/shm")
    parser.add_argument("--folder", type=Path, default=memory if memory.is_dir() else None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kinds = [tuple(map(int, turn.split("x"))) for turn in options.turns]
    rounds = [
        [measure(workers, trials, options.seconds, options.folder) for workers, trials in kinds]
        for _ in range(options.rounds)
    ]
    rows = [
        {key: statistics.median(row[key] for row in column) for key in column[0]}
        for column in zip(*rounds, strict=True)
    ]
    if options.json:
        print(json.dumps(rows))
        return
    print("".join(f"{name:>10}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:10.0f}" for value in row.values()))


if __name__ == "__main__":
    main()
