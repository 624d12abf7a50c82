"""Search the problems with the methods, and keep every run.

    python benchmarks/search/run.py --methods bayes,tpe,optuna:gp --suite functions --seeds 5 \
        --trials 100 --out DIR

What DIR has is not run again, so a run that was stopped goes on with the same line. Runs are
ordered by seed, so that all problems have one before any has two. `report.py DIR` tells what came
of it.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

# Before NumPy is loaded: matrices are small, and there may be a process beside this one.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from peers import Unsuitable, known  # noqa: E402
from problems import members, select  # noqa: E402
from runs import have, keep, perform  # noqa: E402

Job = tuple[str, str, int, int, int, str]


def work(job: Job) -> str:
    """Do one run and keep it; return a line for people."""
    name, method, seed, trials, workers, out = job
    member = members()[name]
    began = time.process_time()
    try:
        run = perform(
            member.instance(seed), member.split, method, seed=seed, trials=trials, workers=workers
        )
    except Unsuitable as fault:
        return f"{method:22} {name:32} does not suit: {fault}"
    keep(run, Path(out))
    spent = time.process_time() - began
    asked = sum(run.ask_ms) / 1e3
    return f"{method:22} {name:32} seed {seed:3} CPU {spent:7.2f} s, asking {asked:7.2f} s"


def jobs(given: argparse.Namespace) -> Iterator[Job]:
    """Say what is left to do."""
    done = have(Path(given.out))
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last) + 1) if last else range(int(first))
    for seed in seeds:
        for member in select(given.suite, given.split):
            for method in given.methods.split(","):
                if done.get((member.name, seed, method, given.workers), 0) < given.trials:
                    yield member.name, method, seed, given.trials, given.workers, given.out


def main() -> None:
    """Run what is asked for."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--methods", required=True, help=f"of {', '.join(known())}")
    words.add_argument("--suite", default="all", help="suites or problems, comma-separated")
    words.add_argument("--split", default="tune", choices=("tune", "judge", "all"))
    words.add_argument("--seeds", default="5", help="a count, or a range: 5-9")
    words.add_argument("--trials", type=int, default=100)
    words.add_argument("--workers", type=int, default=1, help="so many pending at once, simulated")
    words.add_argument("--processes", type=int, default=1)
    words.add_argument("--out", required=True, help="the folder that keeps the runs")
    given = words.parse_args()
    if unknown := set(given.methods.split(",")) - set(known()):
        raise SystemExit(f"{', '.join(sorted(unknown))}: no such method; use {', '.join(known())}")
    todo = list(jobs(given))
    print(f"{len(todo)} runs to do", flush=True)
    for number, line in enumerate(_done(todo, given.processes), start=1):
        print(f"{number}/{len(todo)} {line}", flush=True)


def _done(todo: list[Job], processes: int) -> Iterator[str]:
    if processes == 1:
        yield from map(work, todo)
        return
    from multiprocessing import get_context

    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(work, todo)


if __name__ == "__main__":
    main()
