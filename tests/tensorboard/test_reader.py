import math
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.util import tensor_util

from sonde.tensorboard.events import Scalar, decode, encode_scalar, encode_version
from sonde.tensorboard.reader import ScalarReader
from sonde.tensorboard.records import frame, records


def v1(tag: str, value: float, step: int, wall_time: float) -> bytes:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    event: bytes = Event(wall_time=wall_time, step=step, summary=summary).SerializeToString()
    return event


def v2(tag: str, value: float, step: int, wall_time: float) -> bytes:
    scalar = Summary.Value(tag=tag, tensor=tensor_util.make_tensor_proto(value, dtype="float32"))
    scalar.metadata.plugin_data.plugin_name = "scalars"
    event = Event(wall_time=wall_time, step=step, summary=Summary(value=[scalar]))
    data: bytes = event.SerializeToString()
    return data


WRITERS: list[Callable[[str, float, int, float], bytes]] = [v1, v2, encode_scalar]


def plainly(data: bytes, run: str = "") -> list[Scalar]:
    """Every record field by field: what the fast ways must agree with."""
    events = map(decode, records(data))
    return [
        Scalar(one.tag, run, event.step, one.value, event.wall_time)
        for event in events
        for one in event.scalars
    ]


def text(scalars: Iterable[Scalar]) -> list[str]:
    return list(map(repr, scalars))  # NaN is then equal to itself


def training(
    steps: Iterable[int], tags: list[str], write: Callable[[str, float, int, float], bytes] = v1
) -> bytes:
    data = frame(encode_version(1.7e9))
    for step in steps:
        for tag in tags:
            data += frame(write(tag, 1 / (step + 1), step, 1.7e9 + step / 7))
    return data


tags = st.sampled_from(["loss", "los", "lo", "validation/loss", "x" * 130, "ü", ""])
values = st.floats(width=32) | st.just(0.0)
steps = st.sampled_from([0, 1, 127, 128, 16383, 16384, 2**31, 2**62, -1])
walls = st.floats(1e9, 2e9)
scalars = st.builds(
    lambda write, *args: frame(write(*args)), st.sampled_from(WRITERS), tags, values, steps, walls
)


@given(st.lists(st.lists(scalars, max_size=30), max_size=3))
def test_the_fast_way_reads_what_the_plain_way_reads(files: list[list[bytes]]) -> None:
    reader = ScalarReader()  # one for all, with what it learned from the others
    for file in files:
        data = b"".join(file)
        chunk = reader.read(data, "run")
        assert text(chunk.scalars) == text(plainly(data, "run"))
        assert (chunk.consumed, chunk.damages) == (len(data), [])


@pytest.mark.parametrize("write", WRITERS)
def test_a_long_training_is_read_whole_and_in_order(
    write: Callable[[str, float, int, float], bytes],
) -> None:
    names = ["loss", "accuracy", "learning_rate", "los"]
    data = training(range(600), names, write)
    for _ in range(2):  # with nothing learned, and with everything
        chunk = ScalarReader().read(data)
        assert chunk.scalars == plainly(data)
        assert len(chunk.scalars) == 2400
        assert chunk.consumed == len(data)


def test_values_of_every_kind_are_read_in_a_long_training() -> None:
    values = [0.0, -0.0, 1.5, math.inf, -math.inf, math.nan]
    data = b"".join(
        frame(v1("loss", values[step % 6], step + 1, 1e9 - step)) for step in range(3000)
    )
    assert text(ScalarReader().read(data).scalars) == text(plainly(data))


def test_a_training_whose_cycle_is_broken_now_and_then_is_read_whole() -> None:
    data = b""
    for step in range(100, 1600):
        data += frame(v1("loss", step, step, 1e9)) + frame(v2("accuracy", step, step, 1e9))
        if step % 90 == 0:
            data += frame(v1("validation", step, step, 1e9)) + frame(encode_version(1e9))
        if step == 800:
            data += frame(v1("loss", step, 2**40, 1e9))
    assert ScalarReader().read(data).scalars == plainly(data)


