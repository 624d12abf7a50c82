"""A run's start and end, and a call of `log`: sonde beside wandb offline and MLflow, in turns.

Each measurement is a process of its own, so that no tracker's threads are another's cost. The
import is not counted, nor is a process's first run. A run is `init`, one `log` and `finish`, as
long as the caller waits; `log` a call with one metric, the same, in one run. CPU is that of the
process alone: W&B does much in another. MLflow writes to a SQLite file with `log_metric`. Run in
a throw-away environment, as the trackers want packages of their own:

    python -m venv .venv-trackers && .venv-trackers/bin/pip install -e . wandb mlflow-skinny \
        sqlalchemy alembic
    .venv-trackers/bin/python benchmarks/trackers.py
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeAlias

RUNS, CALLS = 5, {"sonde": 20_000, "sonde.wandb": 20_000, "wandb": 2_000, "mlflow": 200}
Begin: TypeAlias = Callable[[], Any]
Log: TypeAlias = Callable[[int], Any]
End: TypeAlias = Callable[[], Any]


def of_sonde() -> tuple[Begin, Log, End]:
    """Sonde's own names."""
    import sonde

    return sonde.init, lambda step: sonde.log(loss=0.1 * step), sonde.finish


def of_door() -> tuple[Begin, Log, End]:
    """W&B's names, by sonde."""
    import sonde.wandb as wandb

    def log(step: int) -> None:
        wandb.log({"loss": 0.1 * step})

    return wandb.init, log, wandb.finish


def of_wandb() -> tuple[Begin, Log, End]:
    """W&B itself, offline."""
    import wandb  # type: ignore[import-not-found, unused-ignore]

    def log(step: int) -> None:
        wandb.log({"loss": 0.1 * step})

    return lambda: wandb.init(mode="offline", project="x"), log, wandb.finish


def of_mlflow() -> tuple[Begin, Log, End]:
    """MLflow on a SQLite file, whose tables are there already."""
    import mlflow  # type: ignore[import-not-found, unused-ignore]

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("x")
    return (
        mlflow.start_run,
        lambda step: mlflow.log_metric("loss", 0.1 * step, step=step),
        mlflow.end_run,
    )


TRACKERS = {"sonde": of_sonde, "sonde.wandb": of_door, "wandb": of_wandb, "mlflow": of_mlflow}


def measure(name: str) -> dict[str, float]:
    """Measure one tracker in this process; milliseconds and microseconds, wall and CPU."""
    begin, log, end = TRACKERS[name]()
    begin()  # what only the first run of a process does, such as wandb starting its service
    log(0)
    end()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(RUNS):
        begin()
        log(1)  # without it a run of sonde's does not even open its file
        end()
    found = {
        "run_ms": (time.perf_counter() - wall) / RUNS * 1e3,
        "run_cpu_ms": (time.process_time() - cpu) / RUNS * 1e3,
    }
    begin()
    calls = CALLS[name]
    wall, cpu = time.perf_counter(), time.process_time()
    for step in range(calls):
        log(step)
    found |= {
        "log_us": (time.perf_counter() - wall) / calls * 1e6,
        "log_cpu_us": (time.process_time() - cpu) / calls * 1e6,
    }
    end()
    return found


def in_its_own_process(name: str) -> dict[str, float]:
    """Measure one tracker in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        env = {key: text for key, text in os.environ.items() if not key.startswith("SONDE_")}
        env |= {"WANDB_SILENT": "true", "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}
        if name.startswith("sonde"):  # as in a trial
            env["SONDE_TRIAL_DIR"] = env["SONDE_CHECKPOINT_DIR"] = folder
            env["SONDE_PARAMS"] = f"{folder}/params.json"
            Path(folder, "params.json").write_text("{}")
        done = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--measure", name],  # noqa: PTH100
            cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        if name.startswith("sonde"):
            kept = Path(folder, "reports.jsonl").read_bytes().count(b"\n")
            assert kept == CALLS[name] + RUNS + 1, kept
        return found


def main() -> None:
    """Measure in turns, and print medians, ranges and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=TRACKERS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure)))
        return
    present = [name for name in TRACKERS if importlib.util.find_spec(name.partition(".")[0])]
    for name in TRACKERS:
        if name not in present:
            print(f"{name} is not installed: its row is left out")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in present}
    for _ in range(options.rounds):
        for name in present:
            found[name].append(in_its_own_process(name))
    print(f"{'':18}{'a run, ms':>16}{'range':>16}{'CPU ms':>9}{'log us':>10}{'CPU us':>9}"
          f"{'x run':>9}{'x log':>9}")  # fmt: skip
    medians = {
        name: {key: statistics.median(one[key] for one in all_) for key in all_[0]}
        for name, all_ in found.items()
    }
    for name, one in medians.items():
        runs = [each["run_ms"] for each in found[name]]
        spread = f"{min(runs):.3f}-{max(runs):.3f}"
        print(
            f"{_named(name):18}{one['run_ms']:16.3f}{spread:>16}{one['run_cpu_ms']:9.2f}"
            f"{one['log_us']:10.1f}{one['log_cpu_us']:9.1f}"
            f"{one['run_ms'] / medians['sonde']['run_ms']:9.0f}"
            f"{one['log_us'] / medians['sonde']['log_us']:9.0f}"
        )


def _named(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        try:
            return f"{name} {version('mlflow-skinny')}" if name == "mlflow" else name
        except PackageNotFoundError:
            return name


if __name__ == "__main__":
    main()
