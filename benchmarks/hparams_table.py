"""The table of a logdir of many runs: sonde's reader against TensorBoard's own.

    python benchmarks/hparams_table.py [--runs 10000] [--peer-runs 1000]

Writes runs of ten hyperparameters and two scalars of twenty steps, as TensorBoard's HParams
expects them, and reads the whole table cold, in a process of its own: `sonde.tensorboard.logdir`
on all runs, TensorBoard's multiplexer and its handler of `session_groups`, in one thread and
without HTTP, on `--peer-runs` of them, as it takes long. Prints CPU seconds, peak memory and
how soon a first part of the answer is there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sonde.tensorboard import hparams as hp
from sonde.tensorboard import summary

OURS = """
import json, resource, sys, time
begun = time.process_time()
from sonde.tensorboard.logdir import Logdir
logdir = Logdir(sys.argv[1])
done = logdir.read(limit_s=1.0)
first = (time.process_time() - begun, len(logdir.groups()))
while not done:
    done = logdir.read(limit_s=1.0)
rows = [(group.hparams, group.value("loss"), group.value("acc")) for group in logdir.groups()]
"""
THEIRS = """
import json, resource, sys, time
begun = time.process_time()
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups
multiplexer = plugin_event_multiplexer.EventMultiplexer()
multiplexer.AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
provider = data_provider.MultiplexerDataProvider(multiplexer, sys.argv[1])
context = backend_context.Context(TBContext(data_provider=provider))
statuses = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS]
request = api_pb2.ListSessionGroupsRequest(
    start_index=0, slice_size=10**6, allowed_statuses=statuses
)
handler = list_session_groups.Handler(RequestContext(), context, "", request)
rows = handler.run().session_groups
first = (time.process_time() - begun, len(rows))
"""
SAID = """
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu_s": time.process_time() - begun, "mb": used.ru_maxrss / 1024,
                  "rows": len(rows), "first": first}))
"""


def main() -> None:
    """Write the runs, read them both ways, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--peer-runs", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for count in (options.runs, options.peer_runs):
            write(Path(folder) / str(count), count)
        print(f"{'':12} {'runs':>7} {'CPU s':>8} {'ms/run':>8} {'MB':>6}  first answer")
        for name, program, count in (
            ("sonde", OURS, options.runs),
            ("sonde", OURS, options.peer_runs),
            ("TensorBoard", THEIRS, options.peer_runs),
        ):
            argv = [sys.executable, "-W", "ignore", "-c", program + SAID]
            done = subprocess.run(
                [*argv, str(Path(folder) / str(count))], capture_output=True, text=True, check=True
            )
            found = json.loads(done.stdout)
            assert found["rows"] == count, found
            first_s, rows = found["first"]
            print(
                f"{name:12} {count:7} {found['cpu_s']:8.2f} {1e3 * found['cpu_s'] / count:8.3f} "
                f"{found['mb']:6.0f}  {rows} rows at {first_s:.2f} s CPU"
            )


def write(root: Path, runs: int) -> None:
    """Write the runs of a logdir."""
    begun = time.time()
    for number in range(runs):
        writer = summary.create_file_writer(root / f"run-{number:05}")
        with writer.as_default():
            values = {f"h{index}": number * index % 97 / 97 for index in range(9)}
            hp.hparams({**values, "number": number}, start_time_secs=begun + number)
            for step in range(20):
                summary.scalar("loss", 1 / (1 + step + number), step)
                summary.scalar("acc", step / (1 + number), step)
        writer.close()


if __name__ == "__main__":
    main()
