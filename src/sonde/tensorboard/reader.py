"""The scalars of an event file at the speed that Python allows.

Three ways, each taken where it can be and all with the same outcome, that of
`events.decode`: whole cycles of records by numpy (`cycles`), records of a known layout by
one `struct` call (`layouts`), anything else field by field. Both checksums of every record
are verified: that of the length by comparing it with the header that such a length has.
"""

from dataclasses import dataclass, replace

from sonde.tensorboard.cycles import read_cycles
from sonde.tensorboard.events import MARK, Scalar, decode
from sonde.tensorboard.layouts import NO_TAG, Learned
from sonde.tensorboard.records import FOOTER, HEADER, checksum, find_header, mask
from sonde.tensorboard.wire import MalformedError

__all__ = ["Chunk", "Damage", "ScalarReader"]

_WORTH_CYCLES = 1 << 15  # bytes: with less left, numpy costs more than it saves
# Bytes read one record at a time between two looks for a cycle: first when the last look was
# good (validation every hundred steps breaks a cycle for a moment), then when it was not.
_SOON, _LATER = 1 << 12, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Bytes that hold no readable record: `offset` in what was read, and what is wrong there."""

    offset: int
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What was read.

    Attributes:
        scalars: In the order of the file.
        consumed: How many bytes need not be read again; the rest is an unfinished record.
        damages: What had to be left out, in the order of the file.
        marked: Events with messages of the HParams plugin, in the order of the file.
    """

    scalars: list[Scalar]
    consumed: int
    damages: list[Damage]
    marked: list[bytes]


class ScalarReader:
    """Reads event files; what it learns from one it uses for all others."""

    def __init__(self) -> None:
        self._checksum = checksum()
        self._learned = Learned()

    def read(self, data: bytes, run: str = "") -> Chunk:
        """Return the scalars in the data, which begins at a record, or in damage.

        Never raises, whatever the bytes are. A damaged body costs that record alone. After
        a damaged length the next record is looked for and reading goes on there.
        """
        chunk = Chunk(scalars=[], consumed=0, damages=[], marked=[])
        size, start, until, is_over = len(data), 0, _SOON, False
        while not is_over:
            start, is_over = self._read_each(data, start, min(until, size), run, chunk)
            if not is_over and size - start >= _WORTH_CYCLES:
                before = start
                start = read_cycles(data, start, run, self._learned, chunk.scalars)
                until = start + (_SOON if start > before else _LATER)
            else:
                until = size
        return replace(chunk, consumed=start)

    def _read_each(
        self, data: bytes, start: int, until: int, run: str, chunk: Chunk
    ) -> tuple[int, bool]:
        """Read records until one begins behind `until`; return where, and if the data is over."""
        # Local variables and one loop without calls: this is where the time goes.
        crc, learned, size = self._checksum, self._learned, len(data)
        current, tags, steps = learned.current, learned.tags, learned.steps
        append, new = chunk.scalars.append, tuple.__new__
        smallest, switched_at = HEADER.size + FOOTER.size, -1
        while start < until:
            body_at = start + 12
            header = data[start:body_at]
            known = current.get(header)
            if known is not None:
                unpack, whole, _ = known
                end = start + whole
                if end > size:
                    return start, True
                key, wall_time, raw, before, mid, value, tail, stored = unpack(data, body_at)
                tag, between, behind = tags.get(before, NO_TAG)
                if tag is not None and tail == behind and mid == between and key == 0x09:
                    step = steps.get(raw)
                    if step is None:
                        step = learned.add_step(raw)
                    if step is not None:
                        found = crc(data[body_at : end - 4])
                        # `mask`, written out
                        if (((found >> 15) | (found << 17)) + 0xA282EAD8) & 0xFFFFFFFF == stored:
                            append(new(Scalar, (tag, run, step, value, wall_time)))
                            start = end
                            continue
                if switched_at != start and learned.switch(data, start, header):
                    switched_at = start
                    continue
            if start + smallest > size:
                return start, True
            start, is_cut_off = self._read_any(data, start, run, chunk)
            if is_cut_off:
                return start, True
        return start, start >= size

    def _read_any(self, data: bytes, start: int, run: str, chunk: Chunk) -> tuple[int, bool]:
        """Read one record of any kind; return where the next begins and whether it is cut off."""
        length, stored = HEADER.unpack_from(data, start)
        if mask(self._checksum(data[start : start + 8])) != stored:
            chunk.damages.append(Damage(offset=start, found="the length of a record is damaged"))
            return find_header(data, start + 1), False
        body_at = start + HEADER.size
        end = body_at + length
        if end + FOOTER.size > len(data):
            return start, True
        body = data[body_at:end]
        if mask(self._checksum(body)) != FOOTER.unpack_from(data, end)[0]:
            chunk.damages.append(Damage(offset=start, found="the checksum of a record is wrong"))
        else:
            try:
                event = decode(body)
            except MalformedError as error:
                found = f"a record is no event ({error})"
                chunk.damages.append(Damage(offset=start, found=found))
            else:
                for one in event.scalars:
                    scalar = Scalar(one.tag, run, event.step, one.value, event.wall_time)
                    chunk.scalars.append(scalar)
                self._learned.add(body, event)
                if MARK in body:
                    chunk.marked.append(body)
        return end + FOOTER.size, False
