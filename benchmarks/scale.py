"""What does sonde's heart stand: a million trials, ten thousand agents, and what goes wrong?

The real controller and a real store, in virtual time (`sonde.testing.simulation`): agents die,
fall silent and come back, calls come late and twice, clocks are off, controllers die, the user
pauses and stops the sweep. Each answer is held to what always holds. CPU time is that of this
one process, on one core: the store's and the controller's, as a server of all these agents
would have it, and apart from it that of the simulation.

    .venv/bin/python benchmarks/scale.py [--trials 1000000] [--agents 10000] [--method random]
        [--store memory|sqlite|URL] [--seed 0] [--folder DIR] [--json]
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sonde.controller import Controller
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Sweep
from sonde.store import open_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store
from sonde.store.sqlite import SqliteStore
from sonde.testing.simulation import Plan, Progress, simulate

T = TypeVar("T")
PAGE_KB = os.sysconf("SC_PAGESIZE") / 1024
TIMED = ("commit", "lease", "renew", "report", "finish", "release", "changes", "get_sweep")
SPACE = {"lr": "loguniform(1e-5, 1)", "layers": [1, 2, 3, 4], "dropout": "uniform(0, .5)",
         "width": [32, 64, 128, 256], "decay": "loguniform(1e-6, 1e-2)"}  # fmt: skip


class Metered:
    """A store whose operations are counted, with their CPU time."""

    def __init__(self, store: Store) -> None:
        self.store, self.url = store, store.url
        self.calls = dict.fromkeys((*TIMED, "decide"), 0)
        self.ns = dict.fromkeys((*TIMED, "decide"), 0)
        self.inside = 0  # ns in the store
        for name in TIMED:
            setattr(self, name, self._timed(name, getattr(store, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _timed(self, name: str, call: Callable[..., T]) -> Callable[..., T]:
        def timed(*given: Any, **named: Any) -> T:
            began = time.thread_time_ns()
            try:
                return call(*given, **named)
            finally:
                took = time.thread_time_ns() - began
                self.calls[name] += 1
                self.ns[name] += took
                self.inside += took

        return timed

    def decide(self, controller: Controller, want: int) -> None:
        """Let a controller decide; its own time is what the store did not take."""
        began, inside = time.thread_time_ns(), self.inside
        controller.step(want)
        self.ns["decide"] += time.thread_time_ns() - began - (self.inside - inside)
        self.calls["decide"] += 1


def rss_mb() -> float:
    """Return the memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KB / 1024


def opened(text: str, folder: Path) -> Store:
    """Open the store to be measured; a file is not waited for, as many others use the disk."""
    if text == "memory":
        return MemoryStore()
    if text == "sqlite":
        store = SqliteStore(folder / "sonde.db")
        store.file.durable = False
        return store
    return open_store(text)


def main() -> None:
    """Run one world, print how it goes and what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--method", default="random")
    parser.add_argument("--stop", help="a stopping rule, as asha(min_steps=1)")
    parser.add_argument("--store", default="memory")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="for the file of the store")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    """Run one world."""
    metered = Metered(opened(options.store, folder))
    sweep = Sweep(
        space=space_of(SPACE),
        goals=(Goal(metric="loss"),),
        method=options.method,
        stopping=options.stop,
        budget=Budget(trials=options.trials),
        seed=options.seed,
        retries=1,
        max_failures=0,
    )
    plan = Plan(sweep=sweep, agents=options.agents, seed=options.seed)
    began, before = time.process_time(), (dict(metered.calls), dict(metered.ns))
    rows: list[dict[str, float]] = []

    def note(progress: Progress) -> None:
        nonlocal before
        after = dict(metered.calls), dict(metered.ns)
        calls = {name: after[0][name] - before[0][name] for name in after[0]}
        spent = {name: after[1][name] - before[1][name] for name in after[1]}
        before = after
        row = {"ended": progress.ended, "virtual_s": progress.time_s, "rss_mb": rss_mb()}
        row |= {"cpu_s": time.process_time() - began}
        row |= {f"{name}_us": spent[name] / calls[name] / 1000 for name in calls if calls[name]}
        rows.append(row)
        if not options.json:
            print(_line(row, header=len(rows) == 1), flush=True)

    result = simulate(
        metered,  # what it does not meter it passes on
        plan,
        on_progress=note,
        every=max(options.trials // 20, 1),
        decide=metered.decide,
    )
    cpu_s = time.process_time() - began
    totals = {name: (metered.calls[name], metered.ns[name] / 1e9) for name in metered.calls}
    ours = sum(spent for _, spent in totals.values())
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    found = {
        "rows": rows,
        "totals": totals,
        "cpu_s": cpu_s,
        "sonde_s": ours,
        "checks": result.checks,
        "happened": result.happened,
        "counts": {str(state): count for state, count in result.counts.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "file_mb": size,
        "virtual_s": result.time_s,
    }
    if options.json:
        print(json.dumps(found))
        return
    print(f"\n{'operation':<12}{'calls':>12}{'CPU s':>10}{'us each':>10}")
    for name, (calls, spent) in totals.items():
        each = spent / calls * 1e6 if calls else 0
        print(f"{name:<12}{calls:>12,}{spent:>10.1f}{each:>10.1f}")
    all_calls = sum(calls for calls, _ in totals.values())
    print(f"\n{all_calls:,} operations, {ours:.0f} s CPU: {all_calls / ours:,.0f} a second")
    print(f"{options.trials / ours:,.0f} trials a second of CPU; all of it took {cpu_s:.0f} s CPU")
    print(f"{found['peak_mb']:,.0f} MB at most; {size:,.0f} MB on disk; {result.checks:,} checks")
    print(f"virtual time {result.time_s:,.0f} s; what befell it: {result.happened}")
    print(f"trials: {found['counts']}")


def _line(row: dict[str, float], *, header: bool) -> str:
    shown = [f"{name}_us" for name in (*TIMED, "decide") if name != "get_sweep"]
    names = ["ended", "virtual_s", "rss_mb", "cpu_s", *shown]
    head = "".join(f"{name:>11}" for name in names) + "\n" if header else ""
    cells = [f"{row[name]:>11,.0f}" if name in row else f"{'-':>11}" for name in names]
    return head + "".join(cells)


if __name__ == "__main__":
    main()
