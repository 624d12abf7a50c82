"""What a call of `sonde.log` costs in a trial: wall and CPU time a call, beside tensorboardX.

Run: python benchmarks/log_call.py
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CALLS, ROUNDS = 20_000, 5


def cost(call: Callable[[int], object]) -> tuple[float, float]:
    """Return microseconds of wall and of CPU time a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    for step in range(CALLS):
        call(step)
    return (time.perf_counter() - wall) / CALLS * 1e6, (time.process_time() - cpu) / CALLS * 1e6


def main() -> None:
    """Measure in turns and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SONDE_TRIAL_DIR"] = folder
        Path(folder, "params.json").write_text("{}")
        import sonde

        five = {f"metric_{i}": 0.1 * i for i in range(5)}
        calls: dict[str, Callable[[int], object]] = {
            "sonde.log, 1 metric": lambda step: sonde.log(val_loss=0.1 * step),
            "sonde.log, 5 metrics and a step": lambda step: sonde.log(five, step=step),
            "sonde.should_stop": lambda _: sonde.should_stop(),
        }
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            print("tensorboardX is not installed: its row is left out")
        else:
            writer = SummaryWriter(folder)
            calls["tensorboardX add_scalar, 1 metric"] = lambda step: writer.add_scalar(
                "val_loss", 0.1 * step, step
            )
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                found[name].append(cost(call))
    print(f"{'':36}{'wall us':>10}{'CPU us':>10}")
    for name, costs in found.items():
        wall, cpu = (statistics.median(column) for column in zip(*costs, strict=True))
        print(f"{name:36}{wall:10.2f}{cpu:10.2f}")


if __name__ == "__main__":
    main()
