"""The messages of TensorBoard's HParams plugin, to bytes and back.

    HParamsPluginData  1 version (0)   2 experiment   3 session_start   4 session_end
    Experiment         1 description   2 user   3 time_created (double)   4 hparam, repeated
                       5 metric, repeated   6 name
    HParamInfo         1 name   2 display_name   3 description   4 type   5 values (ListValue)
                       6 interval { 1 min   2 max }
    MetricInfo         1 name { 1 group   2 tag }   3 display_name   4 description
                       5 dataset_type
    SessionStart       1 hparams { 1 key   2 value }, repeated   4 group_name   5 start (double)
    SessionEnd         1 status   2 end (double)
    Value              2 number (double)   3 string   4 bool
    ListValue          1 value, repeated

They stand in an event file as the content of a summary whose tensor is empty: the experiment
once in the root directory, start and end of a session in the directory of each trial.

Source: tensorboard/plugins/hparams/{plugin_data,api}.proto (numbers of fields only).
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sonde.tensorboard.events import MARK
from sonde.tensorboard.hparams.declared import HParam, Metric
from sonde.tensorboard.hparams.domains import Discrete, IntInterval, RealInterval, Value
from sonde.tensorboard.wire import (
    BYTES,
    FIXED64,
    VARINT,
    bytes_field,
    fields,
    varint,
    varint_bytes,
    varint_field,
)

__all__ = [
    "FAILURE",
    "RUNNING",
    "SUCCESS",
    "UNKNOWN",
    "Experiment",
    "SessionEnd",
    "SessionStart",
    "decode",
    "encode_end",
    "encode_experiment",
    "encode_start",
]

UNKNOWN, SUCCESS, FAILURE, RUNNING = 0, 1, 2, 3

_PLUGIN = b"hparams"
_STRING, _BOOL, _FLOAT64 = 1, 2, 3
_TYPES = {bool: _BOOL, int: _FLOAT64, float: _FLOAT64, str: _STRING}  # integers have no type
_DOUBLE = struct.Struct("<d")
_NULL_TENSOR = bytes([0x08, 0x01, 0x12, 0x02, 0x12, 0x00])  # floats, one dimension of size 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What a root directory says of its trials.

    A number's domain comes back as one of floats, as TensorBoard has no integers.
    """

    hparams: tuple[HParam, ...] = ()
    metrics: tuple[Metric, ...] = ()
    name: str = ""
    description: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """What a trial was begun with; trials of one group are repeats of each other."""

    hparams: Mapping[str, Value] = field(default_factory=dict)
    group: str = ""
    started: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """How a trial ended: `SUCCESS`, `FAILURE`, `RUNNING` or `UNKNOWN`, and when."""

    status: int = UNKNOWN
    ended: float = 0.0


def encode_experiment(
    hparams: Iterable[HParam],
    metrics: Iterable[Metric],
    created: float | None = None,
    *,
    name: str = "",
    description: str = "",
) -> bytes:
    """Return the summary that a root directory begins with."""
    content = _text(1, description) + _double(3, created or 0.0)
    content += b"".join(bytes_field(4, _hparam(one)) for one in hparams)
    content += b"".join(bytes_field(5, _metric(one)) for one in metrics)
    return _summary("experiment", bytes_field(2, content + _text(6, name)))


def encode_start(hparams: Mapping[str, Value], group: str, started: float) -> bytes:
    """Return the summary that a trial begins with."""
    content = b"".join(
        bytes_field(1, bytes_field(1, name.encode()) + bytes_field(2, _value(hparams[name])))
        for name in sorted(hparams)
    )
    content += _text(4, group) + _double(5, started)
    return _summary("session_start_info", bytes_field(3, content))


def encode_end(status: int, ended: float) -> bytes:
    """Return the summary that a trial ends with."""
    content = (varint_field(1, status) if status else b"") + _double(2, ended)
    return _summary("session_end_info", bytes_field(4, content))


def decode(event: bytes) -> Experiment | SessionStart | SessionEnd | None:
    """Return the message in an event; None if there is none, or one of another version.

    Raises:
        MalformedError: The bytes are no event.
    """
    for content in _contents(event):
        version = 0
        found: Experiment | SessionStart | SessionEnd | None = None
        for number, kind, start, end in fields(content, 0, len(content)):
            if number == 1 and kind == VARINT:
                version = varint(content, start)[0]
            elif number == 2 and kind == BYTES:
                found = _read_experiment(content[start:end])
            elif number == 3 and kind == BYTES:
                found = _read_start(content[start:end])
            elif number == 4 and kind == BYTES:
                found = _read_end(content[start:end])
        if found is not None and version == 0:
            return found
    return None


def _summary(kind: str, message: bytes) -> bytes:
    plugin = bytes_field(1, _PLUGIN) + bytes_field(2, message)
    metadata = bytes_field(1, plugin)
    tag = MARK + kind.encode()
    return bytes_field(
        1, bytes_field(1, tag) + bytes_field(8, _NULL_TENSOR) + bytes_field(9, metadata)
    )


