"""Records of an event file: how bytes are framed, and how damage to them is found.

A record is the length of its body (uint64), a checksum of these eight bytes, the body and
a checksum of the body, all little-endian. The checksum is CRC-32C (Castagnoli, reflected
polynomial 0x82F63B78), rotated and shifted by a constant ("masked") because a CRC over
data that holds its own CRC is weak.

Source: tensorflow/core/lib/io/record_writer.h and the crc32c.h beside it (format only).
"""

import functools
import re
import struct
from collections.abc import Callable, Iterator

__all__ = [
    "FOOTER",
    "HEADER",
    "checksum",
    "crc32c",
    "find_header",
    "frame",
    "header_of",
    "mask",
    "records",
]

HEADER = struct.Struct("<QI")  # length of the body, masked checksum of those eight bytes
FOOTER = struct.Struct("<I")  # masked checksum of the body
_LENGTH = struct.Struct("<Q")
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78
_LIKELY_LENGTH = re.compile(rb"(?!\0\0\0)...\0{5}", re.DOTALL)


def frame(body: bytes) -> bytes:
    """Return the body as a record. Needs the standard library only, about 50 ns a byte."""
    return header_of(len(body)) + body + FOOTER.pack(mask(crc32c(body)))


@functools.lru_cache(maxsize=1024)  # few lengths occur, and half the bytes of a scalar are here
def header_of(length: int) -> bytes:
    """Return the twelve bytes that stand before a body of this length."""
    return HEADER.pack(length, mask(crc32c(_LENGTH.pack(length))))


def mask(crc: int) -> int:
    """Return the checksum as it is stored."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of the data, in pure Python: 0xE3069283 for `b"123456789"`."""
    crc = 0xFFFFFFFF
    table = _table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@functools.cache
def checksum() -> Callable[[bytes], int]:
    """Return the fastest CRC-32C at hand: google-crc32c's, or `crc32c` where that is missing."""
    try:
        from google_crc32c import cext
    except ImportError:
        return crc32c
    value: Callable[[bytes], int] = cext.value  # type: ignore[attr-defined]
    return value


def records(data: bytes) -> Iterator[bytes]:
    """Yield the intact bodies in the data, in order; what is damaged or half written is passed by.

    The plain form of what `reader.ScalarReader` does fast, for files of a few records.
    """
    crc, start = checksum(), 0
    while (start := find_header(data, start)) + HEADER.size <= len(data):
        length, _ = HEADER.unpack_from(data, start)
        end = start + HEADER.size + length
        if end + FOOTER.size > len(data):
            return
        body = data[start + HEADER.size : end]
        if mask(crc(body)) == FOOTER.unpack_from(data, end)[0]:
            yield body
        start = end + FOOTER.size


def find_header(data: bytes, start: int) -> int:
    """Return the first place from `start` on where a record may begin.

    That is where a length stands with its own checksum. If there is none, the place from
    which to look again when there are more bytes: a header may be cut off there.
    """
    last = len(data) - HEADER.size
    if start > last or data[start : start + HEADER.size] == _header_at(data, start):
        return start
    # Every record worth finding is shorter than 16 MiB and not empty; to look for such a length
    # is thirty times faster than to try a checksum at every byte.
    while (length := _LIKELY_LENGTH.search(data, start)) and length.start() <= last:
        start = length.start()
        if data[start : start + HEADER.size] == _header_at(data, start):
            return start
        start += 1
    return max(start, last + 1)


def _header_at(data: bytes, start: int) -> bytes:
    """Return the header that the length at `start` ought to have."""
    length = data[start : start + _LENGTH.size]
    return length + FOOTER.pack(mask(checksum()(length)))


@functools.cache
def _table() -> tuple[int, ...]:
    """Return the checksum of each byte."""
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
