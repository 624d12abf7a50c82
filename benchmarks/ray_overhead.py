"""What does a trial that does nothing cost on Ray, beside Ray Tune? And the start?

One Ray of this machine (2 CPUs) for both, in turns: first ours, then Tune's. The cost of a trial is
taken from the difference between a long and a short sweep, so that starts do not count. Run, after
`pip install "ray[tune]"` there: .venv-engines/bin/python benchmarks/ray_overhead.py
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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


def measured(work: Callable[[int], None], count: int) -> float:
    """Return the seconds that so many trials take."""
    began = time.monotonic()
    work(count)
    return time.monotonic() - began


def main() -> None:
    """Measure and print."""
    import ray

    began = time.monotonic()
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000,
        log_to_driver=False, logging_level="ERROR",
    )  # fmt: skip
    start_s = time.monotonic() - began
    first_s = measured(sonde_trials, 1)
    print(f"start: Ray itself {start_s:.2f} s; then sonde's first trial {first_s:.2f} s, all told")
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
