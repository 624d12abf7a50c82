"""What runs say about methods: regrets, ranks, wins, tests and intervals.

All comparisons are paired: between runs of the same problem and seed, of which each method has
one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["MARKS", "Curves", "Duel", "duel", "interval", "mean_curve", "ranks", "reached"]

MARKS = (25, 50, 100)
Curves = Mapping[tuple[str, int], Sequence[float]]  # (problem, seed): the regret after each trial
TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """A method against a peer, at a number of trials.

    Attributes:
        difference: Mean regret less the peer's, over problems.
        low: Of the interval of that difference that holds with 95 %.
        high: Likewise.
        p: Of Wilcoxon's signed-rank test over problems, two-sided; NaN for fewer than six.
    """

    runs: int
    problems: int
    wins: int
    losses: int
    ties: int
    difference: float
    low: float
    high: float
    p: float


def common(curves: Iterable[Curves], trials: int) -> list[tuple[str, int]]:
    """Return the runs of which every method has one of that length."""
    sets = [{key for key, curve in c.items() if len(curve) >= trials} for c in curves]
    return sorted(set.intersection(*sets)) if sets else []


def by_problem(curves: Curves, keys: Iterable[tuple[str, int]], trials: int) -> dict[str, float]:
    """Return the mean regret over seeds, a problem."""
    found: dict[str, list[float]] = {}
    for problem, seed in keys:
        found.setdefault(problem, []).append(curves[problem, seed][trials - 1])
    return {problem: float(np.mean(values)) for problem, values in found.items()}


def interval(values: Iterable[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a mean over problems."""
    drawn = np.array(list(values))
    if len(drawn) < 2:
        return -math.inf, math.inf
    picks = np.random.default_rng(0).integers(len(drawn), size=(2_000, len(drawn)))
    low, high = np.quantile(drawn[picks].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def ranks(
    curves: Mapping[str, Curves], keys: Sequence[tuple[str, int]], trials: int
) -> dict[str, float]:
    """Return each method's average rank over runs; ties share theirs."""
    from scipy.stats import rankdata

    table = np.array([[c[key][trials - 1] for c in curves.values()] for key in keys])
    mean: npt.NDArray[np.float64] = rankdata(np.round(table, 9), axis=1).mean(axis=0)
    return dict(zip(curves, mean.tolist(), strict=True))


def mean_curve(curves: Curves, keys: Sequence[tuple[str, int]], trials: int) -> list[float]:
    """Return the mean over problems of the mean over seeds, after each trial."""
    return [
        float(np.mean(list(by_problem(curves, keys, n).values()))) for n in range(1, trials + 1)
    ]


def reached(curve: Sequence[float], goal: float) -> int | None:
    """Return after how many trials a curve is at or below a regret."""
    return next((n for n, value in enumerate(curve, start=1) if value <= goal), None)


def duel(mine: Curves, peer: Curves, trials: int) -> Duel | None:
    """Compare two methods on the runs that both have."""
    keys = common([mine, peer], trials)
    if not keys:
        return None
    gaps = [mine[key][trials - 1] - peer[key][trials - 1] for key in keys]
    a, b = by_problem(mine, keys, trials), by_problem(peer, keys, trials)
    differences = [a[problem] - b[problem] for problem in a]
    low, high = interval(differences)
    return Duel(
        runs=len(keys),
        problems=len(a),
        wins=sum(gap < -TIE for gap in gaps),
        losses=sum(gap > TIE for gap in gaps),
        ties=sum(abs(gap) <= TIE for gap in gaps),
        difference=float(np.mean(differences)),
        low=low,
        high=high,
        p=_wilcoxon(differences),
    )


def _wilcoxon(differences: Sequence[float]) -> float:
    from scipy.stats import wilcoxon

    told = [difference for difference in differences if abs(difference) > TIE]
    return float(wilcoxon(told).pvalue) if len(told) >= 6 else math.nan