@settings(max_examples=60)
@given(st.sampled_from(WRITERS), st.integers(0, 200_000), st.integers(0, 7))
def test_a_flipped_bit_in_a_long_training_costs_one_record(
    write: Callable[[str, float, int, float], bytes], place: int, bit: int
) -> None:
    data, whole = LONG[write]
    at = place % len(data)
    damaged = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    chunk = ScalarReader().read(damaged)
    assert len(chunk.damages) == 1
    missing = set(whole) - set(chunk.scalars)
    assert len(missing) <= 1  # 0 if it was the record of the version
    assert chunk.scalars == [scalar for scalar in whole if scalar not in missing]


def long(write: Callable[[str, float, int, float], bytes]) -> tuple[bytes, list[Scalar]]:
    data = training(range(1, 1000), ["loss", "accuracy", "f1"], write)
    return data, plainly(data)


LONG = {write: long(write) for write in WRITERS}


@pytest.mark.parametrize("write", WRITERS)
def test_a_flipped_bit_at_any_byte_costs_that_record_alone(
    write: Callable[[str, float, int, float], bytes],
) -> None:
    pieces = [frame(encode_version(1.0))]
    pieces += [frame(write("loss", step / 3, step, step * 1.0)) for step in range(6)]
    whole = plainly(b"".join(pieces))
    starts = [sum(map(len, pieces[:index])) for index in range(len(pieces))]
    for index, (start, piece) in enumerate(zip(starts, pieces, strict=True)):
        expected = whole[: max(index - 1, 0)] + whole[index:]
        for at in range(len(piece)):
            data = bytearray(b"".join(pieces))
            data[start + at] ^= 1 << at % 8
            chunk = ScalarReader().read(bytes(data))
            assert chunk.scalars == (expected if index else whole)
            assert [damage.offset for damage in chunk.damages] == [start]


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_cut_off_at_any_byte_gives_its_whole_records(
    write: Callable[[str, float, int, float], bytes],
) -> None:
    data = frame(encode_version(1.0))
    ends = [len(data)]
    for step in range(5):
        data += frame(write("loss", 0.5, step, 1.0))
        ends.append(len(data))
    whole = plainly(data)
    for size in range(len(data) + 1):
        chunk = ScalarReader().read(data[:size])
        whole_records = sum(end <= size for end in ends)
        assert chunk.scalars == whole[: max(whole_records - 1, 0)]
        assert chunk.consumed == max([0, *(end for end in ends if end <= size)])
        assert chunk.damages == []


@given(st.binary(max_size=300))
def test_rubbish_is_reported_and_does_no_harm(data: bytes) -> None:
    chunk = ScalarReader().read(data)
    assert chunk.scalars == []
    assert 0 <= chunk.consumed <= len(data)


def test_a_record_that_is_intact_but_no_event_is_reported() -> None:
    data = frame(b"\xff\xff") + frame(v1("loss", 1.0, 1, 1.0))
    chunk = ScalarReader().read(data)
    assert [scalar.tag for scalar in chunk.scalars] == ["loss"]
    assert "no event" in chunk.damages[0].found


def test_more_tags_and_steps_than_are_kept_are_all_read() -> None:
    data = b"".join(frame(v1(f"tag{n}", n, n * 3, 1.0)) for n in range(9000))
    reader = ScalarReader()
    for _ in range(2):
        assert [scalar.step for scalar in reader.read(data).scalars] == list(range(0, 27000, 3))
    data = b"".join(frame(v1("loss", 1.0, step, 1.0)) for step in range(0, 90000, 7))
    data += b"".join(frame(v1("accuracy" * (n % 2), 1.0, n, 1.0)) for n in range(70000))
    assert len(reader.read(data).scalars) == len(range(0, 90000, 7)) + 70000
