import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.util import tensor_util

from sonde.tensorboard.events import decode, encode_scalar, encode_version
from sonde.tensorboard.wire import MalformedError

INT64 = st.integers(-(2**63), 2**63 - 1)
# The dtype's number in TensorProto, and numpy's name of it (bfloat16 has none).
NUMBERS = [(1, "f4"), (2, "f8"), (3, "i4"), (5, "i2"), (6, "i1"), (4, "u1"), (9, "i8"), (10, "?")]
NUMBERS += [(19, "f2"), (22, "u4"), (23, "u8"), (17, "u2")]


def event_of(*values: Any, step: int = 3) -> bytes:
    event: bytes = Event(
        wall_time=1.5, step=step, summary=Summary(value=values)
    ).SerializeToString()
    return event


def named(plugin: str) -> Any:
    return {"plugin_data": {"plugin_name": plugin}}


def same(a: float, b: float) -> bool:
    return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))


@given(st.text(), st.floats(), INT64, st.floats(allow_nan=False), st.text(max_size=5))
@example("loss", 0.0, 0, 0.0, "")
def test_a_scalar_is_read_back_to_the_last_digit(
    tag: str, value: float, step: int, wall_time: float, description: str
) -> None:
    event = decode(encode_scalar(tag, value, step, wall_time, description))
    (found,) = event.scalars
    assert (found.tag, event.step, event.wall_time) == (tag, step, wall_time)
    assert same(found.value, value)


@given(st.text(), st.floats(), INT64, st.floats(allow_nan=False), st.text(max_size=9))
@example("loss", 1e300, 1, 1.0, "why")
@example("loss", -1e39, 1, 1.0, "")
def test_tensorboard_reads_what_we_write(
    tag: str, value: float, step: int, wall_time: float, description: str
) -> None:
    event = Event.FromString(encode_scalar(tag, value, step, wall_time, description))
    (found,) = event.summary.value
    assert (found.tag, event.step, event.wall_time) == (tag, step, wall_time)
    with np.errstate(over="ignore"):
        assert same(found.simple_value, float(np.float32(value)))
    assert found.metadata.summary_description == description


@given(st.text(), st.floats(width=32), INT64, st.floats(allow_nan=False))
def test_a_simple_value_is_read(tag: str, value: float, step: int, wall_time: float) -> None:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    event = decode(Event(wall_time=wall_time, step=step, summary=summary).SerializeToString())
    (found,) = event.scalars
    assert (found.tag, event.step, event.wall_time) == (tag, step, wall_time)
    assert same(found.value, value)


@pytest.mark.parametrize(("dtype", "name"), NUMBERS)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
@pytest.mark.parametrize("number", [0, 1, 100, -3])
def test_a_tensor_of_one_element_is_read_in_both_ways_of_storing_it(
    dtype: int, name: str, shape: tuple[int, ...], number: int
) -> None:
    array = np.full(shape, number).astype(name)
    listed = tensor_util.make_tensor_proto(array)
    assert listed.dtype == dtype
    raw = TensorProto(dtype=dtype, tensor_shape=listed.tensor_shape, tensor_content=array.tobytes())
    for tensor in (listed, raw):
        value = Summary.Value(tag="loss", tensor=tensor, metadata=named("scalars"))
        (found,) = decode(event_of(value)).scalars
        assert found.value == float(array.item())


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, math.inf])
def test_a_bfloat16_is_read(value: float) -> None:
    upper = struct.pack("<f", value)[2:]
    listed = TensorProto(dtype=14, half_val=[int.from_bytes(upper, "little")])
    raw = TensorProto(dtype=14, tensor_content=upper)
    for tensor in (listed, raw):
        (found,) = decode(event_of(Summary.Value(tag="loss", tensor=tensor))).scalars
        assert found.value == value


def test_a_zero_whose_list_was_left_out_is_a_zero() -> None:
    tensor = TensorProto(dtype=1, tensor_shape=TensorShapeProto())
    (found,) = decode(event_of(Summary.Value(tag="loss", tensor=tensor))).scalars
    assert found.value == 0.0


def test_all_scalars_of_an_event_are_read_in_their_order() -> None:
    values = [Summary.Value(tag=tag, simple_value=1.0) for tag in ("b", "a", "c")]
    assert [found.tag for found in decode(event_of(*values)).scalars] == ["b", "a", "c"]


@pytest.mark.parametrize(
    "value",
    [
        Summary.Value(tag="h", histo={"min": 0.0, "max": 1.0, "bucket": [1.0]}),
        Summary.Value(tag="i", image={"height": 1, "encoded_image_string": b"png"}),
        Summary.Value(tag="t", tensor=tensor_util.make_tensor_proto("text")),
        Summary.Value(tag="v", tensor=tensor_util.make_tensor_proto(np.zeros(2))),
        Summary.Value(tag="e", tensor=tensor_util.make_tensor_proto(np.zeros(0))),
        Summary.Value(
            tag="p", tensor=tensor_util.make_tensor_proto(1.0), metadata=named("pr_curves")
        ),
        Summary.Value(
            tag="_hparams_/experiment",
            metadata=named("hparams"),
            tensor=TensorProto(dtype=1, tensor_shape=TensorShapeProto(dim=[{"size": 0}])),
        ),
        Summary.Value(tag="n"),
    ],
    ids=lambda value: value.tag,
)
def test_what_is_no_scalar_is_passed_by(value: Any) -> None:
    scalar = Summary.Value(tag="loss", simple_value=0.5)
    assert [found.tag for found in decode(event_of(value, scalar)).scalars] == ["loss"]


def test_the_first_event_states_the_version() -> None:
    event = Event.FromString(encode_version(12.5))
    assert (event.wall_time, event.file_version) == (12.5, "brain.Event:2")
    assert decode(encode_version(12.5)).scalars == ()


@given(st.binary(max_size=80))
def test_bytes_that_are_no_event_are_refused_or_hold_no_scalar(data: bytes) -> None:
    try:
        decode(data)
    except MalformedError:
        return


@given(st.data(), st.binary(min_size=1, max_size=4))
def test_an_event_with_wrong_bytes_in_it_does_no_harm(data: st.DataObject, wrong: bytes) -> None:
    event = event_of(Summary.Value(tag="loss", tensor=tensor_util.make_tensor_proto(1.0)))
    at = data.draw(st.integers(0, len(event) - 1))
    try:
        decode(event[:at] + wrong + event[at + len(wrong) :])
    except MalformedError:
        return
