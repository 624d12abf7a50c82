"""Events: the messages in an event file, and the scalars in them.

    Event          1 wall_time (double)   2 step   3 file_version   5 summary
    Summary        1 value, repeated
    Value          1 tag   2 simple_value (float)   8 tensor   9 metadata   1000 exact (double)
    TensorProto    1 dtype   2 shape   4 content (raw)   5.. one list for each kind of number
    Metadata       1 plugin_data { 1 plugin_name }

TensorFlow 1, tensorboardX and PyTorch write a scalar as `simple_value`, TensorFlow 2 and
Keras as a tensor of one element for the plugin "scalars". Everything else is passed by.

We write `simple_value`, which every reader of such files knows (TensorBoard's data server
passes tensors of doubles by), and behind it, so that no digit is lost between a script and
its trial, the number as a double in a field of our own, which other readers skip.

Source: the .proto files in tensorboard/compat/proto (numbers of fields only).
"""

import math
import struct
from dataclasses import dataclass
from typing import NamedTuple

from sonde.tensorboard.wire import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    MalformedError,
    bytes_field,
    fields,
    signed,
    varint,
    varint_bytes,
    varint_field,
)

__all__ = [
    "MARK",
    "Decoded",
    "Found",
    "Scalar",
    "decode",
    "encode_scalar",
    "encode_summary",
    "encode_version",
]

MARK = b"_hparams_/"  # begins the tag of every message of the HParams plugin

_WALL_TIME = struct.Struct("<d")
_SCALARS = b"scalars"
# By dtype: how one element stands in `content`, and the field that lists such elements.
_DTYPES = {
    1: ("f", 5),
    2: ("d", 6),
    3: ("i", 7),
    4: ("B", 7),
    5: ("h", 7),
    6: ("b", 7),
    9: ("q", 10),
    10: ("?", 11),
    14: ("bfloat16", 13),
    17: ("H", 7),
    19: ("e", 13),
    22: ("I", 16),
    23: ("Q", 17),
}
_EXACT = 1000  # far from the numbers that TensorFlow gives out
_EXACT_KEY = varint_bytes(_EXACT << 3 | FIXED64)
_FLOAT = struct.Struct("<f")


