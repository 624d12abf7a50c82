"""Many worker processes on one SQLite file: errors, trials a second, latency.

Each worker runs no-op trials of 10 parameters and 10 reports, as an agent whose script does
nothing would: of the trials that a controller has added before it leases one, and finishes it
with its reports in one step with the lease of the next. All begin together and work for some
seconds; what is counted is the trials that ended in that time, and the time that each took. At
the end the file is checked: as many trials done as were acknowledged, none run twice,
integrity. The figures depend on the disk and on what else the machine does: compare rows of
one run; with several rounds, in turn, they are medians.

    .venv/bin/python benchmarks/store_workers.py [--workers 1 4 16 64] [--seconds 5]
        [--rounds 1] [--folder DIR] [--json]
"""

import argparse
import json
import multiprocessing
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.store.sqlite import SqliteStore

NAMES = [f"x{at}" for at in range(10)]

WARM_UP = 20  # trials of each worker that are not timed: a process's first ones cost more


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def work(path: Path, sweep: str, name: str, pipe: Connection) -> None:
    """Say when ready, run trials from one time to another; send how long each took, and errors."""
    took: list[float] = []
    errors: list[str] = []
    store = SqliteStore(path)
    chance = random.Random(name)
    ask = Ask(agent=name, lease_s=600.0)
    leases: Sequence[Lease] = ()

    def run_one() -> None:
        nonlocal leases
        if not leases:
            leases = store.lease(sweep, ask, now())
        (lease,) = leases
        batch = [Report(at, {"loss": chance.random()}, time.time()) for at in range(10)]
        outcome = Outcome(state=State.DONE)
        _, leases = store.finish(lease, outcome, now(), ask, reports=batch, first=1)

    for _ in range(WARM_UP):
        run_one()
    pipe.send("ready")
    begin, end = pipe.recv()
    time.sleep(max(0.0, begin - time.time()))
    while time.time() < end:
        started = time.perf_counter()
        try:
            run_one()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we count
            errors.append(repr(error))
        else:
            took.append(time.perf_counter() - started)
    store.close()
    pipe.send((took, errors))


def measure(workers: int, seconds: float, folder: Path) -> dict[str, float]:
    """Run so many workers and return what came out."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        path = Path(fresh) / "x.db"
        store = SqliteStore(path)
        record = store.create_sweep(
            Sweep(space=space_of(dict.fromkeys(NAMES, "uniform(0, 1)"))), now()
        )
        # More trials than can be run, added beforehand by one decision.
        params = {name: at / 10 for at, name in enumerate(NAMES)}
        add = [NewTrial(params=params)] * int(3000 * (seconds + 1))
        store.commit(record.id, Decision(against=0, add=add), now())
        context = multiprocessing.get_context("fork")
        pipes, processes = [], []
        for number in range(workers):
            here, there = context.Pipe()
            process = context.Process(target=work, args=(path, record.id, f"w{number}", there))
            process.start()
            there.close()
            pipes.append(here)
            processes.append(process)
        for pipe in pipes:
            pipe.recv()
        begin = time.time() + 0.3
        for pipe in pipes:
            pipe.send((begin, begin + seconds))
        results = [pipe.recv() for pipe in pipes]
        for process in processes:
            process.join()
        took = sorted(one for part, _ in results for one in part)
        errors = [error for _, part in results for error in part]
        trials = store.changes(record.id).trials
        done = sum(trial.state is State.DONE for trial in trials)
        twice = sum(trial.attempts > 1 for trial in trials)
        store.close()
        with sqlite3.connect(path) as database:
            checked = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    for error in sorted(set(errors)):
        print(f"{errors.count(error)} times {error}")
    return {
        "workers": workers,
        "errors": len(errors),
        "lost": len(took) + workers * WARM_UP - done,
        "twice": twice,
        "sound": checked,
        "trials_s": len(took) / seconds,
        "p50_ms": statistics.median(took) * 1e3,
        "p99_ms": took[int(len(took) * 0.99)] * 1e3,
        "worst_ms": took[-1] * 1e3,
    }


def main() -> None:
    """Run all and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rounds = [
        [measure(count, options.seconds, options.folder) for count in options.workers]
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
