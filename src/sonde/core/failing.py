"""When failures end a sweep, so that a script that always fails is not run a hundred times.

Failures are counted in a row, in the order in which trials end; cancelled trials neither count
nor break the row. Without a limit of the user's only a bad start counts: where the first trials
fail, all of them, it is the script and not the values. Of many that run at once the quickest to end
may be those at odd values: as long as others run that began with them, nothing is known yet.

Nor is a sweep worth going on with whose first trials all end well and none of them reports what is
to be improved: its name is mistyped, or the script never reports it.
"""

from sonde.core.history import History
from sonde.core.trial import State

__all__ = ["FIRST", "is_for_failures", "why_failing"]

FIRST = 5
"""So many trials may fail before the first one is completed, where the user said nothing."""
_END = " failed"
_NONE = "none of the first"


def why_failing(history: History) -> str | None:
    """Say why a sweep is to be stopped for its failures; None: it goes on."""
    sweep, row = history.sweep, history.failed_in_a_row
    most = sweep.max_failures
    if is_unmeasured(history) and sweep.work is not None and most != 0:
        names = " or ".join(goal.metric for goal in sweep.goals)
        return f"{_NONE} {history.unmeasured} trials reported {names}"
    if most is None:
        if sweep.work is None:  # a program asks and tells, and knows what it does
            return None
        if history.counts[State.DONE] or history.counts[State.STOPPED]:
            return None
        if _may_do_better(history):
            return None
        most = FIRST
    if not most or row < most:
        return None
    if row == history.ended:
        return f"the first {row} trials all{_END}" if row > 1 else f"the first trial{_END}"
    return f"{row} trials in a row{_END}" if row > 1 else f"a trial{_END}"


def is_unmeasured(history: History) -> bool:
    """Tell whether enough trials ended well without the metric, and nobody has reported it yet."""
    if not history.sweep.goals or history.unmeasured < FIRST:
        return False
    wanted = {goal.metric for goal in history.sweep.goals}
    return not any(wanted & history.trials[number].metrics.keys() for number in history.running)


def _may_do_better(history: History) -> bool:
    """Tell whether a trial still runs that began before the first failure was known."""
    since = history.failing_since
    running = (history.trials[number].started for number in history.running)
    return since is not None and any(at is not None and at <= since for at in running)


def is_for_failures(reason: str) -> bool:
    """Tell whether a stopped sweep's reason is one of those that `why_failing` says."""
    return reason.endswith(_END) or reason.startswith(_NONE)
