"""Many worker processes on one PostgreSQL server: sonde's store beside Optuna's RDBStorage.

A server of its own is started, with fsync and synchronous_commit on, as servers come; both
write to it, in turn. A trial of sonde's is one of `store_workers`: what a controller added is
leased, and finished with its 10 reports in one step with the lease of the next. One of
Optuna's is `ask`, 10 `suggest_float`, 10 `report`, `tell`, with its random sampler. All
workers begin together, after some trials that are not timed. With `--sweeps` the workers of
sonde share out among so many sweeps. CPU time is that of the workers and of the server's own
processes together, where there is a /proc.

    .venv/bin/python benchmarks/store_postgresql.py [--workers 1 4 16 64] [--seconds 5]
        [--sweeps 1] [--rounds 1] [--no-peer] [--json]
"""

import argparse
import json
import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.store import open_store
from sonde.store.protocol import Ask, Decision, NewTrial

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "builders"))

from postgres import Server

NAMES = [f"x{at}" for at in range(10)]
WARM_UP = 20  # trials of each worker that are not timed: a process's first ones cost more
Job = Callable[[str, str, str], Callable[[], None]]


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def sonde_job(url: str, sweep: str, name: str) -> Callable[[], None]:
    """Return what runs one trial of a sweep."""
    store, chance = open_store(url), random.Random(name)
    ask = Ask(agent=name, lease_s=600.0)
    leases: Sequence[Lease] = ()

    def run_one() -> None:
        nonlocal leases
        if not leases:
            leases = store.lease(sweep, ask, now())
        batch = [Report(at, {"loss": chance.random()}, time.time()) for at in range(10)]
        outcome = Outcome(state=State.DONE)
        _, leases = store.finish(leases[0], outcome, now(), ask, reports=batch, first=1)

    return run_one


def optuna_job(url: str, study: str, name: str) -> Callable[[], None]:
    """Return what runs one trial of a study."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler(seed=hash(name) % 2**31)
    loaded = optuna.load_study(study_name=study, storage=storage_of(url), sampler=sampler)

    def run_one() -> None:
        trial = loaded.ask()
        for at in NAMES:
            trial.suggest_float(at, 0.0, 1.0)
        for step in range(10):
            trial.report(random.random(), step)
        loaded.tell(trial, 0.5)

    return run_one


def storage_of(url: str) -> Any:
    """Return Optuna's storage in the database of a URL."""
    import optuna

    place = url.replace("postgresql:", "postgresql+psycopg:").partition("&schema")[0]
    return optuna.storages.RDBStorage(place)


def work(job: Job, url: str, where: str, name: str, warm_up: int, pipe: Connection) -> None:
    """Say when ready, run trials from one time to another; send how long each took, and errors."""
    took: list[float] = []
    errors: list[str] = []
    run_one = job(url, where, name)
    warmed = 0
    for _ in range(warm_up):
        try:
            run_one()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we count
            errors.append(repr(error)[:200])
        else:
            warmed += 1
    pipe.send("ready")
    begin, end = pipe.recv()
    time.sleep(max(0.0, begin - time.time()))
    cpu = time.process_time()
    while time.time() < end:
        started = time.perf_counter()
        try:
            run_one()
        except Exception as error:  # noqa: BLE001 - as above
            errors.append(repr(error)[:200])
        else:
            took.append(time.perf_counter() - started)
    pipe.send((took, errors, warmed, time.process_time() - cpu))


def server_cpu(server: Server) -> float:
    """Return the seconds that the processes of a server have worked, those that ended too."""
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(parts[1]) == pid or int(stat.parent.name) == pid:
            ticks += sum(map(int, parts[11:15] if int(stat.parent.name) == pid else parts[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(server: Server, kind: str, workers: int, seconds: float, sweeps: int) -> dict[str, Any]:
    """Run so many workers and return what came out."""
    url = server.fresh_url()
    job, warm_up = (sonde_job, WARM_UP) if kind == "sonde" else (optuna_job, 1)
    if kind == "sonde":
        places = []
        with closing(open_store(url)) as store:
            for _ in range(sweeps):
                space = space_of(dict.fromkeys(NAMES, "uniform(0, 1)"))
                record = store.create_sweep(Sweep(space=space), now())
                params = {name: at / 10 for at, name in enumerate(NAMES)}
                add = [NewTrial(params=params)] * int(1500 * (seconds + 2) / sweeps)
                store.commit(record.id, Decision(against=0, add=add), now())
                places.append(record.id)
    else:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        places = [optuna.create_study(storage=storage_of(url)).study_name]
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(workers):
        here, there = context.Pipe()
        given = (job, url, places[number % len(places)], f"w{number}", warm_up, there)
        process = context.Process(target=work, args=given)
        process.start()
        pipes.append(here)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    begin = time.time() + 0.3
    cpu = server_cpu(server)
    for pipe in pipes:
        pipe.send((begin, begin + seconds))
    results = [pipe.recv() for pipe in pipes]
    cpu = server_cpu(server) - cpu
    for process in processes:
        process.join()
    took = sorted(one for part, *_ in results for one in part)
    errors = [error for _, part, *_ in results for error in part]
    ours = len(took) + sum(warmed for _, _, warmed, _ in results)
    done, numbers = outcome_of(kind, url, places)
    for error in sorted(set(errors))[:3]:
        print(f"{errors.count(error)} times {error}")
    row = {
        "workers": workers,
        "errors": len(errors),
        "lost": ours - done,
        "twice": numbers,
        "trials_s": len(took) / seconds,
        "client_ms": sum(cpu for *_, cpu in results) / max(len(took), 1) * 1e3,
        "server_ms": cpu / max(len(took), 1) * 1e3,
    }
    if took:
        row |= {
            "p50_ms": statistics.median(took) * 1e3,
            "p99_ms": took[int(len(took) * 0.99)] * 1e3,
            "worst_ms": took[-1] * 1e3,
        }
    return row


def outcome_of(kind: str, url: str, places: Sequence[str]) -> tuple[int, int]:
    """Return how many trials ended well, and how many were begun twice."""
    if kind == "sonde":
        with closing(open_store(url)) as store:
            trials = [trial for place in places for trial in store.changes(place).trials]
        done = sum(trial.state is State.DONE for trial in trials)
        return done, sum(trial.attempts > 1 for trial in trials)
    import optuna

    study = optuna.load_study(study_name=places[0], storage=storage_of(url))
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return len(complete), len(complete) - len({trial.number for trial in complete})


def main() -> None:
    """Run all and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--sweeps", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    server = Server(is_safe=True, max_connections="300", shared_buffers="128MB")
    rows = []
    try:
        for workers in options.workers:
            for kind in ("sonde",) if options.no_peer else ("sonde", "optuna"):
                several = [
                    measure(server, kind, workers, options.seconds, options.sweeps)
                    for _ in range(options.rounds)
                ]
                keys = [key for key in several[0] if all(key in row for row in several)]
                middle = {
                    key: statistics.median(row.get(key, 0) for row in several) for key in keys
                }
                rows.append({"store": kind} | middle)
                if not options.json:
                    if len(rows) == 1:
                        print("".join(f"{key:>10}" for key in rows[0]))
                    values = list(rows[-1].values())
                    print(f"{values[0]:>10}" + "".join(f"{value:10.1f}" for value in values[1:]))
    finally:
        server.close()
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
