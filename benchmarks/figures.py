"""What figures, importances and exports cost at 10,000 and 100,000 trials: CPU time, bytes."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "builders"))

from many_trials import many
from sonde.analysis.exports import FORMATS, export, table_of
from sonde.analysis.figures import KINDS, Asked, Snapshot, figure, json_of
from sonde.analysis.figures.stored import reader
from sonde.analysis.filters import chosen
from sonde.core.importance import METHODS
from sonde.store.memory import MemoryStore


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of a call, and what it returned."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def measure(count: int) -> None:
    """Print a table for so many trials."""
    store = MemoryStore()
    key = many(store, count)
    changes = store.changes(key)
    sweep, now = changes.record.sweep, datetime.now(UTC)
    reads = [reader(store, key)]

    def made(asked: Asked, snapshot: Snapshot) -> bytes:
        return json.dumps(json_of(figure(asked, [snapshot], reads, now)), allow_nan=False).encode()

    print(
        f"\n{count:,} trials, 9 parameters\n\n| figure | first | again | JSON |\n|---|---|---|---|"
    )
    asks = [
        Asked(kind=kind, metrics=("val_loss", "accuracy") if kind == "pareto" else ())
        for kind in KINDS
        if kind != "importance"
    ]
    asks += [Asked(kind="importance", method=method) for method in METHODS]
    for asked in asks:
        snapshot = Snapshot(sweep, changes.trials)
        first, body = timed(lambda a=asked, s=snapshot: made(a, s))  # type: ignore[misc]
        again, _ = timed(lambda a=asked, s=snapshot: made(a, s))  # type: ignore[misc]
        name = f"{asked.kind} ({asked.method})" if asked.kind == "importance" else asked.kind
        print(f"| {name} | {first:.3f} s | {again:.3f} s | {len(body) / 1000:.0f} kB |")
    print("\n| export | CPU | size |\n|---|---|---|")
    rows, fitting = timed(lambda: chosen(sweep, changes.trials, "done lr<0.1 optimizer=adam"))
    print(f"| filter (leaves {len(fitting):,}) | {rows:.3f} s | |")
    for form in FORMATS:
        spent, data = timed(
            lambda f=form: export(  # type: ignore[misc]
                table_of(sweep, changes.trials, range(count), sort="val_loss"), f
            )
        )
        print(f"| {form} | {spent:.2f} s | {len(data) / 1e6:.1f} MB |")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="*", default=[10_000, 100_000])
    for count in parser.parse_args().trials:
        measure(count)


if __name__ == "__main__":
    main()
