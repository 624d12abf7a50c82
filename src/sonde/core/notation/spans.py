"""Time spans as people write them: `90s`, `1h30m`, `2d`, `01:30:00`."""

import re

from sonde.errors import ConfigError

__all__ = ["seconds_of"]

_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(sec|min|[smhd])\s*", re.ASCII)
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)", re.ASCII)


def seconds_of(text: str, flag: str) -> float:
    """Return the seconds of a time span; a bare number is seconds.

    Raises:
        ConfigError: If it is none, or not above 0.
    """
    written = text.strip().lower()
    clock = _CLOCK.fullmatch(written)
    if clock:
        hours, minutes, seconds = map(int, clock.groups())
        total = float(hours * 3600 + minutes * 60 + seconds)
    elif re.fullmatch(r"\d+(?:\.\d+)?", written, re.ASCII):
        total = float(written)
    else:
        parts = _PART.findall(written)
        if not parts or _PART.sub("", written):
            raise ConfigError(
                f"{flag} {text}", "that is no time span", "write for instance 90s, 15m, 1h30m or 2d"
            )
        total = sum(float(count) * _UNITS[unit] for count, unit in parts)
    if total <= 0:
        raise ConfigError(f"{flag} {text}", "that is no time at all", "write more than 0 seconds")
    return total
