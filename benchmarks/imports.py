"""What starting costs: CPU milliseconds over a bare `python -c pass`, sonde beside Optuna.

Run: python benchmarks/imports.py
"""

import resource
import statistics
import subprocess
import sys

ROUNDS, TIMES = 5, 6
CASES = {
    "python -c pass": ["-c", "pass"],
    "import sonde": ["-c", "import sonde"],
    "import sonde; log, config": ["-c", "import sonde; sonde.log(a=1.0); dict(sonde.config)"],
    "import sonde; sonde.sweep": ["-c", "import sonde; sonde.sweep"],
    "sonde --help": ["-m", "sonde", "--help"],
    "import optuna": ["-c", "import optuna"],
    "optuna --help": [
        "-c",
        "import sys; sys.argv = ['optuna', '--help']; from optuna.cli import main; main()",
    ],
}


def cpu_ms(argv: list[str]) -> float:
    """Return the CPU milliseconds of one start, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(TIMES):
        subprocess.run([sys.executable, *argv], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / TIMES * 1e3


def main() -> None:
    """Measure in turns and print the medians."""
    try:
        import optuna  # noqa: F401 - only to know whether it is there
    except ImportError:
        print("optuna is not installed: its rows are left out")
        for name in [name for name in CASES if "optuna" in name]:
            del CASES[name]
    for argv in CASES.values():  # byte code and caches
        cpu_ms(argv)
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(ROUNDS):
        for name, argv in CASES.items():
            found[name].append(cpu_ms(argv))
    bare = statistics.median(found["python -c pass"])
    print(f"{'':28}{'CPU ms':>9}{'over bare':>11}")
    for name, costs in found.items():
        median = statistics.median(costs)
        print(f"{name:28}{median:9.1f}{median - bare:11.1f}")


if __name__ == "__main__":
    main()