class Scalar(NamedTuple):
    """One number that a script wrote.

    A named tuple, not a dataclass: hundreds of thousands are made a second, and a frozen
    dataclass takes four times as long to make.

    Attributes:
        tag: Its name, such as `epoch_loss`.
        run: Directory of its file relative to the watched one, with `/`; "" at the top.
        step: The step or epoch, as the script counted it.
        value: Also NaN and the infinities. Of a float32 all digits, so 0.1 is 0.10000000149.
        wall_time: When it was written, in seconds since 1970 UTC.
    """

    tag: str
    run: str
    step: int
    value: float
    wall_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One scalar of an event, and where its value stands if that is a float or a double.

    Attributes:
        tag: Its name.
        value: Its value.
        kind: `f` or `d`, as `struct` means them; "" if the value is stored otherwise.
        offset: Where the value begins in the event.
        rounded_at: Where the same value stands once more as a float before it; `offset` if it
            does not.
    """

    tag: str
    value: float
    kind: str
    offset: int
    rounded_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """An event with its scalars; `numbers` are those of its fields, as they came."""

    wall_time: float
    step: int
    scalars: tuple[Found, ...]
    numbers: tuple[int, ...]


def decode(event: bytes) -> Decoded:
    """Return the scalars of an event, none if it holds something else.

    Raises:
        MalformedError: The bytes are no event.
    """
    wall_time, step, found, numbers = 0.0, 0, list[Found](), []
    for number, kind, start, end in fields(event, 0, len(event)):
        numbers.append(number)
        if number == 1 and kind == FIXED64:
            (wall_time,) = _WALL_TIME.unpack_from(event, start)
        elif number == 2 and kind == VARINT:
            step = signed(varint(event, start)[0])
        elif number == 5 and kind == BYTES:
            for inner, inner_kind, at, stop in fields(event, start, end):
                if inner == 1 and inner_kind == BYTES:
                    scalar = _value(event, at, stop)
                    if scalar is not None:
                        found.append(scalar)
    return Decoded(wall_time=wall_time, step=step, scalars=tuple(found), numbers=tuple(numbers))


def encode_scalar(
    tag: str, value: float, step: int, wall_time: float, description: str = ""
) -> bytes:
    """Return the event for a scalar, as a float for all readers and as a double for ours."""
    scalar = bytes_field(1, tag.encode())
    if description:
        scalar += bytes_field(9, bytes_field(3, description.encode()))
    scalar += b"\x15" + _rounded(value) + _EXACT_KEY + _WALL_TIME.pack(value)
    stamp = b"\x09" + _WALL_TIME.pack(wall_time)
    return stamp + varint_field(2, step) + bytes_field(5, bytes_field(1, scalar))


def encode_summary(encoded: bytes, wall_time: float) -> bytes:
    """Return the event, of step 0, for a summary that is made already."""
    return b"\x09" + _WALL_TIME.pack(wall_time) + bytes_field(5, encoded)


def encode_version(wall_time: float) -> bytes:
    """Return the event that stands first in every file."""
    return b"\x09" + _WALL_TIME.pack(wall_time) + bytes_field(3, b"brain.Event:2")


def _rounded(value: float) -> bytes:
    """Return the nearest float32; beyond its range that is an infinity."""
    try:
        return _FLOAT.pack(value)
    except OverflowError:
        return _FLOAT.pack(math.copysign(math.inf, value))


def _value(data: bytes, start: int, end: int) -> Found | None:
    """Return the scalar that a Summary.Value holds, or None if it is something else."""
    tag, plugin, found, exact, simple_at = "", _SCALARS, None, None, -1
    for number, kind, at, stop in fields(data, start, end):
        if number == 1 and kind == BYTES:
            tag = data[at:stop].decode(errors="replace")
        elif number == 2 and kind == FIXED32:
            found, simple_at = _number("f", data, at), at
        elif number == 8 and kind == BYTES:
            found = _tensor(data, at, stop)
        elif number in {3, 4, 5, 6}:  # a histogram, image or sound: the last value written counts
            found = None
        elif number == 9 and kind == BYTES:
            plugin = _plugin(data, at, stop) or _SCALARS
        elif number == _EXACT and kind == FIXED64:
            exact = _number("d", data, at)
    if found is None or plugin != _SCALARS:
        return None
    value, kind_of_value, offset = found
    rounded_at = offset
    if exact is not None and offset == simple_at:
        value, kind_of_value, offset = exact
    if rounded_at > offset:  # the other way round than we write it
        kind_of_value = ""
    return Found(tag=tag, value=value, kind=kind_of_value, offset=offset, rounded_at=rounded_at)


def _plugin(data: bytes, start: int, end: int) -> bytes:
    for number, kind, at, stop in fields(data, start, end):
        if number == 1 and kind == BYTES:
            for inner, inner_kind, first, last in fields(data, at, stop):
                if inner == 1 and inner_kind == BYTES:
                    return data[first:last]
    return b""


def _tensor(data: bytes, start: int, end: int) -> tuple[float, str, int] | None:
    """Return the only element of a tensor with its kind and place; None if it has no such."""
    parts = list(fields(data, start, end))
    dtype = next((varint(data, at)[0] for number, kind, at, _ in parts if number == 1), 0)
    if dtype not in _DTYPES or any(_size(data, at, end) != 1 for n, _, at, end in parts if n == 2):
        return None
    kind, listed = _DTYPES[dtype]
    found = None
    for number, wire, at, stop in parts:
        if number == 4 and wire == BYTES and stop > at:
            if stop - at != _width(kind):
                return None
            found = _number(kind, data, at)
        elif number == listed and (wire != BYTES or stop > at):
            found = _listed(kind, data, at, stop)
    # TensorFlow may leave out a list of zeros.
    return found or (0.0, "", 0)


def _size(data: bytes, start: int, end: int) -> int:
    """Return how many elements a TensorShape has."""
    size = 1
    for number, kind, at, stop in fields(data, start, end):
        if number == 2 and kind == BYTES:  # a dimension, whose size is left out when it is 0
            sizes = [varint(data, first)[0] for n, k, first, _ in fields(data, at, stop) if n == 1]
            size *= sizes[-1] if sizes else 0
    return size


def _listed(kind: str, data: bytes, start: int, end: int) -> tuple[float, str, int]:
    """Return the last number of a list, whether the list is packed or not."""
    if kind in {"f", "d"}:
        width = _width(kind)
        if (end - start) % width:
            raise MalformedError(f"{end - start} bytes are no list of {kind}")
        return _number(kind, data, end - width)
    while start < end:
        bits, start = varint(data, start)
    if kind in {"e", "bfloat16"}:  # these are listed as the integer with the same bits
        return _number(kind, struct.pack("<H", bits & 0xFFFF), 0)[0], "", 0
    return float(bits if kind == "Q" else signed(bits)), "", 0


def _number(kind: str, data: bytes, at: int) -> tuple[float, str, int]:
    if kind == "bfloat16":  # the upper half of a float32
        return struct.unpack("<f", b"\0\0" + data[at : at + 2])[0], "", 0
    return float(struct.unpack_from("<" + kind, data, at)[0]), kind if kind in "fd" else "", at


def _width(kind: str) -> int:
    return 2 if kind == "bfloat16" else struct.calcsize("<" + kind)
