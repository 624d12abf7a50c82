"""Which parameters matter: the share of the variation of the results that each explains.

`importances` grows a forest on the finished trials, in quantiles, so that logarithmic ranges
and choices count as they are searched, and takes each parameter's main effect from its
functional ANOVA (`sonde.core.surrogates.forest`). What no parameter explains by itself,
interactions and noise, is left over: the shares need not add up to 1.

A parameter that does not exist in a trial is given a value at random there, so that it
explains nothing where it has no effect.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sonde.core.distributions import Choice
from sonde.core.metric import Goal
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, generator
from sonde.core.surrogates.forest import grow, main_effects
from sonde.core.trial import State, Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FEWEST", "Importance", "importances"]

FEWEST = 4
"""Results below which nothing is said."""
_TREES = 48
_MOST = 1500  # results that a tree is grown on; more are thinned out, the newest and oldest alike
_INTERVAL = (5.0, 50.0, 95.0)  # percentiles over the trees


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What is known of one parameter.

    Attributes:
        share: Of the variation of the results, what it explains by itself, in [0, 1]; the middle
            one of the trees' answers.
        low: The share in the trees where it is small (5 in 100 are below).
        high: The same where it is large.
        correlation: Spearman's, of its value and the metric, over the trials that have it: above
            0, a larger value goes with a larger metric. None of choices without an order.
        trials: How many trials with a result have it.
    """

    name: str
    share: float
    low: float
    high: float
    correlation: float | None
    trials: int


def importances(
    trials: Sequence[Trial], space: Space, goal: Goal, *, seed: int = 0
) -> list[Importance]:
    """Return how much each parameter matters, the most important first.

    Args:
        trials: Of one sweep; those that are done with a finite result count.
        goal: Whose values are explained.
        seed: The forest's; the same gives the same answer.

    Returns:
        One for each parameter that is no constant; none where there are fewer than `FEWEST`
        results.
    """
    import numpy as np

    found = [(trial, value) for trial in trials if (value := _result(trial, goal)) is not None]
    dimensions = space.dimensions
    if len(found) < FEWEST or not dimensions:
        return []
    every = -(-len(found) // _MOST)
    counted = [trial for trial, _ in found]
    results = np.array([value for _, value in found])
    # One result that is a thousand times the others must not be all there is to explain.
    losses = _tamed(results)
    shares = np.empty((_TREES, len(dimensions)))
    rng = generator(seed, WHOLE_SWEEP)
    ordered = [_order(one, counted, losses) for one in dimensions]
    known = np.array(
        [
            [_place(p, order, trial) for p, order in zip(dimensions, ordered, strict=True)]
            for trial in counted
        ]
    )
    smallest = max(1, len(counted[::every]) // 100)
    for tree in range(_TREES):
        x = np.where(np.isnan(known), rng.random(known.shape), known)
        part = slice(tree % every, None, every)
        shares[tree] = main_effects(grow(x[part], losses[part], rng, smallest=smallest))
    lows, middles, highs = np.percentile(shares.clip(0, 1), _INTERVAL, axis=0)
    rows = [
        Importance(
            name=parameter.name,
            share=float(middles[axis]),
            low=float(lows[axis]),
            high=float(highs[axis]),
            correlation=_correlation(parameter, counted, results),
            trials=int((~np.isnan(known[:, axis])).sum()),
        )
        for axis, parameter in enumerate(dimensions)
    ]
    return sorted(rows, key=lambda row: -row.share)


def _result(trial: Trial, goal: Goal) -> float | None:
    value = trial.value(goal) if trial.state is State.DONE else None
    return value if value is not None and math.isfinite(value) else None


def _tamed(results: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the results with those far out drawn in, to three times the spread of the middle."""
    import numpy as np

    low, middle, high = np.percentile(results, [25, 50, 75])
    reach = 3 * max(float(high - low), 1e-300)
    return np.clip(results, middle - reach, middle + reach) if high > low else results


def _order(
    parameter: Parameter, trials: Sequence[Trial], losses: "NDArray[np.float64]"
) -> Mapping[object, float] | None:
    """Return where the options of a choice without an order stand: by their mean loss.

    So one cut of a tree can part any set of good options from the bad ones.
    """
    distribution = parameter.distribution
    if not isinstance(distribution, Choice) or distribution.is_ordinal:
        return None
    sums: dict[object, tuple[float, int]] = {}
    for trial, loss in zip(trials, losses.tolist(), strict=True):
        if parameter.name in trial.params:
            place = distribution.quantile(trial.params[parameter.name])
            total, count = sums.get(place, (0.0, 0))
            sums[place] = total + loss, count + 1
    ranked = sorted(sums, key=lambda place: sums[place][0] / sums[place][1])
    return {place: (rank + 0.5) / len(ranked) for rank, place in enumerate(ranked)}


def _place(parameter: Parameter, order: Mapping[object, float] | None, trial: Trial) -> float:
    """Return where a trial lies on an axis; NaN where it has no such parameter."""
    if parameter.name not in trial.params:
        return math.nan
    try:
        place = parameter.distribution.quantile(trial.params[parameter.name])
    except ValueError:  # a value of a former space
        return math.nan
    return place if order is None else order.get(place, math.nan)


def _correlation(
    parameter: Parameter, trials: Sequence[Trial], results: "NDArray[np.float64]"
) -> float | None:
    import numpy as np
    from scipy.stats import rankdata

    distribution = parameter.distribution
    if isinstance(distribution, Choice) and not distribution.is_ordinal:
        return None
    places = np.array([_place(parameter, None, trial) for trial in trials])
    has = ~np.isnan(places)
    if has.sum() < FEWEST:
        return None
    ranks, values = rankdata(places[has]), rankdata(results[has])
    if not np.ptp(ranks) or not np.ptp(values):
        return None
    return float(np.corrcoef(ranks, values)[0, 1])