def _hparam(one: HParam) -> bytes:
    info = _text(1, one.name) + _text(2, one.display_name) + _text(3, one.description)
    domain = one.domain
    if domain is None:
        return info
    info += varint_field(4, _TYPES[domain.dtype])
    if isinstance(domain, Discrete):
        values = b"".join(bytes_field(1, _value(value)) for value in domain.values)
        return info + bytes_field(5, values)
    if isinstance(domain, IntInterval | RealInterval):
        bounds = _double(1, float(domain.min_value)) + _double(2, float(domain.max_value))
        return info + bytes_field(6, bounds)
    return info


def _metric(one: Metric) -> bytes:
    info = bytes_field(1, _text(1, one.group) + _text(2, one.tag))
    info += _text(3, one.display_name) + _text(4, one.description)
    return info + (varint_field(5, one.dataset_type) if one.dataset_type else b"")


def _value(value: Value) -> bytes:
    # One of a choice of fields is written even where it is the default.
    if isinstance(value, bool):
        return varint_field(4, int(value))
    if isinstance(value, str):
        return bytes_field(3, value.encode())
    return varint_bytes(2 << 3 | FIXED64) + _DOUBLE.pack(value)


def _text(number: int, text: str | None) -> bytes:
    return bytes_field(number, text.encode()) if text else b""


def _double(number: int, value: float) -> bytes:
    return varint_bytes(number << 3 | FIXED64) + _DOUBLE.pack(value) if value else b""


def _contents(event: bytes) -> Iterator[bytes]:
    """Yield what the plugin wrote into an event."""
    for summary in _messages(event, 5):
        for value in _messages(summary, 1):
            for metadata in _messages(value, 9):
                for plugin in _messages(metadata, 1):
                    if _PLUGIN in _messages(plugin, 1):
                        yield from _messages(plugin, 2)


def _messages(data: bytes, wanted: int) -> list[bytes]:
    """Return the contents of every field of that number."""
    return [
        data[start:end]
        for number, kind, start, end in fields(data, 0, len(data))
        if number == wanted and kind == BYTES
    ]


def _read_experiment(data: bytes) -> Experiment:
    return Experiment(
        description=_read_text(data, 1),
        created=_read_double(data, 3),
        hparams=tuple(map(_read_hparam, _messages(data, 4))),
        metrics=tuple(map(_read_metric, _messages(data, 5))),
        name=_read_text(data, 6),
    )


def _read_hparam(data: bytes) -> HParam:
    domain: Discrete | RealInterval | None = None
    for values in _messages(data, 5):
        found = [value for value in map(_read_value, _messages(values, 1)) if value is not None]
        # Whoever wrote values of several types meant a text.
        if len({type(value) for value in found}) > 1:
            found = [str(value) for value in found]
        domain = Discrete(found) if found else None
    for bounds in _messages(data, 6):
        low, high = _read_double(bounds, 1), _read_double(bounds, 2)
        domain = RealInterval(low, high) if low <= high else None
    return HParam(
        _read_text(data, 1), domain, _read_text(data, 2) or None, _read_text(data, 3) or None
    )


def _read_metric(data: bytes) -> Metric:
    group, tag = "", ""
    for name in _messages(data, 1):
        group, tag = _read_text(name, 1), _read_text(name, 2)
    kind = _read_number(data, 5)
    return Metric(
        tag,
        group or None,
        _read_text(data, 3) or None,
        _read_text(data, 4) or None,
        kind if kind in {Metric.TRAINING, Metric.VALIDATION} else None,
    )


def _read_start(data: bytes) -> SessionStart:
    hparams: dict[str, Value] = {}
    for entry in _messages(data, 1):
        for raw in _messages(entry, 2):
            value = _read_value(raw)
            if value is not None:
                hparams[_read_text(entry, 1)] = value
    return SessionStart(hparams=hparams, group=_read_text(data, 4), started=_read_double(data, 5))


def _read_end(data: bytes) -> SessionEnd:
    status = _read_number(data, 1)
    known = status if status in {SUCCESS, FAILURE, RUNNING} else UNKNOWN
    return SessionEnd(status=known, ended=_read_double(data, 2))


def _read_value(data: bytes) -> Value | None:
    """Return a simple value; None of null, of lists and of structures."""
    found: Value | None = None
    for number, kind, start, end in fields(data, 0, len(data)):
        if number == 2 and kind == FIXED64:
            found = float(_DOUBLE.unpack_from(data, start)[0])
        elif number == 3 and kind == BYTES:
            found = data[start:end].decode(errors="replace")
        elif number == 4 and kind == VARINT:
            found = bool(varint(data, start)[0])
    return found


def _read_text(data: bytes, wanted: int) -> str:
    return b"".join(_messages(data, wanted)[-1:]).decode(errors="replace")


def _read_double(data: bytes, wanted: int) -> float:
    found = 0.0
    for number, kind, start, _ in fields(data, 0, len(data)):
        if number == wanted and kind == FIXED64:
            found = float(_DOUBLE.unpack_from(data, start)[0])
    return found


def _read_number(data: bytes, wanted: int) -> int:
    found = 0
    for number, kind, start, _ in fields(data, 0, len(data)):
        if number == wanted and kind == VARINT:
            found = varint(data, start)[0]
    return found
