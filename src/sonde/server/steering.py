"""What a person does from the dashboard: steering sweeps and trials, notes and tags."""

from datetime import datetime

from sonde.core.decision import Decision
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Verdict
from sonde.errors import ConfigError, ConflictError, IllegalTransitionError, NotFoundError
from sonde.server.views import actions
from sonde.store.protocol import Store, SweepRecord

__all__ = ["end_trial", "set_budget", "steer"]

BY_HAND = "in the dashboard"
_CONTROLS = {
    "pause": (Control.PAUSED, f"paused {BY_HAND}"),
    "resume": (Control.RUNNING, ""),
    "stop": (Control.STOPPED, f"stopped {BY_HAND}"),
    "cancel": (Control.CANCELLED, f"cancelled {BY_HAND}"),
}


def steer(store: Store, sweep: str, action: str, now: datetime) -> SweepRecord:
    """Pause, resume, stop or cancel a sweep.

    Resuming only allows it to go on: agents that wait take its trials, and without any
    `sonde resume` starts some.

    Raises:
        ConfigError: If there is no such action.
        IllegalTransitionError: If it cannot be done with the sweep as it stands.
    """
    if action not in _CONTROLS:
        raise ConfigError("action", f"there is no {action!r}", f"use {', '.join(_CONTROLS)}")
    record = store.get_sweep(sweep)
    if action not in actions(record):
        raise IllegalTransitionError(
            f"there is nothing to {action}: {record.name} is {record.state}"
        )
    control, reason = _CONTROLS[action]
    return store.update_sweep(sweep, now, control=control, reason=reason)


def end_trial(store: Store, sweep: str, number: int, verdict: Verdict, now: datetime) -> None:
    """Ask a trial to end: politely, so that its reports count, or so that it does not count.

    One that has ended stays as it is.

    Raises:
        NotFoundError: If the sweep has no such trial.
    """
    while True:
        record = store.get_sweep(sweep)
        if not 0 <= number < record.trials:
            raise NotFoundError(f"{record.name} has no trial {number}")
        decision = Decision(against=record.revision, verdicts={number: verdict}, reason=BY_HAND)
        try:
            store.commit(sweep, decision, now)
        except ConflictError:
            continue  # somebody decided meanwhile
        return


def set_budget(store: Store, sweep: str, budget: Budget, now: datetime) -> SweepRecord:
    """Give a sweep another budget. One that was done with less goes on.

    Raises:
        IllegalTransitionError: If it was cancelled.
    """
    record = store.get_sweep(sweep)
    if record.control is Control.CANCELLED:
        raise IllegalTransitionError(f"{record.name} was cancelled, so nothing more is tried")
    met = budget.trials is not None and record.trials >= budget.trials
    control = Control.RUNNING if record.control is Control.DONE and not met else None
    reason = "" if control else None
    return store.update_sweep(sweep, now, budget=budget, control=control, reason=reason)
