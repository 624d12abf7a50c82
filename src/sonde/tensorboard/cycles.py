"""Many records at once: the cycle of tags that a training loop writes step after step.

A script that logs twenty tags a step writes twenty records, then the same twenty with other
times, steps and values. As long as this goes on, the file is a matrix with one cycle in
each row, in which most columns are constant. numpy compares all rows with the first, and
reads times, steps and values from their columns. A row that does not fit ends the matrix;
nothing is taken on trust.

The checksums need no pass over the constant bytes either. CRC is linear over GF(2): two
bodies of one length that differ in some bytes have checksums that differ by the sum (xor)
of what each byte contributes, which depends on its value and its distance from the end.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from sonde.tensorboard.events import Scalar
from sonde.tensorboard.layouts import NO_TAG, STEP_AT, Layout, Learned
from sonde.tensorboard.records import FOOTER, HEADER, checksum, crc32c

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

__all__ = ["read_cycles"]

_MAX_RECORDS = 1024  # in a cycle
_MAX_LENGTH = 512  # of an event, which bounds the table of contributions to half a megabyte
_MAX_STEP = 9  # bytes: what fits into an int64 without a sign
_MIN_ROWS = 8  # fewer are not worth a matrix
_MATRIX = 1 << 18  # bytes, so that it stays in the cache


def read_cycles(data: bytes, start: int, run: str, learned: Learned, out: list[Scalar]) -> int:
    """Append the scalars of all whole cycles from `start` on; return where they end.

    That is `start` itself where no cycle begins. Only what `learned` knows makes a cycle.
    """
    while (cycle := _cycle(data, start, learned)) is not None:
        tags, layouts, width = cycle
        rows = min((len(data) - start) // width, max(_MATRIX // width, _MIN_ROWS))
        ahead = start + (_MIN_ROWS - 1) * width
        # Before the matrix is made: is there at least the same length of record in its 8th row?
        if rows < _MIN_ROWS or not data.startswith(data[start : start + HEADER.size], ahead):
            break
        good = _read_matrix(data, start, (rows, width), tags, layouts, run, out)
        start += good * width
        if good < rows:
            break
    return start


def _cycle(data: bytes, start: int, learned: Learned) -> tuple[list[str], list[Layout], int] | None:
    """Return the records from `start` to where the first one's tag comes again.

    Their tags, their layouts and how many bytes they take; None if one is not known, or if
    they differ in how long their steps are or in the kind of their values.
    """
    tags: list[str] = []
    layouts: list[Layout] = []
    first, at = None, start
    while len(tags) <= _MAX_RECORDS:
        header = data[at : at + HEADER.size]
        known = learned.current.get(header)
        if known is None or at + known[1] > len(data):
            return None
        unpack, whole, layout = known
        key, _, raw, before, between, _, behind, _ = unpack(data, at + HEADER.size)
        tag, *around = learned.tags.get(before, NO_TAG)
        if tag is None or around != [between, behind] or key != 0x09 or len(raw) > 1 + _MAX_STEP:
            return None
        if raw not in learned.steps and learned.add_step(raw) is None:
            return None
        if (header, before) == first:
            return tags, layouts, at - start
        if first is None:
            first = header, before
        elif layout.shape != layouts[0].shape:
            return None
        if layout.length > _MAX_LENGTH or layout.step_end == STEP_AT:
            return None
        tags.append(tag)
        layouts.append(layout)
        at += whole
    return None


def _read_matrix(
    data: bytes,
    start: int,
    shape: tuple[int, int],
    tags: list[str],
    layouts: list[Layout],
    run: str,
    out: list[Scalar],
) -> int:
    """Append the scalars of the leading rows that are what the first is; return how many rows."""
    import numpy as np

    rows = np.frombuffer(data, np.uint8, shape[0] * shape[1], start).reshape(shape)
    lengths = np.array([layout.length for layout in layouts])
    # Of each record, its columns of the body.
    bodies = np.cumsum(lengths + HEADER.size + FOOTER.size) - lengths - FOOTER.size
    step_end, value_size = layouts[0].step_end, layouts[0].value_end - layouts[0].value_at
    step_size = step_end - STEP_AT - 1
    values_at = np.array([layout.value_at for layout in layouts])
    fields = {
        "time": bodies[:, None] + np.arange(1, STEP_AT),
        "step": bodies[:, None] + np.arange(STEP_AT + 1, step_end),
        "value": (bodies + values_at)[:, None] + np.arange(value_size),
    }
    if layouts[0].rounded_at < layouts[0].value_at:
        rounded_at = np.array([layout.rounded_at for layout in layouts])
        fields["rounded"] = (bodies + rounded_at)[:, None] + np.arange(4)
    footers = (bodies + lengths)[:, None] + np.arange(FOOTER.size)
    changing = np.zeros(shape[1], bool)
    for columns in (*fields.values(), footers):
        changing[columns] = True
    fits = ((rows == rows[0]) | changing).all(axis=1)
    # The step takes as many bytes as in the first row: the upper bit says where it ends.
    steps = rows[:, fields["step"]]
    fits &= ~((steps ^ steps[0]) & 0x80).any(axis=(1, 2))

    # (rows, records): the checksum of each body, beginning with that of the first row's.
    crc_of = checksum()
    ends = (start + bodies + lengths).tolist()
    summed = [crc_of(data[end - one.length : end]) for end, one in zip(ends, layouts, strict=True)]
    crc = np.array(summed, np.uint32)[None, :]
    contribution = _contributions()
    taken = {name: steps if name == "step" else rows[:, cols] for name, cols in fields.items()}
    for name, columns in fields.items():
        distance = (lengths + bodies)[:, None] - 1 - columns
        parts = contribution.take(distance * 256 + taken[name])
        total = np.bitwise_xor.reduce(parts, axis=2)
        crc = crc ^ total ^ total[0]
    stored = np.ascontiguousarray(rows[:, footers]).view("<u4")[:, :, 0]
    masked = ((crc >> 15) | (crc << 17)) + np.uint32(0xA282EAD8)  # `records.mask`
    fits &= (masked == stored).all(axis=1)

    good = shape[0] if fits.all() else int(fits.argmin())
    numbers = np.zeros((good, len(tags)), np.int64)
    for index in range(step_size):
        numbers |= (steps[:good, :, index] & 0x7F).astype(np.int64) << (7 * index)
    times = _floats(taken["time"][:good], "<f8")
    values = _floats(taken["value"][:good], "<f8" if value_size == 8 else "<f4")
    columns_of = zip(
        itertools.cycle(tags),
        itertools.repeat(run),
        numbers.ravel().tolist(),
        values,
        times,
        strict=False,
    )
    # `Scalar._make` without its Python frame, which would take half of all the time.
    out.extend(map(tuple.__new__, itertools.repeat(Scalar), columns_of))
    return good


def _floats(raw: Bytes, dtype: str) -> Any:
    """Return the bytes `(rows, records, width)` as a flat list of floats."""
    import numpy as np

    return np.ascontiguousarray(raw).view(dtype).ravel().tolist()


@functools.cache
def _contributions() -> NDArray[np.uint32]:
    """Return what byte b, d bytes from the end, adds to a checksum, at index 256 d + b."""
    import numpy as np

    zero = crc32c(b"\0")
    last = np.array([crc32c(bytes([byte])) ^ zero for byte in range(256)], np.uint32)
    table = [last]
    for _ in range(_MAX_LENGTH):
        previous = table[-1]
        table.append((previous >> np.uint32(8)) ^ last[previous & 0xFF])
    return np.concatenate(table)
