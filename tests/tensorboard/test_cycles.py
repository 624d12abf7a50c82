import math
from collections.abc import Callable

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from sonde.tensorboard.cycles import read_cycles
from sonde.tensorboard.events import Scalar, decode, encode_scalar
from sonde.tensorboard.layouts import Learned
from sonde.tensorboard.records import HEADER, frame, records

TAGS = ["loss", "accuracy", "validation/loss"]


def v1(tag: str, value: float, step: int, wall_time: float) -> bytes:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    event: bytes = Event(wall_time=wall_time, step=step, summary=summary).SerializeToString()
    return event


def rows(
    steps: range, write: Callable[[str, float, int, float], bytes] = v1, tags: list[str] = TAGS
) -> list[bytes]:
    return [b"".join(frame(write(tag, step / 3, step, step / 7)) for tag in tags) for step in steps]


def learned(data: bytes) -> Learned:
    known = Learned()
    for body in records(data):
        known.add(body, decode(body))
    return known


def plainly(data: bytes) -> list[Scalar]:
    events = map(decode, records(data))
    return [
        Scalar(one.tag, "run", event.step, one.value, event.wall_time)
        for event in events
        for one in event.scalars
    ]


@pytest.mark.parametrize("write", [v1, encode_scalar])
@pytest.mark.parametrize("steps", [range(1, 101), range(200, 9000), range(2**40, 2**40 + 50)])
def test_cycles_are_read_to_the_last_whole_one(
    write: Callable[[str, float, int, float], bytes], steps: range
) -> None:
    data = b"".join(rows(steps, write))
    out: list[Scalar] = []
    end = read_cycles(data + data[:10], 0, "run", learned(data), out)
    # Where a cycle has one more row than the matrix is high, that row is left to the reader.
    assert end > len(data) - 8 * len(rows(steps, write)[0])
    assert out == plainly(data[:end])


@pytest.mark.parametrize("bit", range(8))
def test_a_row_with_any_damage_ends_the_reading_before_it(bit: int) -> None:
    pieces = rows(range(1, 30))
    known = learned(b"".join(pieces))
    start, width = 20 * len(pieces[0]), len(pieces[0])
    for at in range(width):
        data = bytearray(b"".join(pieces))
        data[start + at] ^= 1 << bit
        out: list[Scalar] = []
        assert read_cycles(bytes(data), 0, "run", known, out) == start
        assert out == plainly(b"".join(pieces[:20]))


@pytest.mark.parametrize("bit", range(8))
def test_damage_in_the_first_row_is_never_taken_for_a_pattern(bit: int) -> None:
    pieces = rows(range(1, 30))
    known = learned(b"".join(pieces))
    for at in range(len(pieces[0])):
        data = bytearray(b"".join(pieces))
        data[at] ^= 1 << bit
        out: list[Scalar] = []
        assert read_cycles(bytes(data), 0, "run", known, out) == 0
        assert out == []


def test_nothing_is_read_of_what_is_not_known_or_too_short() -> None:
    data, out = b"".join(rows(range(1, 30))), list[Scalar]()
    assert read_cycles(data, 0, "run", Learned(), out) == 0
    assert read_cycles(data, 5, "run", learned(data), out) == 5
    short = b"".join(rows(range(1, 5)))
    assert read_cycles(short, 0, "run", learned(short), out) == 0
    assert read_cycles(data[: HEADER.size], 0, "run", learned(data), out) == 0
    assert out == []


def test_a_cycle_of_mixed_kinds_and_one_without_end_are_left_to_the_reader() -> None:
    mixed = b"".join(
        frame(v1("a", step, step, 1.0)) + frame(encode_scalar("b", math.pi, step, 1.0))
        for step in range(1, 60)
    )
    endless = b"".join(frame(v1(f"tag{n:05}", 1.0, 1, 1.0)) for n in range(2000))
    for data in (mixed, endless):
        out: list[Scalar] = []
        assert read_cycles(data, 0, "run", learned(data), out) == 0
        assert out == []
