"""Sizes as people write them: `1500`, `500MB`, `2GiB`, `1.5g`."""

import math
import re

from sonde.errors import ConfigError

__all__ = ["bytes_of", "size_text"]

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


def size_text(size: float) -> str:
    """Return a size for people, in thousands: `1.5 GB`."""
    for unit, power in (("TB", 4), ("GB", 3), ("MB", 2)):
        if size >= 1000**power:
            return f"{size / 1000**power:.3g} {unit}"
    return f"{size:g} bytes"
