"""What a controller decides in one step, as plain data for the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sonde.core.sweep import Control
from sonde.core.trial import Verdict

__all__ = ["Decision", "NewTrial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTrial:
    """A trial to be added."""

    params: Mapping[str, Any]
    origin: str = "method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a controller decided in one step.

    Attributes:
        against: The revision that it was made from.
        add: Trials to add, in the order of their numbers.
        verdicts: Trials to end: a running one is told at its next renewal; a waiting or paused
            one becomes cancelled (or stopped, when paused and the verdict is STOP) at once;
            an ended one is left as it is. GO_ON makes a paused one wait again, and changes no
            other. CANCEL outranks STOP.
        reasons: Why a stopping rule ends a trial, for people; kept with the trial if it stops.
        control: The sweep's new control state, or None.
        reason: Why, for people.
    """

    against: int
    add: Sequence[NewTrial] = ()
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    control: Control | None = None
    reason: str = ""
