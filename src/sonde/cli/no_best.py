"""Why a sweep has no best trial."""

from sonde.core.constraint import excesses
from sonde.core.history import History
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial

__all__ = ["why_no_best"]


def why_no_best(sweep: Sweep, history: History) -> str:
    """Return a line for people; the sweep has a goal."""
    metric = sweep.goals[0].metric
    if history.ended and len(history.open) == len(history.groups) > 0:
        return f"no assignment has all of its {sweep.repeats} repeats yet, so none has a mean"
    if history.nearest is not None:
        return _none_feasible(sweep, history.nearest)
    kept = [t for t in history.trials if t.state in {State.DONE, State.STOPPED}]
    values = [t.value(sweep.goals[0]) for t in kept]
    came = [value for value in values if value is not None]
    if came:
        those = "the only value" if len(came) == 1 else f"each of the {len(came)} values"
        return f"no trial is best: {those} of {metric} is NaN or infinite"
    if kept:
        others = sorted({name for trial in kept for name in trial.metrics})
        there = f"they reported {', '.join(others)}" if others else "they reported nothing at all"
        return f"no trial reported {metric}; {there}"
    if history.ended:
        counts = ((state, history.counts[state]) for state in (State.FAILED, State.CANCELLED))
        text = " and ".join(f"{count} {state.value}" for state, count in counts if count)
        return f"no trial is best: {text}, none was completed"
    return f"no trial is best yet: none has ended with a value of {metric}"


def _none_feasible(sweep: Sweep, nearest: Trial) -> str:
    bounds = " and ".join(constraint.describe() for constraint in sweep.constraints)
    over = zip(sweep.constraints, excesses(nearest, sweep.constraints), strict=True)
    broken = []
    for constraint, excess in over:
        found = nearest.metrics.get(constraint.metric)
        if excess > 0:
            value = "no value" if found is None else f"{found.value(constraint.summary):g}"
            broken.append(f"{constraint.metric} {value}")
    return (
        f"no trial is best: none is feasible, which is {bounds}; "
        f"the nearest is #{nearest.number} with {', '.join(broken)}"
    )
