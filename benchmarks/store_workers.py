"""Many worker processes on one store: errors, trials a second, latency; beside Optuna's.

Each worker runs no-op trials of 10 parameters and 10 reports, as an agent whose script does
nothing would: of the trials that a controller has added before it leases one, and finishes it
with its reports in one step with the lease of the next. All begin together and work for some
seconds; what is counted is the trials that ended in that time, and the time that each took. At
the end the store is checked: as many trials done as were acknowledged, none run twice, and of
a SQLite file the integrity. The figures depend on the disk and on what else the machine does:
compare rows of one run; with several rounds, in turn, they are medians.

With --optuna the same is done with Optuna on the same server, by turns: its random sampler asks,
10 suggest_float, 10 report, tell; on Redis with JournalStorage(JournalRedisBackend), else with
RDBStorage.

    .venv/bin/python benchmarks/store_workers.py [--workers 1 4 16 64] [--seconds 5]
        [--rounds 1] [--folder DIR] [--store URL] [--optuna] [--json]
"""

import argparse
import json
import multiprocessing
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.store import open_store
from sonde.store.protocol import Ask, Decision, NewTrial

NAMES = [f"x{at}" for at in range(10)]

WARM_UP = 20  # trials of each worker that are not timed: a process's first ones cost more


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Ours:
    """sonde on a store."""

    name, warm_up = "sonde", WARM_UP

    def __init__(self, url: str, seconds: float) -> None:
        self.url, self.seconds = url, seconds

    def begin(self) -> None:
        """Make a sweep, with more trials than can be run, added beforehand by one decision."""
        store = open_store(self.url)
        record = store.create_sweep(
            Sweep(space=space_of(dict.fromkeys(NAMES, "uniform(0, 1)"))), now()
        )
        params = {name: at / 10 for at, name in enumerate(NAMES)}
        add = [NewTrial(params=params)] * int(3000 * (self.seconds + 1))
        store.commit(record.id, Decision(against=0, add=add), now())
        store.close()
        self.sweep = record.id

    def worker(self, name: str) -> Callable[[], None]:
        """Return what runs one trial."""
        store, chance = open_store(self.url), random.Random(name)
        ask = Ask(agent=name, lease_s=600.0)
        leases: Sequence[Lease] = ()

        def run_one() -> None:
            nonlocal leases
            if not leases:
                leases = store.lease(self.sweep, ask, now())
            (lease,) = leases
            batch = [Report(at, {"loss": chance.random()}, time.time()) for at in range(10)]
            outcome = Outcome(state=State.DONE)
            _, leases = store.finish(lease, outcome, now(), ask, reports=batch, first=1)

        return run_one

    def ended(self) -> dict[str, int]:
        """Return how many trials are done, and how many were begun more than once."""
        store = open_store(self.url)
        trials = store.changes(self.sweep).trials
        store.close()
        return {
            "done": sum(trial.state is State.DONE for trial in trials),
            "twice": sum(trial.attempts > 1 for trial in trials),
        }


class Optunas:
    """Optuna on its own storage in the same place."""

    name, warm_up = "optuna", 1

    def __init__(self, url: str, seconds: float) -> None:
        self.url, self.seconds = url, seconds
        self.study = f"s{os.urandom(4).hex()}"

    def _storage(self) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if self.url.startswith(("redis", "unix")):
            from optuna.storages.journal import JournalRedisBackend

            return optuna.storages.JournalStorage(JournalRedisBackend(self.url, prefix=self.study))
        return optuna.storages.RDBStorage(
            self.url.replace("postgresql://", "postgresql+psycopg://")
        )

    def begin(self) -> None:
        """Make a study."""
        import optuna

        optuna.create_study(storage=self._storage(), study_name=self.study)

    def worker(self, name: str) -> Callable[[], None]:
        """Return what runs one trial."""
        import optuna

        chance = random.Random(name)
        study = optuna.load_study(
            study_name=self.study, storage=self._storage(), sampler=optuna.samplers.RandomSampler()
        )

        def run_one() -> None:
            trial = study.ask()
            for parameter in NAMES:
                trial.suggest_float(parameter, 0, 1)
            for step in range(10):
                trial.report(chance.random(), step)
            study.tell(trial, chance.random())

        return run_one

    def ended(self) -> dict[str, int]:
        """Return how many trials are complete."""
        import optuna

        trials = optuna.load_study(study_name=self.study, storage=self._storage()).trials
        done = sum(trial.state is optuna.trial.TrialState.COMPLETE for trial in trials)
        return {"done": done, "twice": len(trials) - len({trial.number for trial in trials})}


