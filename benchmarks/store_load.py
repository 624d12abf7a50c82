"""Loading a large sweep: CPU and memory of a fresh process, bytes on disk.

Fills a SQLite file through the store's own protocol, in large batches, with trials of 10
float parameters and 10 reports of one metric; then a fresh process opens it, loads all
trials (`changes(sweep, 0)`) and says what that cost. The CPU time is of the opening and the
load; the import of Python and of sonde's modules is given apart. Medians over the rounds.

    .venv/bin/python benchmarks/store_load.py [--trials 10000 100000] [--rounds 3]
        [--folder DIR] [--json]
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

BATCH = 2000


def fill(path: Path, trials: int) -> None:
    """Write a sweep with so many ended trials."""
    from sonde.core.space import space_of
    from sonde.core.sweep import Sweep
    from sonde.core.trial import Outcome, Report, State
    from sonde.store.protocol import Ask, Decision, NewTrial
    from sonde.store.sqlite import SqliteStore

    names = [f"x{at}" for at in range(10)]
    store = SqliteStore(path)
    now = datetime.now(UTC)
    space = space_of(dict.fromkeys(names, "uniform(0, 1)"))
    record = store.create_sweep(Sweep(space=space), now)
    chance = random.Random(0)
    store.file.durable = False  # the disk is not what is measured here
    for begin in range(0, trials, BATCH):
        count = min(BATCH, trials - begin)
        add = [NewTrial(params={name: chance.random() for name in names}) for _ in range(count)]
        decision = Decision(against=record.revision, add=add)
        record, leases = store.commit(record.id, decision, now, Ask(agent="host:1234", count=count))
        for lease in leases:
            now += timedelta(seconds=chance.random())
            reports = [
                Report(step, {"loss": chance.random()}, now.timestamp() + 3 * step)
                for step in range(10)
            ]
            store.report(lease, 1, reports, now)
            store.finish(lease, Outcome(state=State.DONE), now)
    store.close()


def load(path: Path) -> dict[str, float]:
    """Load a sweep and return what it cost."""
    from sonde.store.sqlite import SqliteStore

    imported = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store = SqliteStore(path)
    (record,) = store.list_sweeps()
    found = store.changes(record.id)
    cost = {
        "trials": float(len(found.trials)),
        "import_s": imported,
        "load_s": time.process_time() - imported,
        "before_mb": before / 1e3,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }
    store.close()
    return cost


def measure(trials: int, rounds: int, folder: Path) -> dict[str, float]:
    """Fill a file and load it in fresh processes."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        path = Path(fresh) / "x.db"
        fill(path, trials)
        command = [sys.executable, __file__, "--load", str(path)]
        costs = [
            json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(rounds)
        ]
        median = {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}
        return {**median, "bytes_trial": path.stat().st_size / trials}


def main() -> None:
    """Run all and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(load(options.load)))
        return
    rows = [measure(count, options.rounds, options.folder) for count in options.trials]
    if options.json:
        print(json.dumps(rows))
        return
    print("".join(f"{name:>13}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:13.3f}" for value in row.values()))


if __name__ == "__main__":
    main()
