"""What does a trial that does nothing cost on Ray, beside Ray Tune? And the start?

One Ray of this machine (2 CPUs) for both, in turns: first ours, then Tune's. The cost of a trial is
taken from the difference between a long and a short sweep, so that starts do not count; CPU seconds
are those of all processes of Ray and of ours. Run, after `pip install "ray[tune]"` there:
.venv-engines/bin/python benchmarks/ray_overhead.py
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AIR_NEW_OUTPUT"] = "0"

FEW, MANY_SONDE, MANY_TUNE = 2, 300, 8


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


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Return the wall and CPU seconds of some work, children and theirs included."""
    cpu, wall = _cpu_s(), time.monotonic()
    work()
    return time.monotonic() - wall, _cpu_s() - cpu


def _cpu_s() -> float:
    total = 0.0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def main() -> None:
    """Measure and print."""
    import ray

    began = time.monotonic()
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000,
        log_to_driver=False, logging_level="ERROR",
    )  # fmt: skip
    start_s = time.monotonic() - began
    first_s, _ = measured(lambda: sonde_trials(1))
    print(f"start: Ray itself {start_s:.2f} s; then sonde's first trial {first_s:.2f} s, all told")
    costs: dict[str, float] = {}
    for name, work, many in (
        ("sonde", sonde_trials, MANY_SONDE),
        ("Ray Tune", lambda count: tune_trials(count, reuse=False), MANY_TUNE),
        ("Ray Tune, actors reused", lambda count: tune_trials(count, reuse=True), MANY_TUNE),
    ):
        work(1)
        few, few_cpu = measured(lambda work=work: work(FEW))  # type: ignore[misc]
        long, long_cpu = measured(lambda work=work, many=many: work(many))  # type: ignore[misc]
        each = (long - few) / (many - FEW) * 1000
        each_cpu = (long_cpu - few_cpu) / (many - FEW) * 1000
        costs[name] = each
        print(
            f"{name}: {each:.1f} ms wall, {each_cpu:.1f} ms CPU a trial ({FEW} to {many})",
            flush=True,
        )
    for name in ("Ray Tune", "Ray Tune, actors reused"):
        print(f"{name} takes {costs[name] / costs['sonde']:.0f} times as long a trial as sonde")
    ray.shutdown()


if __name__ == "__main__":
    main()
