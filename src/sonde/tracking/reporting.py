"""What the frameworks' callbacks share: report, and learn whether to stop."""

from sonde.errors import Stopped
from sonde.tracking.run import log, should_stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["report"]


def report(metrics: "Mapping[str, Any]", step: int) -> bool:
    """Report what is a number among the metrics; tell whether the trial was asked to end.

    Unlike `sonde.log` it never raises `Stopped`: a framework is told to stop in its own way, so
    that it saves and closes what it has open.
    """
    numbers = {
        name: number for name, value in metrics.items() if (number := _number(value)) is not None
    }
    try:
        if numbers:
            log(numbers, step=step)
    except Stopped:
        return True
    return should_stop()


def _number(value: "Any") -> float | None:
    """Return a number or a tensor of one element as a float; None of anything else."""
    if isinstance(value, str | bytes):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        return None
