"""The definition of a sweep grows with what its trials ask for; see `sonde.core.appearing`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sonde.controller import utc_now
from sonde.core.appearing import conditioned, grown
from sonde.core.distributions import Distribution
from sonde.core.trial import State, Trial
from sonde.editing import amend
from sonde.store.protocol import Store

__all__ = ["TOLD", "make_room", "settle"]

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


def settle(store: Store, sweep: str, trials: Sequence[Trial]) -> None:
    """Have the definition say which trials have which parameters."""
    whole: list[Mapping[str, Any]] = [trial.params for trial in trials if trial.state in TOLD]
    why = "trials differ in what they ask for"
    amend(store, sweep, lambda old: conditioned(old, whole), utc_now(), why=why)
