"""Reading event files: sonde's reader beside TensorBoard's loader and accumulator.

Writes event files like those of training runs (20 scalar tags, one record a scalar) into a
temporary directory and reads all of them with each reader in turn, several rounds, in this
process. The figures are medians of CPU time, so a busy machine hardly moves them. All three
verify both checksums; all three must find the same scalars.

    .venv/bin/python benchmarks/event_files.py [--mb 4] [--files 4] [--rounds 5] [--json]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import (
    EventFileLoader,
    LegacyEventFileLoader,
)
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.util.tensor_util import make_tensor_proto

from sonde.tensorboard.events import encode_scalar, encode_version
from sonde.tensorboard.ingest import Tail
from sonde.tensorboard.records import frame

TAGS = [
    f"{part}/{name}"
    for part in ("train", "valid")
    for name in (
        *("loss", "accuracy", "f1", "precision", "recall", "learning_rate", "grad_norm"),
        *("throughput", "gpu_memory_gb", "epoch_time"),
    )
]


def v1(tag: str, value: float, step: int, wall_time: float) -> bytes:
    """Return an event as PyTorch and tensorboardX write it."""
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    event: bytes = Event(wall_time=wall_time, step=step, summary=summary).SerializeToString()
    return event


def tensor(tag: str, value: float, step: int, wall_time: float) -> bytes:
    """Return an event as TensorFlow 2 and Keras write it."""
    scalar = Summary.Value(tag=tag, tensor=make_tensor_proto(value, dtype="float32"))
    scalar.metadata.plugin_data.plugin_name = "scalars"
    event: bytes = Event(
        wall_time=wall_time, step=step, summary=Summary(value=[scalar])
    ).SerializeToString()
    return event


def write(directory: Path, megabytes: float, files: int, encode: Callable[..., bytes]) -> int:
    """Write the files and return how many scalars they hold."""
    scalars = 0
    for number in range(files):
        run = directory / f"run_{number}"
        run.mkdir()
        with (run / f"events.out.tfevents.1700000000.host.{number}").open("wb") as file:
            file.write(frame(encode_version(1.7e9)))
            step = 0
            while file.tell() < megabytes * 1e6 / files:
                for index, tag in enumerate(TAGS):
                    value = index + 1 / (step + 1)
                    file.write(frame(encode(tag, value, step, 1.7e9 + step)))
                    scalars += 1
                step += 1
    return scalars


def by_sonde(directory: Path) -> int:
    """Read everything with sonde and return how many scalars there were."""
    return len(Tail(directory).poll())


def by_loader(kind: type[LegacyEventFileLoader]) -> Callable[[Path], int]:
    """Return a function that reads everything with one of TensorBoard's loaders."""

    def read(directory: Path) -> int:
        found = 0
        for path in sorted(directory.rglob("*tfevents*")):
            found += sum(event.HasField("summary") for event in kind(str(path)).Load())
        return found

    return read


def by_accumulator(directory: Path) -> int:
    """Read everything with the accumulator that people's scripts use."""
    found = 0
    for path in sorted(directory.rglob("*tfevents*")):
        accumulator = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
        accumulator.Reload()
        tags = accumulator.Tags()
        found += sum(len(accumulator.Scalars(tag)) for tag in tags["scalars"])
        found += sum(len(accumulator.Tensors(tag)) for tag in tags["tensors"])
    return found


READERS: dict[str, Callable[[Path], int]] = {
    "sonde": by_sonde,
    "LegacyEventFileLoader": by_loader(LegacyEventFileLoader),
    "EventFileLoader": by_loader(EventFileLoader),
    "EventAccumulator": by_accumulator,
}


def measure(
    megabytes: float, files: int, rounds: int, encode: Callable[..., bytes]
) -> dict[str, Any]:
    """Return the median MB/s of each reader and how many times sonde's it takes."""
    seconds: dict[str, list[float]] = {name: [] for name in READERS}
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        scalars = write(place, megabytes, files, encode)
        size = sum(path.stat().st_size for path in place.rglob("*tfevents*"))
        for _ in range(rounds):
            for name, read in READERS.items():
                begin = time.process_time()
                found = read(place)
                seconds[name].append(time.process_time() - begin)
                if found != scalars:
                    raise SystemExit(f"{name} found {found} of {scalars} scalars")
    rates = {name: size / 1e6 / statistics.median(taken) for name, taken in seconds.items()}
    return {
        "megabytes": round(size / 1e6, 2),
        "scalars": scalars,
        "bytes_per_record": round(size / scalars, 1),
        "mb_per_cpu_s": {name: round(rate, 2) for name, rate in rates.items()},
        "scalars_per_cpu_s": {
            name: round(rate * 1e6 * scalars / size) for name, rate in rates.items()
        },
        "sonde_is_faster_by": {
            name: round(rates["sonde"] / rate, 1) for name, rate in rates.items()
        },
    }


def main() -> None:
    """Measure each kind of scalar and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mb", type=float, default=4.0, help="megabytes of event files")
    parser.add_argument("--files", type=int, default=4, help="how many files they are split into")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    results = {
        name: measure(args.mb, args.files, args.rounds, encode)
        for name, encode in {"PyTorch": v1, "TensorFlow 2": tensor, "sonde": encode_scalar}.items()
    }
    if args.json:
        print(json.dumps(results))
        return
    for kind, result in results.items():
        print(
            f"as {kind} writes: {result['megabytes']} MB, {result['scalars']} scalars,"
            f" {result['bytes_per_record']} bytes a record"
        )
        for name, rate in result["mb_per_cpu_s"].items():
            factor = result["sonde_is_faster_by"][name]
            print(f"  {name:24}{rate:8.2f} MB/s   sonde is {factor:g} times as fast")


if __name__ == "__main__":
    main()
