"""The definition of a sweep grows with what its trials ask for; see `sonde.core.appearing`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sonde.controller import utc_now
from sonde.core.appearing import conditioned, grown
from sonde.core.constraint import Constraint
from sonde.core.distributions import Distribution
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.editing import amend
from sonde.errors import ConfigError
from sonde.store.protocol import Store

__all__ = ["TOLD", "make_bounds", "make_room", "rename", "settle"]

TOLD = (State.DONE, State.STOPPED)
"""The states of trials that asked for all that they wanted."""


def make_room(store: Store, sweep: str, asked: Mapping[str, Distribution]) -> None:
    """Bring what a trial asks for into the definition."""
    amend(
        store,
        sweep,
        lambda old: replace(old, space=grown(old.space, asked)),
        utc_now(),
        why=f"the objective asked for {', '.join(asked)}",
    )


def make_bounds(store: Store, sweep: str, metrics: Sequence[str]) -> None:
    """Have the definition say that these metrics are to be 0 at most."""

    def bounded(old: Sweep) -> Sweep:
        known = {constraint.metric for constraint in old.constraints}
        fresh = [Constraint(metric=name, bound=0.0) for name in metrics if name not in known]
        return replace(old, constraints=(*old.constraints, *fresh))

    amend(store, sweep, bounded, utc_now(), why="the objective has set a constraint")


def rename(store: Store, sweep: str, names: Sequence[str]) -> None:
    """Give the goals of a sweep without trials other names.

    Raises:
        ConfigError: If it has trials, or they are not as many as the goals.
    """
    record = store.get_sweep(sweep)
    goals = record.sweep.goals
    where = f"set_metric_names({list(names)!r:.60})"
    if len(names) != len(goals) or len(set(names)) < len(names):
        raise ConfigError(where, f"the study has {len(goals)} directions", "name each, once")
    if record.trials:
        raise ConfigError(
            where, f"the study has {record.trials} trials", "do so before the first one"
        )
    named = tuple(replace(goal, metric=name) for goal, name in zip(goals, names, strict=True))
    amend(store, sweep, lambda old: replace(old, goals=named), utc_now(), why="renamed")


def settle(store: Store, sweep: str, trials: Sequence[Trial]) -> None:
    """Have the definition say which trials have which parameters."""
    whole: list[Mapping[str, Any]] = [trial.params for trial in trials if trial.state in TOLD]
    why = "trials differ in what they ask for"
    amend(store, sweep, lambda old: conditioned(old, whole), utc_now(), why=why)
