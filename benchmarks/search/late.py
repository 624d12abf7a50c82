"""How many more trials does a search take to the same regret, with several workers at once?

    python benchmarks/search/run.py --methods bayes --suite functions,conditional,noisy --out DIR
    python benchmarks/search/run.py ... --workers 8 --out DIR      # the same line otherwise
    python benchmarks/search/late.py DIR [--workers 8]

Compared are mean curves of the same runs: after how many trials that of the workers is where that
of one trial after the other is after 15, 25, 30, ... of them, as a share, with the 95 % interval
(bootstrap over runs). A search that only learned each result w - 1 trials late, and nothing of what
runs, would take (n + w - 1) / n: the last column.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from report import load, regrets

MARKS = (15, 25, 30, 40, 50, 75)
REDRAWN = 400

Array = npt.NDArray[np.float64]


def reaches(curve: Sequence[float] | Array, goal: float) -> float:
    """Return after how many trials, and what share of one, a curve is down at a regret.

    Infinite: never.
    """
    lowest = np.minimum.accumulate(np.asarray(curve))
    there = np.flatnonzero(lowest <= goal)
    if not len(there):
        return math.inf
    first = int(there[0])
    if first == 0:
        return 1.0
    before, after = lowest[first - 1], lowest[first]
    return float(first + (before - goal) / (before - after))


def shares(one: Array, several: Array, marks: Sequence[int] = MARKS) -> list[float]:
    """Return how many times as many trials the second mean curve takes to where the first is.

    Args:
        one: Regret after each trial (runs, trials).
        several: Likewise, of the same runs.
        marks: Numbers of trials of the first.
    """
    first, second = one.mean(axis=0), several.mean(axis=0)
    return [reaches(second, float(first[n - 1])) / n for n in marks]


def main() -> None:
    """Compare the runs of a folder."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    words.add_argument("--workers", type=int, default=8)
    given = words.parse_args()
    alone, together = load(given.folders), load(given.folders, given.workers)
    for method in sorted(alone.keys() & together.keys()):
        runs = alone[method], together[method]
        keys = sorted(runs[0].keys() & runs[1].keys())
        suites = sorted({runs[0][key].suite for key in keys})
        for suite in ("all", *suites):
            chosen = [key for key in keys if suite in {"all", runs[0][key].suite}]
            length = min(run[key].trials for run in runs for key in chosen)
            curves = [np.array([regrets(run[key])[:length] for key in chosen]) for run in runs]
            print(f"\n{method}, {suite}: {len(chosen)} runs")
            show(curves[0], curves[1], given.workers)


def show(one: Array, several: Array, workers: int) -> None:
    """Print a table."""
    marks = [n for n in MARKS if n <= one.shape[1]]
    random = np.random.default_rng(0)
    picks = random.integers(len(one), size=(REDRAWN, len(one)))
    redrawn = np.array([shares(one[pick], several[pick], marks) for pick in picks])
    for at, (n, share) in enumerate(zip(marks, shares(one, several, marks), strict=True)):
        low, high = np.quantile(redrawn[:, at], [0.025, 0.975], method="nearest")
        print(
            f"  {n:3} trials: {share:5.2f} [{low:.2f}, {high:.2f}]"
            f"   regret {one[:, n - 1].mean():.3f}, with {workers} workers"
            f" {several[:, n - 1].mean():.3f}   {(n + workers - 1) / n:.2f}"
        )


if __name__ == "__main__":
    main()
