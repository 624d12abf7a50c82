"""What is said of a sweep in one line: how it stands, and why no trial of it is the best."""

from sonde.cli.no_best import why_no_best
from sonde.core.history import History
from sonde.store.protocol import SweepRecord

__all__ = ["headline", "why_none_is_best"]


def headline(record: SweepRecord, history: History) -> str:
    """Return a sweep's name and state, how many trials are in which state, and its best."""
    parts = [f"{count} {state}" for state, count in history.counts.items() if count]
    text = f"{record.name} ({record.id}, {record.state}): {', '.join(parts) or 'no trials'}"
    best = history.best
    if best is not None:
        goal = record.sweep.goals[0]
        params = ", ".join(f"{name}={value!r}" for name, value in best.params.items())
        text += f"; best {goal.metric} {best.value(goal):.6g} with {params}"
    return text


def why_none_is_best(record: SweepRecord, history: History) -> str:
    """Return why `Sweep.best` has nothing to return."""
    if not record.sweep.goals:
        return f"{record.name} has no goal, so no trial is the best: declare minimize=... next time"
    if history.nearest is not None:
        return f"{record.name}: {why_no_best(record.sweep, history)}"
    goal = record.sweep.goals[0].metric
    others = dict.fromkeys(name for trial in history.trials for name in trial.metrics)
    if history.ended and others and goal not in others:
        return f"no trial of {record.name} reported {goal}; reported were {', '.join(others)}"
    return f"no trial of {record.name} has ended with a value of {goal} yet"
