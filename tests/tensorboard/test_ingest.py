import os
import time
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.util import tensor_util
from tensorboardX import SummaryWriter

from sonde.tensorboard.events import Scalar, encode_scalar, encode_version
from sonde.tensorboard.ingest import Tail
from sonde.tensorboard.records import frame

NAME = "events.out.tfevents.1700000000.host.1.0"


def record(tag: str = "loss", value: float = 0.5, step: int = 1) -> bytes:
    return frame(encode_scalar(tag, value, step, 1.7e9))


def write(path: Path, data: bytes, mode: str = "ab") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode) as file:
        file.write(data)


def brief(scalars: list[Scalar]) -> list[tuple[str, str, int]]:
    return [(scalar.run, scalar.tag, scalar.step) for scalar in scalars]


def test_what_tensorboardx_writes_is_read(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path / "runs")) as writer:
        for step in range(50):
            writer.add_scalar("loss", 1 / (step + 1), step, walltime=step)
            writer.add_histogram("weights", np.array([0.0, 1.0]), step)
            writer.add_text("note", "text", step)
        writer.add_scalars("both", {"a": 1.0}, 7)
    found = Tail(tmp_path).poll()
    losses = [scalar for scalar in found if scalar.tag == "loss"]
    assert [scalar.step for scalar in losses] == list(range(50))
    assert [scalar.value for scalar in losses] == pytest.approx([1 / (n + 1) for n in range(50)])
    assert [scalar.wall_time for scalar in losses] == list(range(50))
    assert {scalar.tag for scalar in found} == {"loss", "both"}
    assert {scalar.run for scalar in found} == {"runs", "runs/both/a"}


def test_keras_layout_is_read_with_its_runs(tmp_path: Path) -> None:
    for run, values in {"train": [0.9, 0.5], "validation": [1.0, 0.0]}.items():
        data = frame(encode_version(1.0))
        for epoch, value in enumerate(values):
            tensor = tensor_util.make_tensor_proto(value, dtype="float32")
            scalar = Summary.Value(tag="epoch_loss", tensor=tensor)
            scalar.metadata.plugin_data.plugin_name = "scalars"
            event = Event(wall_time=2.0, step=epoch, summary=Summary(value=[scalar]))
            data += frame(event.SerializeToString())
        write(tmp_path / "logs" / run / f"{NAME}.v2", data)
    tail = Tail(tmp_path)
    validation = [scalar for scalar in tail.poll() if scalar.run == "logs/validation"]
    assert [(scalar.step, scalar.value) for scalar in validation] == [(0, 1.0), (1, 0.0)]
    assert {scalar.tag for scalar in validation} == {"epoch_loss"}


def test_only_what_is_new_is_told(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert tail.poll() == []
    write(tmp_path / NAME, record(step=1))
    assert brief(tail.poll()) == [("", "loss", 1)]
    assert tail.poll() == []
    write(tmp_path / NAME, record(step=2) + record(step=3))
    assert brief(tail.poll()) == [("", "loss", 2), ("", "loss", 3)]


def test_a_file_that_grows_byte_by_byte_is_read_once(tmp_path: Path) -> None:
    data = frame(encode_version(1.0)) + b"".join(record(step=step) for step in range(4))
    tail, found = Tail(tmp_path), []
    for at in range(len(data)):
        write(tmp_path / NAME, data[at : at + 1])
        found += tail.poll()
    assert [scalar.step for scalar in found] == [0, 1, 2, 3]
    assert tail.problems == []


def test_files_and_directories_that_come_later_are_found(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "not" / "there" / "yet")
    assert tail.poll() == []
    for step, place in enumerate(["", "a", "a/b/c", "a/b", "d"]):
        write(tmp_path / "not/there/yet" / place / NAME, record(step=step))
        assert brief(tail.poll()) == [(place, "loss", step)]
        write(tmp_path / "not/there/yet" / place / (NAME + "1"), record(step=step + 10))
        assert brief(tail.poll()) == [(place, "loss", step + 10)]


def test_a_new_file_in_a_directory_that_was_quiet_for_long_is_found(tmp_path: Path) -> None:
    write(tmp_path / "a" / NAME, record())
    for directory in (tmp_path, tmp_path / "a"):
        os.utime(directory, (1e9, 1e9))
    tail = Tail(tmp_path)
    tail.poll()
    write(tmp_path / "a" / (NAME + "1"), record(step=2))
    write(tmp_path / "a" / "b" / NAME, record(step=3))
    assert brief(tail.poll()) == [("a/b", "loss", 3), ("a", "loss", 2)]


def test_other_files_and_skipped_directories_are_left_alone(tmp_path: Path) -> None:
    for place in (".git", "__pycache__", "a/node_modules/b"):
        write(tmp_path / place / NAME, record())
    write(tmp_path / "events.txt", record())
    (tmp_path / "dir.tfevents").mkdir()
    assert Tail(tmp_path).poll() == []


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / NAME, record())
    root = tmp_path / "root"
    write(root / "a" / NAME, record())
    (root / "a" / "loop").symlink_to(root)
    (root / "data").symlink_to(tmp_path / "elsewhere")
    (root / f"{NAME}.link").symlink_to(root / "a" / NAME)
    assert brief(Tail(root).poll()) == [("a", "loss", 1)]


