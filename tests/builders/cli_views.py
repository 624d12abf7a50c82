"""A sweep as those who watch it see it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from cli_stores import BEGIN, GOAL
from sonde.core.distributions import Float
from sonde.core.history import History
from sonde.core.metric import Summary
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import State, Trial
from sonde.executors.drive import View
from sonde.store.protocol import SweepRecord

__all__ = ["ended_trial", "view_of", "view_on"]


def view_of(parameters: Sequence[str], found: Sequence[State], value: float) -> View:
    """A sweep with trials in these states, one second each."""
    space = Space(tuple(Parameter(name, Float(0, 1)) for name in parameters))
    params = dict.fromkeys(parameters, 0.123456789)
    trials = [
        ended_trial(number, state, value, {name: x + number for name, x in params.items()})
        for number, state in enumerate(found)
    ]
    return view_on(Sweep(space=space, goals=(GOAL,), budget=Budget(trials=50)), trials)


def view_on(sweep: Sweep, trials: Sequence[Trial]) -> View:
    """A sweep with these trials, a minute after it began."""
    history = History(sweep)
    history.add(trials)
    record = SweepRecord(
        id="abcd2345", name="größe-" + "x" * 20, sweep=sweep, control=Control.RUNNING,
        budget=sweep.budget, revision=1, version=1, created=BEGIN, updated=BEGIN,
        counts=dict(history.counts),
    )  # fmt: skip
    return View(
        record=record, history=history, method="random", method_reason="as asked", workers=4,
        store="sqlite:////home/anne/.sonde/sonde.db", started=BEGIN,
        now=BEGIN + timedelta(seconds=60), curve=lambda number: (1.0, 0.5),
    )  # fmt: skip


def ended_trial(
    number: int,
    state: State,
    value: float,
    params: Mapping[str, Any],
    after: float | None = None,
) -> Trial:
    """A trial that began after so many seconds, by default its number, and took one."""
    began = BEGIN + timedelta(seconds=number if after is None else after)
    return Trial(
        number=number,
        state=state,
        params=params,
        metrics={"loss": Summary.of([(3, value)])},
        created=BEGIN,
        started=began,
        finished=began + timedelta(seconds=1),
        error="RuntimeError: \x1b[31m" + "long " * 50,
        version=number + 1,
    )
