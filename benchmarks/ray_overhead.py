"""What does a trial that does nothing cost on Ray, beside Ray Tune? And the start?

The start: processes in turns, each with a Ray of its own; in one kind an actor of Ray answers, in
the other a sweep begins its first trial. The cost of a trial: one Ray of this machine (2 CPUs) for
both, first ours, then Tune's, from the difference between a long and a short sweep, so that starts
do not count. Run after `./dev engines`: .venv-engines/bin/python benchmarks/ray_overhead.py
[--start-only]
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"

FEW, MANY_SONDE, MANY_TUNE = 2, 300, 8
STARTS = 5

BARE = """\
import time
began = time.time()
import ray
ray.init(address="local", include_dashboard=False, object_store_memory=100_000_000,
         _node_ip_address="127.0.0.1", log_to_driver=False, logging_level="ERROR")
class Actor:
    def answer(self):
        return time.time()
print(ray.get(ray.remote(num_cpus=1)(Actor).remote().answer.remote()) - began)
"""
SWEEP = """\
import time
began = time.time()
import tempfile
import sonde
def trial(x):
    return time.time()
with tempfile.TemporaryDirectory() as folder:
    sweep = sonde.sweep(trial, {"x": sonde.Float(0, 1)}, maximize="value", method="random",
                        store=folder + "/sonde.db")
    sweep.run(trials=1, on="ray", progress=False)
    print(sweep.best.value - began)
"""


def sonde_trials(count: int) -> None:
    """Run trials of a function on Ray with sonde."""
    import sonde

    def nothing(x: float) -> float:
        return x

    with tempfile.TemporaryDirectory() as folder:
        sweep = sonde.sweep(
            nothing, {"x": sonde.Float(0, 1)}, minimize="x", method="random",
            store=str(Path(folder) / ".sonde" / "sonde.db"),
        )  # fmt: skip
        sweep.run(trials=count, on="ray", progress=False)
        assert len(sweep.trials) == count


def tune_trials(count: int, *, reuse: bool) -> None:
    """Run trials of a function with Ray Tune."""
    from ray import tune

    def nothing(config: dict[str, float]) -> dict[str, float]:
        return {"x": config["x"]}

    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            nothing,
            param_space={"x": tune.uniform(0, 1)},
            tune_config=tune.TuneConfig(num_samples=count, reuse_actors=reuse),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        assert len(tuner.fit()) == count


def measured(work: Callable[[int], None], count: int) -> float:
    """Return the seconds that so many trials take."""
    began = time.monotonic()
    work(count)
    return time.monotonic() - began


def started(program: str) -> float:
    """Return the seconds until what a program starts is at work, as it prints them."""
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def starts() -> None:
    """Measure and print what starts take."""
    found = [(started(BARE), started(SWEEP)) for _ in range(STARTS)]
    bare, sweep = (statistics.median(kind) for kind in zip(*found, strict=True))
    more = statistics.median(ours - theirs for theirs, ours in found)
    print(
        f"start: an actor of Ray answers after {bare:.2f} s, a sweep's first trial begins after "
        f"{sweep:.2f} s: {more:.2f} s more (medians of {STARTS})",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    starts()
    if "--start-only" in sys.argv:
        return
    import ray

    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000,
        log_to_driver=False, logging_level="ERROR",
    )  # fmt: skip
    costs: dict[str, float] = {}
    for name, work, many in (
        ("sonde", sonde_trials, MANY_SONDE),
        ("Ray Tune", lambda count: tune_trials(count, reuse=False), MANY_TUNE),
        ("Ray Tune, actors reused", lambda count: tune_trials(count, reuse=True), MANY_TUNE),
    ):
        work(1)
        few, long = measured(work, FEW), measured(work, many)
        each = (long - few) / (many - FEW) * 1000
        costs[name] = each
        print(
            f"{name}: {each:.1f} ms a trial ({FEW} to {many})",
            flush=True,
        )
    for name in ("Ray Tune", "Ray Tune, actors reused"):
        print(f"{name} takes {costs[name] / costs['sonde']:.0f} times as long a trial as sonde")
    ray.shutdown()


if __name__ == "__main__":
    main()
