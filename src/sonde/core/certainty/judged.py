"""Whether the best is really better: from draws of what the trials are truly worth.

A result is what an assignment is truly worth and noise. From what was seen, draws are made
of the true values of all assignments at once; the share of draws in which the best one so
far is the lowest is the probability that it truly is. With repeats the draws come from
`sonde.core.certainty.means`, without from `sonde.core.certainty.surface`; their docstrings
say what is assumed. Which trials are feasible is taken as known.

Of results without repeats the best one is in part the luckiest. So another trial may be
*recommended*: the one whose own result and what the curve through all results expects of it come to
the least. The result has a share in it, as what a smooth curve cannot follow need not be noise
(measured: docs/noise.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from sonde.core.constraint import is_feasible
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.trial import State, Trial, is_cut_short, losses

__all__ = ["DISTINGUISHABLE", "Certainty", "Judged", "certainty"]

DISTINGUISHABLE = 0.05
"""What has less of a probability of being better than the best is distinguishable from it."""

_SHARE = 0.95  # of the interval
_OWN = 0.4  # share of a result in what is expected of its trial, the curve's being the rest
_LUCKY = 30  # results: among fewer there is less of luck than the curve errs


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is known of one assignment.

    Attributes:
        p_best: The probability that it is truly the best of those tried.
        p_better: That it is truly better than the one that is called the best (0 for that one).
        interval: Where its true value lies with 95 %, lower end first, in the metric's units; not
            below 0 where no trial ever reported a value that is.
    """

    p_best: float
    p_better: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """What is known of the best assignment, and of those that might be better.

    Attributes:
        best: Its number.
        each: What is known of each that was compared, by number.
        reason: Why nothing is known, for people; nothing where something is.
        compared: How many assignments were.
        recommended: The number of the one to use, where something is known: the best itself, or one
            that promises more than the best does.
    """

    best: int | None
    each: Mapping[int, Judged] = field(default_factory=dict)
    reason: str = ""
    compared: int = 0
    recommended: int | None = None

    @property
    def of_best(self) -> Judged | None:
        """What is known of the best one; None for the reason given."""
        return None if self.best is None else self.each.get(self.best)

    @property
    def indistinguishable(self) -> tuple[int, ...]:
        """Numbers of those with 5 % or more of being better than the best, likeliest first."""
        found = [(-one.p_better, number) for number, one in self.each.items()]
        return tuple(
            number
            for better, number in sorted(found)
            if -better >= DISTINGUISHABLE and number != self.best
        )


def certainty(history: History) -> Certainty:
    """Judge the best trial of a sweep by its first goal."""
    sweep, best = history.sweep, history.best
    if not sweep.goals or best is None:
        return Certainty(best=None, reason="no trial is best")
    if history.followed:
        why = "its trials go on from one another, so that their values alone tell little"
        return Certainty(best=best.number, reason=why)
    goal, repeats = sweep.goals[0], sweep.repeats > 1
    found: list[tuple[float, Trial]] = []
    for trial in history.assignments():
        values = losses(trial, (goal,)) if trial.state in {State.DONE, State.STOPPED} else None
        if is_cut_short(trial, (goal,)) and not is_cut_short(best, (goal,)):
            continue
        if values is not None and isfinite(values[0]):
            found.append((values[0], trial))
    if repeats:
        from sonde.core.certainty.means import draws_of_means

        drawn = draws_of_means(
            [
                [goal.loss(v) for one in history.repeats_of(t.number) if (v := _value(one, goal))
                 is not None]
                for _, t in found
            ],
            sweep.seed,
        )  # fmt: skip
    else:
        from sonde.core.certainty.surface import draws_of_losses

        drawn = draws_of_losses(
            sweep.space, [(trial.params, loss) for loss, trial in found], sweep.seed
        )
    if isinstance(drawn, str):
        return Certainty(best=best.number, reason=drawn)
    draws, places = drawn
    trials = [found[place][1] for place in places]
    kept = [i for i, trial in enumerate(trials) if is_feasible(trial, sweep.constraints)]
    numbers = [trials[i].number for i in kept]
    if best.number not in numbers:
        return Certainty(best=best.number, reason="the best is of a space that was changed since")
    recommended = best.number
    if not repeats and len(kept) >= _LUCKY:
        results = [found[places[i]][0] for i in kept]
        recommended = numbers[_most_promising(draws[:, kept], results)]
    each = _judged(draws[:, kept], numbers, best.number, goal.is_min)
    if all(trial.metrics[goal.metric].min >= 0 for _, trial in found):
        # The model knows of no bound: a loss that was never below 0 is not thought to be.
        each = {
            number: replace(one, interval=(max(one.interval[0], 0.0), max(one.interval[1], 0.0)))
            for number, one in each.items()
        }
    return Certainty(best=best.number, each=each, compared=len(numbers), recommended=recommended)


def _value(trial: Trial, goal: Goal) -> float | None:
    if trial.state not in {State.DONE, State.STOPPED}:
        return None
    value = trial.value(goal)
    return value if value is not None and isfinite(value) else None


def _most_promising(draws: Any, results: Sequence[float]) -> int:
    import numpy as np

    expected = (1 - _OWN) * np.median(draws, axis=0) + _OWN * np.array(results)
    return int(expected.argmin())


def _judged(draws: Any, numbers: Sequence[int], best: int, is_min: bool) -> dict[int, Judged]:
    import numpy as np

    mine = numbers.index(best)
    lowest = draws.min(axis=1, keepdims=True)
    ties = draws <= lowest  # draws without noise may tie, and share
    p_best = (ties / ties.sum(axis=1, keepdims=True)).mean(axis=0)
    p_better = (draws < draws[:, [mine]]).mean(axis=0)
    low, high = np.quantile(draws, [(1 - _SHARE) / 2, (1 + _SHARE) / 2], axis=0)
    return {
        number: Judged(
            p_best=float(p_best[i]),
            p_better=float(p_better[i]),
            interval=(float(low[i]), float(high[i]))
            if is_min
            else (-float(high[i]), -float(low[i])),
        )
        for i, number in enumerate(numbers)
    }
