"""What a Hydra job costs in a sweep of sonde's sweeper, beside the basic launcher and sweeper.

A job that does nothing is run many times: by Hydra's basic launcher in one call, by its basic
sweeper, which composes each job's config twice, and by sonde's with several methods, in turns.
What a method costs is in its figures. CPU is user and system
time of the process, as the kernel counts it; what one job costs is the difference between many
jobs and few, so that what is paid once a sweep stands apart. Run: python benchmarks/hydra_job.py
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FEW, MANY, ROUNDS = 10, 60, 5
METHODS = ("grid", "random", "tpe", "auto")
SCRIPT = """
import hydra

@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    return float(cfg.x)

main()
"""

BARE = """
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper

class Bare(Sweeper):
    def setup(self, *, hydra_context, task_function, config):
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments):
        jobs = int(arguments[0].partition("(")[2].rstrip(")"))
        return self.launcher.launch([[f"x={k}"] for k in range(jobs)], initial_job_idx=0)

ConfigStore.instance().store(
    group="hydra/sweeper", name="bare", node={"_target_": "hydra_plugins.bare.bare.Bare"}
)
"""


def cpu_ms(folder: Path, words: list[str]) -> float:
    """Run the program as a sweep; return its CPU milliseconds."""
    argv = [sys.executable, "train.py", "-m", *words]
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv}: {said.decode(errors='replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1e3


def sweep(sweeper: str, method: str | None, jobs: int) -> float:
    """Run so many jobs by a sweeper."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base)
        (folder / "conf").mkdir()
        (folder / "conf" / "config.yaml").write_text("x: 0\n")
        (folder / "train.py").write_text(SCRIPT)
        (folder / "hydra_plugins" / "bare").mkdir(parents=True)
        (folder / "hydra_plugins" / "bare" / "__init__.py").touch()
        (folder / "hydra_plugins" / "bare" / "bare.py").write_text(BARE)
        is_grid = method in {None, "grid"}
        words = [f"hydra/sweeper={sweeper}", f"x=range({jobs})" if is_grid else "x=interval(0,1)"]
        if method is not None:
            words += [f"hydra/sweeper/sampler={method}", f"hydra.sweeper.n_trials={jobs}"]
        return cpu_ms(folder, words)


def main() -> None:
    """Print the cost of a job by each sweeper, and what is added."""
    ways: dict[str, tuple[str, str | None]] = {"bare": ("bare", None), "basic": ("basic", None)}
    ways |= {method: ("sonde", method) for method in METHODS}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (sweeper, method) in ways.items():
            few, many = (sweep(sweeper, method, jobs) for jobs in (FEW, MANY))
            spent[name].append((many - few) / (MANY - FEW))
    for name, each in spent.items():
        middle, least, most = statistics.median(each), min(each), max(each)
        added = statistics.median(s - b for s, b in zip(each, spent["bare"], strict=True))
        said = f"; {added:+.2f} ms to the launcher alone (bar: +5)" if name in METHODS else ""
        print(f"{name:6} {middle:6.2f} ms CPU a job ({least:.2f}..{most:.2f}){said}")


if __name__ == "__main__":
    main()
