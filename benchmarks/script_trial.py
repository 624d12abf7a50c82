"""What a script trial costs beyond the script: CPU of agent and `sonde run`, beside a bare run.

A script that does nothing is run by the shell's way (`python train.py`), by one agent, and by
`sonde run -j 2`, in turns. CPU is user and system time of all processes, as the kernel counts
it; what one trial costs is the difference between many trials and few, so that what is paid
once a sweep stands apart. Run: python benchmarks/script_trial.py
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from sonde.agent.command import command_of
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.store import open_store

FEW, MANY, ROUNDS = 5, 45, 5
SCRIPT = "lr = 0.01\nprint(lr)\n"


def cpu_ms(argv: list[str], folder: Path) -> float:
    """Run a program to its end; return its CPU milliseconds with those of its children."""
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv}: {said.decode(errors='replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def bare(folder: Path, trials: int) -> float:
    """Run the script by itself, so many times."""
    return sum(cpu_ms([sys.executable, "train.py"], folder) for _ in range(trials))


def by_agent(folder: Path, trials: int) -> float:
    """Run it as trials of a sweep by one agent, which decides as well."""
    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / ".sonde"
        store = open_store(str(root / "sonde.db"))
        space = space_of({"lr": list(range(trials))})
        work = command_of(["train.py"], folder=folder, space=space, python=sys.executable)
        sweep = Sweep(space=space, goals=(Goal(metric="loss"),), method="grid", work=work)
        record = store.create_sweep(sweep, utc_now())
        options = {"store_url": store.url, "sweep": record.id, "root": str(root)}
        spent = cpu_ms([sys.executable, "-m", "sonde.agent", json.dumps(options)], folder)
        done = [trial.state.value for trial in store.changes(record.id).trials]
        store.close()
    if done != ["done"] * trials:
        raise RuntimeError(f"not all trials are done: {done}")
    return spent


def by_run(folder: Path, trials: int) -> float:
    """Run it by `sonde run`, submitter and agents together."""
    with tempfile.TemporaryDirectory() as base:
        argv = [sys.executable, "-m", "sonde", "run", "--store", f"{base}/sonde.db", "-j", "2"]
        argv += ["--progress", "none", f"lr=1..{trials}", "--method", "grid", "train.py"]
        return cpu_ms(argv, folder)


def main() -> None:
    """Measure in turns and print medians."""
    ways = {"python train.py": bare, "one agent": by_agent, "sonde run -j 2": by_run}
    each: dict[str, list[float]] = {name: [] for name in ways}
    once: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        (folder / "train.py").write_text(SCRIPT)
        for _ in range(ROUNDS):
            for name, way in ways.items():
                few, many = way(folder, FEW), way(folder, MANY)
                slope = (many - few) / (MANY - FEW)
                each[name].append(slope)
                once[name].append(few - FEW * slope)
    base_ms = statistics.median(each["python train.py"])
    print(f"{'':20}{'a trial':>12}{'beyond bare':>14}{'once a sweep':>14}   CPU ms, medians")
    for name in ways:
        cost, start = statistics.median(each[name]), statistics.median(once[name])
        print(f"{name:20}{cost:12.1f}{cost - base_ms:14.1f}{max(start, 0):14.0f}")


if __name__ == "__main__":
    main()
