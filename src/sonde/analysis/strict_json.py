"""Strict JSON: what every reader can parse, with a form for NaN, infinities and times."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = ["iso", "plain"]


def plain(value: Any) -> Any:
    """Turn a value into what strict JSON has a form for; times are ISO 8601 in UTC."""
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def iso(time: datetime | None) -> str | None:
    """`2026-03-01T12:30:07.123Z`."""
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
