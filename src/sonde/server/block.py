"""A block: some JSON and some typed arrays in one piece of bytes, as the dashboard reads them.

    u32 length of the header | header, JSON, blanks up to a multiple of 8 | arrays

All little-endian. Each array begins at a multiple of 8, so that a browser makes views of
them without copying. The header's `arrays` lists them: `[name, type, count]`, with type one
of `f8 f4 i4 u4 u2 u1`.

Against rows of JSON this is a third of the bytes and a thirtieth of the CPU time at 100,000
trials; Arrow would save nothing and costs a reader on both sides.
"""

import json
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["CODES", "MEDIA_TYPE", "pack"]

MEDIA_TYPE = "application/vnd.sonde.block"
CODES = {"d": "f8", "f": "f4", "i": "i4", "I": "u4", "H": "u2", "B": "u1"}


def pack(header: Mapping[str, Any], arrays: Sequence[tuple[str, "array[Any]"]]) -> bytes:
    """Return the block of a header (without NaN: it is JSON) and arrays."""
    listed = [[name, CODES[values.typecode], len(values)] for name, values in arrays]
    text = json.dumps(dict(header) | {"arrays": listed}, allow_nan=False).encode()
    text += b" " * (-(4 + len(text)) % 8)
    parts = [struct.pack("<I", len(text)), text]
    for _, values in arrays:
        if sys.byteorder == "big":
            values = values[:]
            values.byteswap()
        data = values.tobytes()
        parts += [data, bytes(-len(data) % 8)]
    return b"".join(parts)