def test_a_root_that_is_a_symbolic_link_is_read(tmp_path: Path) -> None:
    write(tmp_path / "real" / NAME, record())
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert brief(Tail(tmp_path / "link").poll()) == [("", "loss", 1)]


def test_damage_is_reported_once_and_costs_one_record(tmp_path: Path) -> None:
    broken = bytearray(record(step=2))
    broken[30] ^= 1
    write(tmp_path / "a" / NAME, record(step=1) + broken + record(step=3))
    tail = Tail(tmp_path)
    assert [scalar.step for scalar in tail.poll()] == [1, 3]
    write(tmp_path / "a" / NAME, bytes(broken) + record(step=4))
    assert [scalar.step for scalar in tail.poll()] == [4]
    (problem,) = tail.problems
    assert (problem.path, problem.offset) == (tmp_path / "a" / NAME, len(record()))
    assert str(problem).endswith(f"byte {len(record())}: the checksum of a record is wrong")


def test_a_damaged_length_at_the_end_loses_nothing_that_comes_later(tmp_path: Path) -> None:
    broken = bytearray(record(step=2))
    broken[1] ^= 1
    data = bytes(broken) + record(step=3) + record(step=4)
    tail, found = Tail(tmp_path), []
    write(tmp_path / NAME, record(step=1))
    for at in range(0, len(data), 7):
        write(tmp_path / NAME, data[at : at + 7])
        found += tail.poll()
    assert [scalar.step for scalar in found] == [1, 3, 4]
    assert len(tail.problems) == 1


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a" / NAME, record())
    write(tmp_path / "b" / NAME, record())
    tail = Tail(tmp_path)
    tail.poll()
    (tmp_path / "a" / NAME).unlink()
    (tmp_path / "a" / NAME).mkdir()
    write(tmp_path / "b" / NAME, record(step=2))
    assert brief(tail.poll()) == [("b", "loss", 2)]
    assert tail.poll() == []
    (problem,) = tail.problems
    assert problem.path == tmp_path / "a" / NAME
    assert problem.found == "cannot be read (Is a directory)"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert Tail(tmp_path).poll() == []


def test_a_file_that_is_replaced_or_cut_short_is_read_anew(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    write(tmp_path / NAME, record(step=1) + record(step=2))
    tail.poll()
    write(tmp_path / NAME, record(step=3), "wb")
    assert [scalar.step for scalar in tail.poll()] == [3]
    write(tmp_path / "new", record(step=4) + record(step=5))
    (tmp_path / "new").replace(tmp_path / NAME)
    assert [scalar.step for scalar in tail.poll()] == [4, 5]


def test_files_and_directories_that_go_away_are_forgotten(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    write(tmp_path / "a" / NAME, record(step=1))
    tail.poll()
    (tmp_path / "a" / NAME).unlink()
    (tmp_path / "a").rmdir()
    assert tail.poll() == []
    write(tmp_path / "a" / NAME, record(step=2))
    assert [scalar.step for scalar in tail.poll()] == [2]
    assert tail.problems == []


def test_what_was_there_before_can_be_left_out(tmp_path: Path) -> None:
    half = record(step=2)
    write(tmp_path / "runs" / NAME, record(step=1) + half[:20])
    tail = Tail(tmp_path, skip_present=True)
    assert tail.poll() == []
    write(tmp_path / "runs" / NAME, half[20:])
    write(tmp_path / "runs" / (NAME + "1"), record(step=3))
    assert [scalar.step for scalar in tail.poll()] == [2, 3]


def test_a_file_larger_than_what_is_read_at_a_time_is_read_whole(tmp_path: Path) -> None:
    picture = frame(Event(summary={"value": [{"tag": "i", "image": {}}]}).SerializeToString())
    large = Event(summary={"value": [{"image": {"encoded_image_string": b"x" * (9 << 20)}}]})
    data = picture + record(step=1) + frame(large.SerializeToString()) + record(step=2)
    data += b"".join(record(step=step) for step in range(3, 70_000))
    write(tmp_path / NAME, data)
    assert [scalar.step for scalar in Tail(tmp_path).poll()] == list(range(1, 70_000))


def test_an_unchanged_tree_costs_little(tmp_path: Path) -> None:
    for index in range(10):
        write(tmp_path / f"run{index}" / NAME, record())
        os.utime(tmp_path / f"run{index}", (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    tail = Tail(tmp_path)
    assert len(tail.poll()) == 10
    costs = []
    for _ in range(50):
        begin = time.process_time()
        tail.poll()
        costs.append(time.process_time() - begin)
    assert min(costs) < 0.001
