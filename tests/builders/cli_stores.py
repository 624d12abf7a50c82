"""Stores for the commands to read, made through the protocol."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.decision import Decision, NewTrial
from sonde.core.distributions import Choice, Float
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.sweep import Budget, Command, Sweep
from sonde.core.trial import Outcome, Report, State
from sonde.store.protocol import Ask, Store, SweepRecord

BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SPACE = Space(
    (Parameter("lr", Float(1e-5, 1.0, log=True)), Parameter("opt", Choice(("adam", "sgd"))))
)
GOAL = Goal(metric="loss", direction=Direction.MINIMIZE, summary=SummaryKind.MIN)
COMMAND = Command(argv=("train.py", "30"), folder="/home/anne/digits", script="train.py",
                  substitute="syntax")  # fmt: skip


def add_sweep(store: Store, **changes: Any) -> SweepRecord:
    """Add a sweep of `train.py`."""
    return store.create_sweep(definition(**changes), BEGIN)


def definition(**changes: Any) -> Sweep:
    """Return the definition of a sweep of `train.py`."""
    given: dict[str, Any] = {
        "space": SPACE,
        "goals": (GOAL,),
        "method": "random",
        "budget": Budget(trials=10),
        "work": COMMAND,
        "name": "digits",
    }
    return Sweep(**(given | changes))


def add_trial(
    store: Store,
    sweep: str,
    params: Mapping[str, Any],
    losses: list[float] | None = None,
    state: State | None = State.DONE,
    *,
    after: float = 0.0,
    took: float = 5.0,
    error: str | None = None,
    **others: float,
) -> int:
    """Add a trial, run it and end it; with `state=None` it goes on running."""
    now = BEGIN + timedelta(seconds=after)
    record = store.get_sweep(sweep)
    decision = Decision(against=record.revision, add=[NewTrial(params=params)])
    ask = Ask(agent="host/boot/ns/1/2", lease_s=1e9)
    _, (lease,) = store.commit(sweep, decision, now, ask)
    reports = [
        Report(step, {"loss": loss, **others}, now.timestamp() + step)
        for step, loss in enumerate(losses or [])
    ]
    if reports:
        store.report(lease, 1, reports, now)
    if state is not None:
        end = now + timedelta(seconds=took)
        store.finish(lease, Outcome(state=state, error=error), end)
    return lease.number
