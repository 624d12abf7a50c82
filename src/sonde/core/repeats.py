"""Repeats: one assignment tried several times, and told to the search as one result.

The trials of an assignment (the same `Space.key`) are a *group*. The first so many of it
are its repeats: once they have all ended they count as one joined trial, whose numbers are
the means over those that were completed. An assignment has failed only if all of them
have; one that diverged in any (NaN, infinite) has diverged. What is tried beyond them, by
hand, counts in the means that are shown, and the search is told of it by itself.
"""

import math
from collections.abc import Callable, Sequence

from sonde.core.metric import Goal, Summary
from sonde.core.trial import State, Trial

__all__ = ["joined", "spread"]

_COUNTING = (State.DONE, State.STOPPED)
_OUTCOMES = (State.DONE, State.STOPPED, State.FAILED, State.CANCELLED)  # the first that occurs


def joined(trials: Sequence[Trial]) -> Trial:
    """Return the trials of one assignment, which have all ended, as one.

    It has the first one's number, the version of the one that ended last, and of each
    metric the mean of every number over the trials that have it and were not discarded.
    """
    first = trials[0]
    if len(trials) == 1:
        return first
    counting = [trial for trial in trials if trial.state in _COUNTING]
    names = dict.fromkeys(name for trial in counting for name in trial.metrics)
    state = next(state for state in _OUTCOMES if any(t.state is state for t in trials))
    return Trial(
        number=first.number,
        state=state,
        params=first.params,
        metrics={
            name: _mean([t.metrics[name] for t in counting if name in t.metrics]) for name in names
        },
        attempts=max(trial.attempts for trial in trials),
        failures=sum(trial.failures for trial in trials),
        agent=first.agent,
        origin=first.origin,
        created=first.created,
        started=min((t.started for t in trials if t.started), default=None),
        finished=max((t.finished for t in trials if t.finished), default=None),
        error=next((t.error for t in trials if t.error), None) if not counting else None,
        version=max(trial.version for trial in trials),
    )


def spread(trials: Sequence[Trial], goal: Goal) -> tuple[float | None, float | None, int]:
    """Return the mean of a goal over the trials that have it, its standard error, and how many.

    The standard error is None where there are fewer than two finite values.
    """
    values = [v for t in trials if t.state in _COUNTING and (v := t.value(goal)) is not None]
    n = len(values)
    if not n:
        return None, None, 0
    mean = sum(values) / n
    if n < 2 or not all(map(math.isfinite, values)):
        return mean, None, n
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n), n


def _mean(summaries: Sequence[Summary]) -> Summary:
    def mean(number: Callable[[Summary], float]) -> float:
        return sum(map(number, summaries)) / len(summaries)

    return Summary(
        count=sum(s.count for s in summaries),
        last=mean(lambda s: s.last),
        min=mean(lambda s: s.min),
        max=mean(lambda s: s.max),
        total=mean(lambda s: s.mean),
        numbers=1,  # so that the mean is the mean of means
        last_step=max(s.last_step for s in summaries),
        min_step=summaries[0].min_step,
        max_step=summaries[0].max_step,
    )
