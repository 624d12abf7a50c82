"""What is to be improved, and how much may be spent, as people write them."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from sonde.core.constraint import Constraint, parse_constraint
from sonde.core.metric import Direction, Goal, parse_goal
from sonde.errors import ConfigError

__all__ = ["constraints_of", "goals_of", "seconds_of"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+(?:\.\d*)?)\s*([smhd])")


def goals_of(
    minimize: str | Sequence[str] | None,
    maximize: str | Sequence[str] | None,
    goals: Sequence[Goal | str] = (),
) -> tuple[Goal, ...]:
    """Return the goals, those to minimise first.

    A text is a metric, whose last value counts; `val_loss:min`, `:max`, `:mean` say otherwise.

    Raises:
        ConfigError: If a metric has no name, or stands there twice.
    """
    found = [
        replace(parse_goal(text, flag=flag), direction=direction)
        for flag, given, direction in (
            ("minimize", minimize, Direction.MINIMIZE),
            ("maximize", maximize, Direction.MAXIMIZE),
        )
        for text in _listed(flag, given)
    ]
    found += [parse_goal(g, flag="goals") if isinstance(g, str) else g for g in goals]
    names = [goal.metric for goal in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError("sonde.sweep", f"{name} is a goal twice", "leave one out")
    return tuple(found)


def constraints_of(given: str | Sequence[str | Constraint]) -> tuple[Constraint, ...]:
    """Return the bounds that trials must keep to: `"latency_ms <= 20"`, or several.

    Raises:
        ConfigError: If one is no bound, or stands there twice.
    """
    listed = [given] if isinstance(given, str) else list(given)
    found: list[Constraint] = []
    for one in listed:
        if not isinstance(one, str | Constraint):
            raise ConfigError(
                f"subject_to={one!r}", "that is no bound", "write for instance 'latency_ms <= 20'"
            )
        read = parse_constraint(one, flag="subject_to") if isinstance(one, str) else one
        if read in found:
            raise ConfigError(f"subject_to={read.describe()}", "it is given twice", "keep one")
        found.append(read)
    return tuple(found)


def seconds_of(time: float | str | None) -> float | None:
    """Return a length of time in seconds: `90`, `"90s"`, `"1h30m"`, `"2 d"`.

    Raises:
        ConfigError: If it is none, or not positive.
    """
    if time is None:
        return None
    if isinstance(time, str):
        spans = _SPAN.findall(time.lower())
        if _SPAN.sub("", time.lower()).strip() or not spans:
            raise ConfigError(
                f"time={time!r}", "that is no length of time", "write 90, '90s', '1h30m' or '2d'"
            )
        seconds = math.fsum(float(number) * _UNITS[unit] for number, unit in spans)
    else:
        seconds = float(time)
    if not 0 < seconds < math.inf:
        raise ConfigError(
            f"time={time!r}", "it leaves no time", "give a positive number of seconds"
        )
    return seconds


def _listed(flag: str, given: str | Sequence[str] | None) -> Sequence[str]:
    listed = [given] if isinstance(given, str) else list(given or ())
    for text in listed:
        if not isinstance(text, str):
            raise ConfigError(
                f"{flag}={given!r}", f"{text!r} is no name", f"write for instance {flag}='val_loss'"
            )
    return listed
