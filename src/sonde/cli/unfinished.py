"""Whether a sweep that is there can be gone on with, and with how much more of a budget."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from sonde.cli.output import say
from sonde.cli.typed import typed
from sonde.core.decide import Situation, is_out_of_time
from sonde.core.history import History
from sonde.core.sweep import Budget, Command, Control
from sonde.core.trial import State
from sonde.store.protocol import Store, SweepRecord

__all__ = ["afresh", "is_spent", "is_unfinished", "more_of", "raised"]

N = TypeVar("N", int, float)


def is_unfinished(record: SweepRecord) -> bool:
    """Tell whether the same command goes on with a sweep.

    Not if it was ended by hand, which is to last, nor if all that was decided has been run.
    """
    if record.control in {Control.RUNNING, Control.PAUSED}:
        return True
    live = (State.WAITING, State.RUNNING, State.PAUSED)
    return record.control is Control.DONE and any(record.counts.get(state) for state in live)


def is_spent(store: Store, record: SweepRecord) -> bool:
    """Tell whether a sweep was stopped because its working time is used up."""
    if record.control is not Control.STOPPED or record.budget.time_s is None:
        return False
    history = History(record.sweep)
    history.add(store.changes(record.id).trials)
    now = datetime.now(UTC)
    return is_out_of_time(history, Situation(record.revision, record.control, record.budget, now))


def afresh(record: SweepRecord) -> str:
    """Say what starts a sweep like a cancelled one."""
    if not isinstance(record.sweep.work, Command):
        return "declare it with another name to start a new one"
    if record.sweep.name is not None:
        return "the same command with another --name starts a new one"
    return "the same command starts a new one"


def more_of(record: SweepRecord) -> str:
    """Say how to have more of a sweep that is finished."""
    budget = record.budget
    spent = budget.trials is not None and sum(record.counts.values()) >= budget.trials
    if spent or budget.time_s is not None:
        return "--trials or --time gives it more"
    if record.sweep.work is None:
        return "its program makes more of it"
    # Its method has tried all that there is, and so it would whatever the budget is.
    more = typed("sweep", record.name, options=["--update"])
    return f"{more} NAME=RANGE searches a wider range, and sonde resume goes on then"


def raised(
    store: Store, record: SweepRecord, *, trials: int | None, time_s: float | None
) -> SweepRecord:
    """Give a sweep more of a budget where more is asked for; never less."""
    budget = record.budget
    more = replace(
        budget,
        trials=_larger(budget.trials, trials, "trials"),
        time_s=_larger(budget.time_s, time_s, "seconds"),
    )
    if more == budget:
        return record
    was_met = record.control is Control.DONE or (
        more.time_s != budget.time_s and is_spent(store, record)
    )
    control = Control.RUNNING if was_met else None
    changed = store.update_sweep(
        record.id, datetime.now(UTC), budget=more, control=control, reason="" if control else None
    )
    say(f"{record.name} now has a budget of {_budget_text(more)}")
    return changed


def _larger(stored: N | None, asked: N | None, unit: str) -> N | None:
    """The larger one; what has no limit keeps none."""
    if asked is None or stored is None:
        return stored
    if asked < stored:
        say(f"its budget of {stored:g} {unit} stays; {asked:g} would be less")
    return max(stored, asked)


def _budget_text(budget: Budget) -> str:
    parts = [f"{budget.trials} trials"] if budget.trials is not None else []
    parts += [f"{budget.time_s:g} s"] if budget.time_s is not None else []
    return " or ".join(parts)