Side = Ours | Optunas


def work(side: Side, name: str, pipe: Connection) -> None:
    """Say when ready, run trials from one time to another; send how long each took, and errors."""
    took: list[float] = []
    errors: list[str] = []
    run_one = side.worker(name)
    for _ in range(side.warm_up):
        run_one()
    pipe.send("ready")
    begin, end = pipe.recv()
    time.sleep(max(0.0, begin - time.time()))
    cpu = time.process_time()
    while time.time() < end:
        started = time.perf_counter()
        try:
            run_one()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we count
            errors.append(repr(error))
        else:
            took.append(time.perf_counter() - started)
    pipe.send((took, errors, time.process_time() - cpu, time.time() - end))


def measure(side: Side, workers: int) -> dict[str, Any]:
    """Run so many workers and return what came out."""
    side.begin()
    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    for number in range(workers):
        here, there = context.Pipe()
        process = context.Process(target=work, args=(side, f"w{number}", there))
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    begin = time.time() + 0.3
    for pipe in pipes:
        pipe.send((begin, begin + side.seconds))
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    took = sorted(one for part, *_ in results for one in part)
    errors = [error for _, part, *_ in results for error in part]
    counts = side.ended()
    for error in sorted(set(errors)):
        print(f"{errors.count(error)} times {error}")
    # A trial that was under way at the end counts, and the time that it took counts too.
    seconds = side.seconds + max([0.0, *(late for *_, late in results)])
    return {
        "of": side.name,
        "workers": workers,
        "errors": len(errors),
        "lost": len(took) + workers * side.warm_up - counts["done"],
        "twice": counts["twice"],
        "trials_s": len(took) / seconds,
        "cpu_ms": sum(cpu for _, _, cpu, _ in results) * 1e3 / max(len(took), 1),
        "p50_ms": statistics.median(took) * 1e3,
        "p99_ms": took[int(len(took) * 0.99)] * 1e3,
        "worst_ms": took[-1] * 1e3,
    }


def measure_files(workers: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Measure on a fresh SQLite file, and see that it is whole."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        path = Path(fresh) / "x.db"
        row = measure(Ours(f"sqlite:///{path}", seconds), workers)
        with sqlite3.connect(path) as database:
            row["sound"] = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    return row


def medians(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of what was measured several times."""
    first = rows[0]
    return {
        key: first[key] if isinstance(first[key], str) else statistics.median(r[key] for r in rows)
        for key in first
    }


def main() -> None:
    """Run all and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    parser.add_argument("--store", help="of a server; default: fresh SQLite files in --folder")
    parser.add_argument("--optuna", action="store_true", help="beside Optuna on the same server")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in range(options.rounds):
        for count in options.workers:
            if options.store is None:
                rows = [measure_files(count, options.seconds, options.folder.absolute())]
            else:
                sides: list[Side] = [Ours(options.store, options.seconds)]
                if options.optuna:
                    sides.append(Optunas(options.store, options.seconds))
                rows = [measure(side, count) for side in sides]
            for row in rows:
                measured.setdefault((row["of"], count), []).append(row)
    table = [medians(rows) for rows in measured.values()]
    if options.json:
        print(json.dumps(table))
        return
    print("".join(f"{name:>10}" for name in table[0]))
    for row in table:
        cells = (value if isinstance(value, str) else f"{value:.1f}" for value in row.values())
        print("".join(f"{cell:>10}" for cell in cells))


if __name__ == "__main__":
    main()
