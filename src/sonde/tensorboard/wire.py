"""Protocol Buffers' wire format, as much of it as event files use.

A message is a row of fields, each a varint key (number << 3 | wire type) and a value:
a varint (type 0), 8 bytes (1), a varint length and that many bytes (2), or 4 bytes (5).
Fields come in any order and unknown ones are passed by.

Source: protobuf.dev/programming-guides/encoding (format only).
"""

from collections.abc import Iterator

__all__ = [
    "BYTES",
    "FIXED32",
    "FIXED64",
    "VARINT",
    "MalformedError",
    "bytes_field",
    "fields",
    "signed",
    "varint",
    "varint_bytes",
    "varint_field",
]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_VARINT = 10  # bytes, which hold 64 bits


class MalformedError(ValueError):
    """These bytes are no message. It stays inside this package."""


def fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each field of the message in `data[start:end]`: number, wire type, start, end.

    Start and end enclose the value; of a varint the value is `varint(data, start)[0]`.

    Raises:
        MalformedError: The bytes do not divide into fields.
    """
    while start < end:
        key, start = varint(data, start)
        kind = key & 7
        if kind == VARINT:
            _, stop = varint(data, start)
        elif kind == BYTES:
            length, start = varint(data, start)
            stop = start + length
        elif kind == FIXED64:
            stop = start + 8
        elif kind == FIXED32:
            stop = start + 4
        else:
            raise MalformedError(f"wire type {kind} at byte {start}")
        if stop > end:
            raise MalformedError(f"field {key >> 3} ends after its message")
        yield key >> 3, kind, start, stop
        start = stop


def varint(data: bytes, start: int) -> tuple[int, int]:
    """Return the unsigned number at `start`, and where it ends."""
    number = 0
    for shift, byte in enumerate(data[start : start + _MAX_VARINT]):
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, start + shift + 1
    raise MalformedError(f"unfinished number at byte {start}")


def signed(number: int) -> int:
    """Return the 64 bits read as two's complement, which is what int32 and int64 fields mean."""
    return number - (1 << 64) if number >= 1 << 63 else number


def varint_bytes(number: int) -> bytes:
    """Return an integer of 64 bits as a varint; a negative one takes ten bytes."""
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def varint_field(field: int, number: int) -> bytes:
    """Return a whole field that holds an integer."""
    return varint_bytes(field << 3 | VARINT) + varint_bytes(number)


def bytes_field(field: int, content: bytes) -> bytes:
    """Return a whole field that holds a string or a message."""
    return varint_bytes(field << 3 | BYTES) + varint_bytes(len(content)) + content
