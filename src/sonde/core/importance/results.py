"""The results that importances are made from, as places in the unit cube and losses.

A result far beyond the others (more than 1.5 quartile ranges from the quartiles, Tukey's fence)
counts as the worst, or the best, of those within: one trial that diverged must not be all there
is to explain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sonde.core.distributions import Choice
from sonde.core.metric import Goal
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.trial import State, Trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sonde.core.surrogates.forest import Matrix

__all__ = ["FEWEST", "Results", "gathered"]

FEWEST = 4
"""Results below which nothing is said."""
_MOST = 10_000  # results that are looked at; of more, evenly many
_FENCE = 1.5  # quartile ranges


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Results:
    """Trials with a finite result.

    Attributes:
        parameters: Those that are no constants: the axes.
        having: How many trials with a result have each, also of those not looked at.
        places: (n, axes): where a trial lies on each axis, in [0, 1]; NaN where it has no such
            parameter.
        losses: (n,): lower is better; those far out are drawn in.
        values: (n,): the goal's, as they are.
    """

    parameters: tuple[Parameter, ...]
    having: tuple[int, ...]
    places: "Matrix"
    losses: "Matrix"
    values: "Matrix"

    def is_nominal(self, axis: int) -> bool:
        """Tell whether an axis is one of choices without an order."""
        distribution = self.parameters[axis].distribution
        return isinstance(distribution, Choice) and not distribution.is_ordinal

    def in_order_of_loss(self) -> "Matrix":
        """Return the places, choices without an order in that of their mean loss.

        So one cut of a tree can part any set of good options from the bad ones.
        """
        import numpy as np

        found = self.places.copy()
        for axis in range(len(self.parameters)):
            if not self.is_nominal(axis):
                continue
            has = ~np.isnan(found[:, axis])
            options, of = np.unique(found[has, axis], return_inverse=True)
            if not len(options):
                continue
            means = np.bincount(of, self.losses[has]) / np.bincount(of)
            rank = np.empty(len(options))
            rank[np.argsort(means, kind="stable")] = np.arange(len(options))
            found[has, axis] = ((rank + 0.5) / len(options))[of]
        return found


def gathered(trials: Sequence[Trial], space: Space, goal: Goal) -> Results | None:
    """Return the results of the trials that are done; None where there are too few."""
    import numpy as np

    found = [(trial, value) for trial in trials if (value := _result(trial, goal)) is not None]
    parameters = space.dimensions
    if len(found) < FEWEST or not parameters:
        return None
    having = tuple(sum(p.name in trial.params for trial, _ in found) for p in parameters)
    if len(found) > _MOST:
        rows = np.linspace(0, len(found) - 1, _MOST).round().astype(int).tolist()
        found = [found[row] for row in rows]
    values = np.array([value for _, value in found])
    columns = [[_place(parameter, trial) for trial, _ in found] for parameter in parameters]
    return Results(
        parameters=parameters,
        having=having,
        places=np.array(columns).T,
        losses=drawn_in(values if goal.is_min else -values),
        values=values,
    )


def drawn_in(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the values with those beyond Tukey's fence at the last one within."""
    import numpy as np

    low, high = np.percentile(values, [25, 75])
    reach = _FENCE * float(high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    if not reach > 0 or not len(inside):
        return values
    return np.clip(values, inside.min(), inside.max())


def _result(trial: Trial, goal: Goal) -> float | None:
    value = trial.value(goal) if trial.state is State.DONE else None
    return value if value is not None and math.isfinite(value) else None


def _place(parameter: Parameter, trial: Trial) -> float:
    """Return where a trial lies on an axis; NaN where it has no such parameter."""
    if parameter.name not in trial.params:
        return math.nan
    try:
        return parameter.distribution.quantile(trial.params[parameter.name])
    except ValueError:  # a value of a former space
        return math.nan
