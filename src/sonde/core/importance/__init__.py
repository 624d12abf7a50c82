"""Which parameters matter, by four methods.

- `fanova`: the share of the variation of the results that each explains by itself: main effects of
  a functional ANOVA of a forest (`sonde.core.surrogates.forest`).
- `ped-anova`: how differently the best tenth of the trials are spread from all, as a share of
  what all parameters differ.
- `permutation`: how much worse a forest foresees results it has not seen when the parameter's
  values are shuffled, half of it, as a share of the variation; interactions count for both.
- `correlation`: the share that a monotonous relation explains, Spearman's rank correlation
  squared; of choices without an order the correlation ratio of the ranks.

Each makes many answers, from trees or from trials drawn again: their mean is the share, and nine
of ten lie in its interval. A parameter that does not exist in a trial explains nothing
there. One diverged result counts as the worst of the others (`sonde.core.importance.results`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sonde.core.importance.results import FEWEST, Results, gathered
from sonde.core.metric import Goal
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, generator
from sonde.core.trial import Trial
from sonde.errors import ConfigError

if TYPE_CHECKING:
    from sonde.core.surrogates.forest import Matrix

__all__ = ["FEWEST", "METHODS", "Importance", "importances", "left_over"]

_INTERVAL = (5.0, 95.0)  # percentiles over the answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What is known of one parameter.

    Attributes:
        share: What it explains, in [0, 1]; the mean of the method's answers.
        low: The share where the answers are small (5 in 100 are below).
        high: The same where they are large.
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
    trials: Sequence[Trial],
    space: Space,
    goal: Goal,
    *,
    seed: int = 0,
    method: str = "fanova",
) -> list[Importance]:
    """Return how much each parameter matters, the most important first.

    Args:
        trials: Of one sweep; those that are done with a finite result count.
        goal: Whose values are explained.
        seed: Of what is drawn; the same gives the same answer.
        method: One of `METHODS`.

    Returns:
        One for each parameter that is no constant; none where there are fewer than `FEWEST`
        results.

    Raises:
        ConfigError: If there is no such method.
    """
    import numpy as np

    from sonde.core.importance.ranks import signed

    if method not in METHODS:
        known = ", ".join(METHODS)
        raise ConfigError(f"method={method}", "there is no such method", f"choose from {known}")
    results = gathered(trials, space, goal)
    if results is None:
        return []
    answers = METHODS[method](results, generator(seed, WHOLE_SWEEP))
    answers = answers.clip(0, 1)
    # The mean of trees errs less than their median, and most so after a search that left the bad
    # regions early. Where a few trees see much and most nothing it lies beyond the interval,
    # which is then drawn out to it.
    shares = answers.mean(axis=0)
    lows, highs = np.percentile(answers, _INTERVAL, axis=0)
    lows, highs = np.minimum(lows, shares), np.maximum(highs, shares)
    rows = [
        Importance(
            name=parameter.name,
            share=float(shares[axis]),
            low=float(lows[axis]),
            high=float(highs[axis]),
            correlation=signed(results, axis),
            trials=results.having[axis],
        )
        for axis, parameter in enumerate(results.parameters)
    ]
    return sorted(rows, key=lambda row: -row.share)


def left_over(found: Sequence[Importance], method: str) -> float | None:
    """Return the share that no parameter explains by itself: interactions and noise.

    None of methods whose shares are not those of a whole, and where there are none.
    """
    if method != "fanova" or not found:
        return None
    return max(0.0, 1.0 - sum(one.share for one in found))


def _fanova(results: Results, rng: Any) -> "Matrix":
    from sonde.core.importance.trees import main_effects_of_trees

    return main_effects_of_trees(results, rng)


def _permutation(results: Results, rng: Any) -> "Matrix":
    from sonde.core.importance.trees import permuted_trees

    return permuted_trees(results, rng)


def _ped_anova(results: Results, rng: Any) -> "Matrix":
    from sonde.core.importance.best import divergences

    return divergences(results, rng)


def _correlation(results: Results, rng: Any) -> "Matrix":
    from sonde.core.importance.ranks import squared

    return squared(results, rng)


METHODS: Mapping[str, Callable[[Results, Any], "Matrix"]] = {
    "fanova": _fanova,
    "ped-anova": _ped_anova,
    "permutation": _permutation,
    "correlation": _correlation,
}
"""By name: each returns answers in rows, with a share for each parameter."""
