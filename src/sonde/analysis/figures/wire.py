"""Figures as strict JSON.

A figure is a tree of frozen dataclasses with arrays at its leaves. In JSON a dataclass is an
object, an array a list. A number that JSON lacks is a word ("NaN", "Infinity", "-Infinity"),
what is missing is null, and whole numbers are written as such.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from sonde.analysis.figures.snapshot import Column
from sonde.analysis.strict_json import plain

__all__ = ["json_of"]


def json_of(figure: Any) -> Any:
    """Return a figure, or a part of one, as strict JSON has it."""
    if isinstance(figure, Column):
        return _column(figure)
    if isinstance(figure, np.ndarray):
        return _array(figure)
    if is_dataclass(figure) and not isinstance(figure, type):
        return {field.name: json_of(getattr(figure, field.name)) for field in fields(figure)}
    if isinstance(figure, Mapping):
        return {str(key): json_of(value) for key, value in figure.items()}
    if isinstance(figure, (list, tuple)):
        return [json_of(value) for value in figure]
    return plain(figure)


def _column(column: Column) -> list[Any]:
    """A place in `words`, or a number, for each trial; None where there is none."""
    whole = column.whole or column.words is not None
    found = _array(column.values)
    if whole:
        found = [int(value) if isinstance(value, float) else value for value in found]
    if not column.has.all():
        for place in np.flatnonzero(~column.has).tolist():
            found[place] = None
    return found


def _array(values: "np.ndarray[Any, Any]") -> list[Any]:
    found: list[Any] = values.tolist()
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return found
    if values.ndim > 1:
        return [_array(row) for row in values]
    for place in np.flatnonzero(~np.isfinite(values)).tolist():
        found[place] = plain(found[place])
    return found
