"""How good a search is after each trial, as one number that is lower when it is better.

One goal: the true loss of the trial that was observed to be the best of those within the limits;
infinite as long as there is none. Several goals: minus the hypervolume that the true losses have
won from a corner. The *regret* then is 0 at the best that is known and 1 at what random search has
after 20 trials, in the median; it is cut at 2. So are the figures of other benchmarks that count
in the same unit.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from problem import Outcome

__all__ = ["MOST", "Reference", "curve", "front_of", "regret", "usual_score", "volume"]

MOST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The unit of regret.

    Attributes:
        best: The lowest score that is known.
        usual: The median score of random search after 20 trials.
        corner: Several goals: losses beyond which nothing counts.
    """

    best: float
    usual: float
    corner: tuple[float, ...] = ()


def regret(score: float, reference: Reference) -> float:
    """Return the regret of a score, from 0 to `MOST`."""
    if not math.isfinite(score):
        return MOST
    share = (score - reference.best) / (reference.usual - reference.best)
    return min(max(share, 0.0), MOST)


def curve(
    observed: Iterable[Outcome], true: Iterable[Outcome], corner: Sequence[float] = ()
) -> list[float]:
    """Return the score after each trial.

    Args:
        observed: In the order in which trials ended.
        true: The same trials.
        corner: The reference's, for several goals.
    """
    if corner:
        return _volumes(list(true), corner)
    found, best, score = [], math.inf, math.inf
    for seen, truth in zip(observed, true, strict=True):
        if seen.is_feasible and seen.losses[0] < best:
            best = seen.losses[0]
            score = truth.losses[0] if truth.is_feasible else math.inf
        found.append(score)
    return found


def _volumes(true: Sequence[Outcome], corner: Sequence[float]) -> list[float]:
    found, front, won = [], list[tuple[float, ...]](), 0.0
    for outcome in true:
        if outcome.is_feasible and all(a < b for a, b in zip(outcome.losses, corner, strict=True)):
            grown = front_of([*front, outcome.losses])
            if grown != front:
                front, won = grown, volume(grown, corner)
        found.append(-won)
    return found


def front_of(points: Iterable[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return the points that no other one dominates, sorted."""
    kept: list[tuple[float, ...]] = []
    for point in sorted(set(points)):
        # One that dominates it comes before it in this order.
        if not any(all(a <= b for a, b in zip(other, point, strict=True)) for other in kept):
            kept.append(point)
    return kept


def volume(points: Iterable[tuple[float, ...]], corner: Sequence[float]) -> float:
    """Return the hypervolume between two or three-dimensional points and a corner."""
    inside = [p for p in points if all(a < b for a, b in zip(p, corner, strict=True))]
    front = front_of(inside)
    if len(corner) == 2:
        heights = [corner[1], *(y for _, y in front)]
        return float(sum((corner[0] - x) * (above - y)
                         for (x, y), above in zip(front, heights, strict=False)))  # fmt: skip
    levels = sorted({p[2] for p in front})
    return float(
        sum(
            (upper - lower) * volume([p[:2] for p in front if p[2] <= lower], corner[:2])
            for lower, upper in pairwise([*levels, corner[2]])
        )
    )


def usual_score(
    outcomes: Sequence[Outcome], corner: Sequence[float] = (), trials: int = 20
) -> float:
    """Return the median score of random search after so many trials, from a large sample of it."""
    if not corner:
        values = [o.losses[0] if o.is_feasible else math.inf for o in outcomes]
        return float(np.quantile(values, 1 - 0.5 ** (1 / trials), method="lower"))
    random = np.random.default_rng(0)
    drawn = [random.choice(len(outcomes), trials, replace=False) for _ in range(300)]
    return float(np.median([_volumes([outcomes[i] for i in draw], corner)[-1] for draw in drawn]))
