import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_file_loader import (
    EventFileLoader,
    LegacyEventFileLoader,
)
from tensorboard.util import tensor_util

from sonde.tensorboard import summary
from sonde.tensorboard.ingest import Tail


def logged(directory: Path) -> list[tuple[str, int, float]]:
    return [(one.tag, one.step, one.value) for one in Tail(directory).poll()]


def test_scalars_go_to_the_writer_that_is_the_default(tmp_path: Path) -> None:
    assert not summary.scalar("lost", 1.0, step=0)
    with summary.create_file_writer(tmp_path / "a").as_default():
        assert summary.scalar("loss", 0.1, step=3)
        with summary.create_file_writer(str(tmp_path / "b")).as_default() as inner:
            summary.scalar("loss", 0.2, step=4)
        summary.scalar("loss", 0.3, step=5)
    assert not summary.scalar("lost", 1.0, step=0)
    inner.close()
    assert logged(tmp_path / "a") == [("loss", 3, 0.1), ("loss", 5, 0.3)]
    assert logged(tmp_path / "b") == [("loss", 4, 0.2)]


def test_a_writer_may_be_the_default_from_now_on(tmp_path: Path) -> None:
    def script() -> None:
        summary.create_file_writer(tmp_path).set_as_default()
        summary.scalar("loss", 1.0, step=0)
        summary.flush()

    thread = threading.Thread(target=script)  # so that the default does not outlast this test
    thread.start()
    thread.join()
    assert logged(tmp_path) == [("loss", 0, 1.0)]


def test_without_a_step_each_tag_counts_its_own(tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path).as_default():
        for _ in range(2):
            summary.scalar("a", 1.0)
        summary.scalar("b", 1.0, step=7)
        summary.scalar("b", 1.0)
    assert [(tag, step) for tag, step, _ in logged(tmp_path)] == [
        ("a", 0),
        ("a", 1),
        ("b", 7),
        ("b", 8),
    ]


@pytest.mark.parametrize(
    "data", [0.0, 1, True, np.float32(0.25), np.float64(0.1), np.array(2.5), np.int64(3), 1e300]
)
def test_any_number_is_kept_exactly(tmp_path: Path, data: float) -> None:
    with summary.create_file_writer(tmp_path).as_default():
        summary.scalar("loss", data, step=np.int64(2))
    assert logged(tmp_path) == [("loss", 2, float(data))]


def test_nan_and_infinities_are_kept(tmp_path: Path) -> None:
    with summary.create_file_writer(tmp_path).as_default():
        for value in (math.nan, math.inf, -math.inf):
            summary.scalar("loss", value, step=0)
    values = [value for _, _, value in logged(tmp_path)]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


@pytest.mark.parametrize("loader", [LegacyEventFileLoader, EventFileLoader])
def test_tensorboard_reads_the_file(tmp_path: Path, loader: type[EventFileLoader]) -> None:
    with summary.create_file_writer(tmp_path, filename_suffix=".mine").as_default():
        for step in range(3):
            summary.scalar("loss", 0.1 * step, step, description="lower is better")
    (path,) = tmp_path.iterdir()
    assert "tfevents" in path.name
    assert path.name.endswith(".mine")
    version, *events = loader(str(path)).Load()
    assert version.file_version == "brain.Event:2"
    assert [event.step for event in events] == [0, 1, 2]
    values = [event.summary.value[0] for event in events]
    assert {value.tag for value in values} == {"loss"}
    numbers = [
        tensor_util.make_ndarray(value.tensor).item()
        if value.HasField("tensor")
        else value.simple_value
        for value in values
    ]
    assert numbers == pytest.approx([0, 0.1, 0.2])


def test_two_writers_of_one_directory_write_two_files(tmp_path: Path) -> None:
    for step in range(3):
        summary.create_file_writer(tmp_path).scalar("loss", 1.0, step)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_closed_writer_refuses_to_write(tmp_path: Path) -> None:
    writer = summary.create_file_writer(tmp_path)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.scalar("loss", 1.0, 0)


def test_a_script_that_is_killed_loses_nothing_it_wrote(tmp_path: Path) -> None:
    program = """
import sys
from sonde.tensorboard import summary
with summary.create_file_writer(sys.argv[1]).as_default():
    for step in range(100):
        summary.scalar("loss", step, step=step)
    print("written", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as script:
        assert script.stdout is not None
        script.stdout.readline()
        os.kill(script.pid, signal.SIGKILL)
    assert [step for _, step, _ in logged(tmp_path)] == list(range(100))


def test_forked_children_and_threads_do_not_mix_their_records(tmp_path: Path) -> None:
    program = """
import os, sys, threading
from sonde.tensorboard import summary
writer = summary.create_file_writer(sys.argv[1])
child = os.fork()
def write(part):
    for step in range(200):
        writer.scalar(f"{bool(child)}{part}", step, step)
threads = [threading.Thread(target=write, args=(part,)) for part in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if child:
    os.waitpid(child, 0)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
    tail = Tail(tmp_path)
    found = tail.poll()
    assert tail.problems == []
    for name in ("True0", "True1", "False0", "False1"):
        assert [one.step for one in found if one.tag == name] == list(range(200))


def test_a_script_that_writes_loads_the_standard_library_only(tmp_path: Path) -> None:
    program = """
import sys
before = set(sys.modules)
import sonde.tensorboard
from sonde.tensorboard import summary
with summary.create_file_writer(sys.argv[1]).as_default():
    summary.scalar("loss", 1.0, step=0)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(loaded - sys.stdlib_module_names - {"sonde"} or "nothing else")
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "nothing else\n"
