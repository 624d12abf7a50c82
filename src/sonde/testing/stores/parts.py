"""What the contract of stores is written with: a small sweep, trials that tell their numbers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.metric import Goal
from sonde.core.space import Space, space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.store.protocol import Ask, Decision, NewTrial, Store, SweepRecord

__all__ = [
    "DONE",
    "START",
    "add_trials",
    "at",
    "leased",
    "params",
    "reports",
    "space",
    "sweep",
    "typed",
    "with_trials",
]

START = datetime(2026, 1, 1, tzinfo=UTC)
DONE = Outcome(state=State.DONE)


def at(seconds: float) -> datetime:
    """Return a time, as seconds after the start of the test's world."""
    return START + timedelta(seconds=seconds)


def space() -> Space:
    """Return a small space, with a parameter that may be inactive."""
    return space_of({"lr": "uniform(0, 1)", "layers": [1, 2, 3], "opt": ["adam", "sgd"]})


def sweep(**given: Any) -> Sweep:
    """Return a small sweep."""
    return Sweep(space=space(), goals=(Goal(metric="loss"),), **given)


def params(number: int) -> dict[str, Any]:
    """Return an assignment that tells its number."""
    return {"lr": number / 64, "layers": number, "opt": "adam"}


def reports(first: int, last: int, shift: float = 0.0, metric: str = "loss") -> list[Report]:
    """Return reports at the steps `first` to `last`, with the step (plus a shift) as value."""
    return [
        Report(step, {metric: step + shift}, START.timestamp() + step)
        for step in range(first, last + 1)
    ]


def with_trials(store: Store, count: int, **given: Any) -> SweepRecord:
    """Make a sweep with so many waiting trials."""
    return add_trials(store, store.create_sweep(sweep(**given), at(0)), count)


def add_trials(store: Store, record: SweepRecord, count: int) -> SweepRecord:
    """Add so many waiting trials."""
    numbers = range(record.trials, record.trials + count)
    add = [NewTrial(params=params(number)) for number in numbers]
    return store.commit(record.id, Decision(against=record.revision, add=add), at(0))[0]


def leased(store: Store, trials: int = 1) -> tuple[SweepRecord, Lease]:
    """Make a sweep with so many trials, and lease the first one."""
    record = with_trials(store, trials)
    (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
    return record, lease


def typed(value: Any) -> Any:
    """Return a value such that equality tells 1 from 1.0 and True, and 0.0 from -0.0."""
    if isinstance(value, Mapping):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [typed(each) for each in value]
    return (type(value).__name__, repr(value))
