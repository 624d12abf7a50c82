"""Values as people read them, in a table or a line."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sonde.core.metric import Goal
from sonde.core.sweep import Sweep

__all__ = [
    "duration",
    "goals_text",
    "mean",
    "number",
    "one_line",
    "param",
    "params_line",
    "shell_words",
    "sparkline",
    "wanted_text",
    "when",
]


def number(value: float | None, digits: int = 5) -> str:
    """A measured number in few digits; `-` where there is none."""
    if value is None:
        return "-"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.{digits}g}"


def mean(value: float | None, error: float | None) -> str:
    """A mean with its standard error, as in `0.1325 ± 0.0041`."""
    return number(value) if error is None else f"{number(value)} ± {number(error, 2)}"


def param(value: Any) -> str:
    """A parameter's value: a float in six digits at most, everything else as it is."""
    if isinstance(value, float):
        short = f"{value:.6g}"
        return repr(value) if len(repr(value)) <= len(short) + 1 else short
    return one_line(str(value))


def one_line(text: str) -> str:
    """Text without line ends, tabs and control characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def duration(seconds: float | None) -> str:
    """A time span as in `0.42s`, `12s`, `3m12s`, `2h05m`, `3d04h`."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if seconds < 0.9995:
        return f"{max(seconds, 0):.2f}s"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def when(time: datetime | None) -> str:
    """A time in the reader's own time zone, as in `2026-03-01 12:30:07`."""
    return "-" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def goals_text(goals: Sequence[Goal]) -> str:
    """`min val_loss`; nothing without a goal."""
    return " and ".join(goal.describe() for goal in goals)


def wanted_text(sweep: Sweep) -> str:
    """`min val_loss with latency_ms <= 20`: the goals, and what is to be kept to."""
    bounds = " and ".join(constraint.describe() for constraint in sweep.constraints)
    return " with ".join(part for part in (goals_text(sweep.goals), bounds) if part)


def params_line(params: Mapping[str, Any], between: str = "  ") -> str:
    """`lr 0.01  opt adam`, as far as it goes."""
    return between.join(f"{name} {param(value)}" for name, value in params.items())


def shell_words(params: Mapping[str, Any]) -> list[str]:
    """Options that mean exactly these values: `--hyperparam=lr=1e-05`."""
    words = []
    for name, value in params.items():
        text = repr(value) if isinstance(value, str) and _reads_otherwise(value) else str(value)
        words.append(f"--hyperparam={name}={text}")
    return words


def sparkline(values: Sequence[float], levels: str, width: int = 8) -> str:
    """A curve in at most `width` signs, lowest to highest level; blank where it is no number."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    if len(values) > width:
        # The first and the last value always show.
        picks = [round(i * (len(values) - 1) / (width - 1)) for i in range(width)]
        values = [values[i] for i in picks]
    top = len(levels) - 1
    span = high - low
    return "".join(
        " " if not math.isfinite(v) else levels[round((v - low) / span * top) if span else top // 2]
        for v in values
    )


def _reads_otherwise(text: str) -> bool:
    """Whether a string would be read as something else where it stands bare."""
    from sonde.core.notation import parse_hyperparam
    from sonde.errors import ConfigError

    try:
        read = parse_hyperparam(f"x={text}")
    except ConfigError:
        return True
    return getattr(read.distribution, "value", None) != text
