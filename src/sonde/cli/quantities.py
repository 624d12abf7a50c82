"""Numbers as people write them: counts, time spans such as `1h30m`, sizes such as `500MB`."""

import math
import re

from sonde.cli.faults import Faults
from sonde.core.notation.spans import seconds_of
from sonde.errors import ConfigError

__all__ = ["bytes_of", "seconds_of", "whole_of"]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def bytes_of(text: str, flag: str) -> int:
    """Return a size in bytes: `1500`, `500MB`, `2GiB`, `1.5g`.

    Raises:
        ConfigError: If it is none.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or len(text) > 20:
        raise ConfigError(f"{flag} {text:.40}", "that is no size", "write such as 500MB or 2GB")
    number, letter, binary = found.groups()
    unit = float(1024 if binary else 1000) ** _POWERS[letter.lower()]
    return math.floor(float(number) * unit)


def whole_of(text: str | None, flag: str, least: int, faults: Faults) -> int | None:
    """Return a whole number, or None where none was written or it is a fault."""
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError:
        faults.add(f"{flag} {text}", "that is no whole number", f"write {least} or more")
        return None
    if value < least:
        faults.add(f"{flag} {text}", f"{value} is too few", f"write {least} or more")
        return None
    return value
