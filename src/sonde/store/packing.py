"""Packing: how params, summaries, facts and reports are written as few bytes.

All of it is MessagePack. A value with something that this cannot hold (an integer beyond
64 bits, a string with lone surrogates, such as a file name that is no UTF-8) travels as
JSON in an extension type.

Params are an array in the order of the sweep's parameters; where some are inactive, or
others than these were given, a map from the parameter's place, or its name, to its value.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

import msgspec

from sonde.core.metric import Summary
from sonde.core.trial import Report
from sonde.store.curves import Points

__all__ = [
    "from_json",
    "last_step",
    "merge_reports",
    "pack",
    "pack_metrics",
    "pack_params",
    "pack_reports",
    "unpack",
    "unpack_metrics",
    "unpack_params",
    "unpack_reports",
]

_JSON = 1  # our extension type
_FURTHEST_S = 1e12  # times beyond are kept as they came, without rounding to microseconds

_encode = msgspec.msgpack.Encoder().encode


def pack(value: Any) -> bytes:
    """Return a JSON value as bytes; `unpack` gives it back, tuples as lists.

    Raises:
        TypeError: If there is something in it that JSON does not have.
    """
    try:
        return _encode(value)
    except (OverflowError, UnicodeEncodeError):
        return _encode(msgspec.msgpack.Ext(_JSON, json.dumps(value).encode()))


def from_json(code: int, data: memoryview) -> Any:
    """Return what an extension type of ours holds, as MessagePack's reader asks for it.

    Raises:
        ValueError: If it is not ours.
    """
    if code != _JSON:
        raise ValueError(f"extension type {code} is unknown")
    return json.loads(bytes(data))


unpack = msgspec.msgpack.Decoder(ext_hook=from_json).decode


def pack_params(params: Mapping[str, Any], names: Sequence[str]) -> bytes:
    """Return params as bytes, given the sweep's parameters."""
    if len(params) == len(names):
        try:
            return pack([params[name] for name in names])
        except KeyError:
            pass
    places = {name: at for at, name in enumerate(names)}
    try:
        return _encode({places.get(name, name): value for name, value in params.items()})
    except (OverflowError, UnicodeEncodeError):
        return pack(dict(params))  # keys in JSON are strings: names, no places


def unpack_params(data: bytes, names: Sequence[str]) -> dict[str, Any]:
    """Return the params that `pack_params` wrote."""
    values = unpack(data)
    if type(values) is list:
        return dict(zip(names, values))  # noqa: B905 (sonde wrote both; this is the hot path)
    return {names[key] if type(key) is int else key: value for key, value in values.items()}


def pack_metrics(metrics: Mapping[str, Summary]) -> bytes | None:
    """Return summaries as bytes, None for none."""
    if not metrics:
        return None
    return pack(
        {
            name: (s.count, s.last, s.min, s.max, s.total, s.numbers, s.last_step, s.min_step,
                   s.max_step)
            for name, s in metrics.items()
        }
    )  # fmt: skip


def unpack_metrics(data: bytes | None) -> dict[str, Summary]:
    """Return the summaries that `pack_metrics` wrote."""
    if data is None:
        return {}
    return {name: Summary(*values) for name, values in unpack(data).items()}


def pack_reports(reports: Sequence[Report]) -> bytes:
    """Return a batch of reports as bytes: columns of steps, times and each metric's values.

    Steps that follow each other evenly are written as the first two. Times are kept to the
    microsecond, as differences.
    """
    steps = [report.step for report in reports]
    if len(steps) > 2:
        stride = steps[1] - steps[0]
        if all(b - a == stride for a, b in pairwise(steps)):
            steps = steps[:2]
    times: list[Any] = [report.time for report in reports]
    if all(isfinite(time) and abs(time) < _FURTHEST_S for time in times):
        whole = [round(time * 1e6) for time in times]
        times = whole[:1] + [b - a for a, b in pairwise(whole)]
    else:
        times = [float(time) for time in times]
    columns: dict[str, tuple[list[int], list[float]]] = {}
    for at, report in enumerate(reports):
        for name, value in report.metrics.items():
            column = columns.get(name)
            if column is None:
                column = columns[name] = ([], [])
            column[0].append(at)
            column[1].append(float(value))
    packed = {
        name: values if len(places) == len(reports) else (places, values)
        for name, (places, values) in columns.items()
    }
    return pack((steps, times, packed))


def unpack_reports(data: bytes) -> dict[str, Points]:
    """Return the points of each metric in a batch."""
    packed, times, columns = unpack(data)
    steps, times = _steps(packed, len(times)), _times(times)
    found: dict[str, Points] = {}
    for name, column in columns.items():
        if type(column[0]) is list:
            places, values = column
            found[name] = ([steps[at] for at in places], values, [times[at] for at in places])
        else:
            found[name] = (steps.copy(), column, times.copy())
    return found


def merge_reports(batches: Sequence[bytes]) -> bytes:
    """Return several batches as one."""
    reports: list[Report] = []
    for data in batches:
        packed, times, columns = unpack(data)
        rows: list[dict[str, float]] = [{} for _ in times]
        for name, column in columns.items():
            places, values = column if type(column[0]) is list else (range(len(rows)), column)
            for at, value in zip(places, values, strict=True):
                rows[at][name] = value
        steps = _steps(packed, len(times))
        reports += map(Report, steps, rows, _times(times))
    return pack_reports(reports)


def last_step(data: bytes) -> int:
    """Return the step of the last report in a batch."""
    packed, times, _ = unpack(data)
    return _steps(packed, len(times))[-1]


def _steps(packed: list[int], count: int) -> list[int]:
    if len(packed) == count:
        return packed
    first, second = packed
    stride = second - first
    return [first + at * stride for at in range(count)]


def _times(packed: list[Any]) -> list[float]:
    if packed and type(packed[0]) is float:
        return packed
    now, times = 0, []
    for more in packed:
        now += more
        times.append(now / 1e6)
    return times
