"""What a reader has learned of the records it met: where their time, step and value stand.

Of two records that belong to one tag only these three differ. So the first of a kind is
decoded by `events.decode` and its *layout* kept: whatever has the same length and the same
bytes around the three is then taken apart by one `struct` call.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sonde.tensorboard.events import Decoded
from sonde.tensorboard.records import FOOTER, HEADER, header_of
from sonde.tensorboard.wire import MalformedError, signed, varint

__all__ = ["NO_TAG", "STEP_AT", "Layout", "Learned"]

NO_TAG = None, None, None
STEP_AT = 9  # an event begins with the key and the eight bytes of its time, then comes the step
_MAX_TAGS = 4096  # forgotten all at once beyond that
_MAX_STEPS = 65536

# Takes a record apart: its first byte, time, step with its key, bytes before the value, bytes
# between the rounded value (which is skipped) and the value, value, bytes behind it, checksum.
_Unpack = Callable[[bytes, int], tuple[Any, ...]]
# With the bytes of the whole record, frame and all. A plain tuple, for the reader's inner loop.
_Known = tuple[_Unpack, int, "Layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things stand in an event, in bytes from its beginning.

    Attributes:
        length: Of the whole event.
        step_end: Behind the step, which begins at `STEP_AT` with its key; `STEP_AT` itself where
            there is no step, which means step 0.
        rounded_at: Where the value stands rounded to a float; `value_at` if it does not.
        value_at: Where the value begins.
        kind: `f` or `d`, a float or a double, as in `struct`.
    """

    length: int
    step_end: int
    rounded_at: int
    value_at: int
    kind: str

    @property
    def value_end(self) -> int:
        """Where the value ends."""
        return self.value_at + struct.calcsize("<" + self.kind)

    @property
    def shape(self) -> tuple[int, int, str]:
        """What must be equal in records that are to be read as one matrix."""
        return self.step_end, self.value_at - self.rounded_at, self.kind


class Learned:
    """Layouts, tags and steps by the bytes that stand for them.

    What is kept depends on the bytes alone, never on the file: one for all files.
    """

    def __init__(self) -> None:
        # By header, that is by length: the layout that fitted last, and all.
        self.current: dict[bytes, _Known] = {}
        self._all: dict[bytes, list[_Known]] = {}
        # By what stands before the value: the tag, and what stands between and behind.
        self.tags: dict[bytes, tuple[str, bytes, bytes]] = {}
        self.steps: dict[bytes, int] = {b"": 0}

    def add(self, body: bytes, event: Decoded) -> None:
        """Keep the layout of an event, if it is one that can be read fast."""
        # A field that came twice, or in another order, is not worth a layout.
        if len(event.scalars) != 1 or len(body) > 0xFFFF or body[0] != 0x09:
            return
        if event.numbers == (1, 2, 5) and body[STEP_AT] == 0x10:
            _, step_end = varint(body, STEP_AT + 1)
        elif event.numbers == (1, 5):
            step_end = STEP_AT
        else:
            return
        (scalar,) = event.scalars
        if not scalar.kind:
            return
        layout = Layout(
            length=len(body),
            step_end=step_end,
            rounded_at=scalar.rounded_at,
            value_at=scalar.offset,
            kind=scalar.kind,
        )
        skip = 4 if layout.rounded_at < layout.value_at else 0
        before, behind = body[step_end : layout.rounded_at], body[layout.value_end :]
        between = body[layout.rounded_at + skip : layout.value_at]
        if len(self.tags) >= _MAX_TAGS:
            self.current.clear()
            self._all.clear()
            self.tags.clear()
        around = f"{len(before)}s{skip}x{len(between)}s{scalar.kind}{len(behind)}s"
        parts = f"<Bd{step_end - STEP_AT}s{around}I"
        header = header_of(len(body))
        whole = HEADER.size + len(body) + FOOTER.size
        self.current[header] = known = struct.Struct(parts).unpack_from, whole, layout
        others = self._all.setdefault(header, [])
        if all(other[2] != layout for other in others):
            others.append(known)
        self.tags[before] = scalar.tag, between, behind

    def switch(self, data: bytes, start: int, header: bytes) -> bool:
        """Make another known layout of this length current, if one fits the record at `start`.

        Lengths recur: that of a long tag without a step is that of a shorter one with a step.
        """
        for known in self._all[header]:
            key, _, raw, before, between, _, behind, _ = known[0](data, start + HEADER.size)
            if key != 0x09 or self.tags.get(before, NO_TAG)[1:] != (between, behind):
                continue
            if raw in self.steps or self.add_step(raw) is not None:
                self.current[header] = known
                return True
        return False

    def add_step(self, raw: bytes) -> int | None:
        """Return the number in a step's key and varint; None if these bytes are no such thing."""
        if raw[0] != 0x10:  # never empty: that is known from the beginning
            return None
        try:
            number, end = varint(raw, 1)
        except MalformedError:
            return None
        if end != len(raw):
            return None
        if len(self.steps) >= _MAX_STEPS:
            self.steps.clear()
            self.steps[b""] = 0
        step = self.steps[raw] = signed(number)
        return step
