"""A no-op trial in a SQLite file: sonde's store beside Optuna's RDBStorage.

A trial is: ask for one with 10 parameters, 10 reports of one metric, tell its end. With sonde
that is `commit` with an ask, `report` of a batch, `finish`; with Optuna `ask`, 10
`suggest_float`, 10 `report`, `tell`, with its random sampler and default storage. Each round
runs a fresh process of each on a fresh file, one after the other. Waits for the disk (fsync
and fdatasync, by anybody in the process) are counted by strace in runs of their own, as the
difference of a long and a short one, so that opening and closing do not count; without strace
they are left out. sonde also counts its own, trial by trial; what strace sees beyond those is
upkeep: SQLite copying its log back into the database, once in some hundred trials. Figures are
medians over the rounds.

    .venv/bin/python benchmarks/store_trials.py [--trials 400] [--peer-trials 12] [--rounds 3]
        [--folder DIR] [--json]
"""

import argparse
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

PARAMETERS, REPORTS = 10, 10


def run_sonde(path: Path, trials: int) -> dict[str, float]:
    """Run trials against sonde's store and return what they cost each."""
    from datetime import UTC, datetime

    from sonde.core.space import space_of
    from sonde.core.sweep import Sweep
    from sonde.core.trial import Outcome, Report, State
    from sonde.store.protocol import Ask, Decision, NewTrial
    from sonde.store.sqlite import SqliteStore

    names = [f"x{at}" for at in range(PARAMETERS)]
    store = SqliteStore(path)
    sweep = Sweep(space=space_of(dict.fromkeys(names, "uniform(0, 1)")))
    record = store.create_sweep(sweep, datetime.now(UTC))
    chance = random.Random(0)
    waited: list[int] = []
    commits, started, cpu = store.file.own_changes, time.perf_counter(), time.process_time()
    for _ in range(trials):
        before = store.file.syncs
        new = NewTrial(params={name: chance.random() for name in names})
        decision = Decision(against=record.revision, add=[new])
        record, (lease,) = store.commit(record.id, decision, datetime.now(UTC), Ask(agent="a:1"))
        # The reports of a training that makes one every three seconds or so.
        now = time.time()
        batch = [
            Report(step, {"loss": chance.random()}, now + 3 * step + chance.random())
            for step in range(REPORTS)
        ]
        outcome = Outcome(state=State.DONE)
        store.finish(lease, outcome, datetime.now(UTC), reports=batch, first=1)
        waited.append(store.file.syncs - before)
    cost = {
        "cpu_ms": (time.process_time() - cpu) * 1e3 / trials,
        "trials_s": trials / (time.perf_counter() - started),
        "commits": (store.file.own_changes - commits) / trials,
        "own_waits": statistics.median(waited),
        "own_waits_most": max(waited),
        "own_waits_mean": statistics.fmean(waited),
    }
    store.close()
    return cost


def run_optuna(path: Path, trials: int) -> dict[str, float]:
    """Run trials against Optuna's default storage and return what they cost each."""
    import optuna
    from sqlalchemy import event

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=storage, sampler=sampler)
    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    event.listen(storage.engine, "commit", count)
    chance = random.Random(0)
    started, cpu = time.perf_counter(), time.process_time()
    for _ in range(trials):
        trial = study.ask()
        for at in range(PARAMETERS):
            trial.suggest_float(f"x{at}", 0, 1)
        for step in range(REPORTS):
            trial.report(chance.random(), step)
        study.tell(trial, chance.random())
    return {
        "cpu_ms": (time.process_time() - cpu) * 1e3 / trials,
        "trials_s": trials / (time.perf_counter() - started),
        "commits": commits / trials,
    }


RUNNERS = {"sonde": run_sonde, "optuna": run_optuna}


def run(who: str, trials: int, folder: Path, wrapper: tuple[str, ...] = ()) -> dict[str, float]:
    """Run one in a fresh process, on a fresh file."""
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        path = Path(fresh) / "x.db"
        command = [*wrapper, sys.executable, __file__, "--worker", who, "--trials", str(trials)]
        found = subprocess.run(
            [*command, "--path", str(path)], check=True, capture_output=True, text=True
        )
        cost: dict[str, float] = json.loads(found.stdout)
        return cost | {"bytes": float(path.stat().st_size)}


def waits(who: str, trials: int, folder: Path) -> dict[str, float]:
    """Return fdatasync and fsync calls a trial, or nothing without strace."""
    if shutil.which("strace") is None:
        return {}
    counts = []
    for number in (2, 2 + trials):
        with tempfile.NamedTemporaryFile("r", dir=folder) as log:
            wrapper = ("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", log.name)
            run(who, number, folder, wrapper)
            counts.append(Counter(re.findall(r"\b(fsync|fdatasync)\(", log.read())))
    return {call: (counts[1][call] - counts[0][call]) / trials for call in ("fdatasync", "fsync")}


def main() -> None:
    """Run all and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--peer-trials", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path.cwd())
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(RUNNERS[options.worker](options.path, options.trials)))
        return
    trials = {"sonde": options.trials, "optuna": options.peer_trials}
    rounds: dict[str, list[dict[str, float]]] = {who: [] for who in RUNNERS}
    for _ in range(options.rounds):
        for who in RUNNERS:
            rounds[who].append(run(who, trials[who], options.folder))
    result: dict[str, dict[str, float]] = {}
    ours: dict[str, float] = {}
    for who, costs in rounds.items():
        median = {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}
        empty = run(who, 2, options.folder)["bytes"]
        size = median.pop("bytes")
        own = {key: median.pop(key) for key in list(median) if key.startswith("own_waits")}
        result[who] = {
            **median,
            "kb": (size - empty) / (trials[who] - 2) / 1e3,
            **waits(who, trials[who], options.folder),
        }
        if own:
            ours = own
    ratio = result["sonde"]["trials_s"] / result["optuna"]["trials_s"]
    if "fdatasync" in result["sonde"]:
        seen = result["sonde"]["fdatasync"] + result["sonde"]["fsync"]
        ours["upkeep"] = seen - ours["own_waits_mean"]
    if options.json:
        print(json.dumps({**result, "sonde_waits": ours, "trials_s_ratio": ratio}))
        return
    columns = list(result["sonde"])
    print(f"{'':8}" + "".join(f"{column:>11}" for column in columns))
    for who, cost in result.items():
        print(f"{who:8}" + "".join(f"{cost[column]:11.2f}" for column in columns))
    print(f"trials/s: {ratio:.0f} times Optuna's")
    print(
        f"sonde waits for the disk {ours['own_waits']:.0f} times a trial"
        f" (median; {ours['own_waits_most']:.0f} at most)"
        + (f", and {ours['upkeep']:.4f} times for upkeep" if "upkeep" in ours else "")
    )


if __name__ == "__main__":
    main()
