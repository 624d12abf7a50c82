"""What a trial's function returned, as metrics."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = ["Returned", "returned_metrics"]

UNNAMED = "value"  # of a number that was returned where no goal names it


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a door's function says of a call: its metrics, and what else is to be kept of it.

    Attributes:
        facts: JSON only.
    """

    values: Mapping[str, float]
    facts: Mapping[str, Any]


def returned_metrics(
    returned: Any, goals: Sequence[Goal], logged: Collection[str] = ()
) -> dict[str, float]:
    """Return the metrics that a return value stands for.

    A number is the value of the goal, a mapping has metrics by name, and a list or tuple one
    number for each goal, in their order. None says nothing: the function has logged what it
    had to say. NumPy's and torch's scalars are numbers.

    Args:
        returned: By the function.
        goals: Of the sweep.
        logged: The metrics that it reported before. One number for several goals says nothing
            more where all of them are among these.

    Raises:
        ConfigError: If it is none of these.
    """
    if returned is None:
        return {}
    if type(returned) is float and len(goals) == 1:
        return {goals[0].metric: returned}
    if isinstance(returned, Mapping):
        return {str(name): _number(value, str(name)) for name, value in returned.items()}
    names = [goal.metric for goal in goals] or [UNNAMED]
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != len(names):
        if len(values) == 1 and all(name in logged for name in names):
            _number(values[0], "it")
            return {}
        raise ConfigError(
            "the function's return value",
            f"{len(values)} {'number' if len(values) == 1 else 'numbers'} for "
            f"{len(names)} goals: {', '.join(names)}",
            "return one number for each of them, or a dict by name",
        )
    return {name: _number(value, name) for name, value in zip(names, values, strict=True)}


def _number(value: Any, name: str) -> float:
    if not isinstance(value, str | bytes | bytearray):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass  # torch says RuntimeError for a tensor of several numbers
    shown = repr(value)
    raise ConfigError(
        "the function's return value",
        f"{name} is {shown if len(shown) <= 60 else shown[:57] + '...'}, "
        f"a {type(value).__name__} and not a number",
        "return a number, or a dict of metrics by name",
    )
