"""Numbers as people write them: counts, time spans such as `1h30m`, sizes such as `500MB`."""

from sonde.cli.faults import Faults
from sonde.core.notation.sizes import bytes_of
from sonde.core.notation.spans import seconds_of

__all__ = ["bytes_of", "seconds_of", "whole_of"]


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
