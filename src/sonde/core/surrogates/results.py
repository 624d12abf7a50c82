"""What a model is told of a trial that has ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from sonde.core.distributions.values import Value

__all__ = ["Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An assignment and what came of it.

    Attributes:
        losses: One a goal, all finite; empty where the trial has failed.
        excesses: By how much it breaks each constraint, infinite where that is not known;
            empty where there is no loss.
    """

    params: Mapping[str, Value]
    losses: tuple[float, ...] = ()
    excesses: tuple[float, ...] = ()
