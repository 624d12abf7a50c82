"""The journal: whole lines, exact numbers, nothing lost."""

import json
import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.errors import StoreError
from sonde.tracking.spool import Journal, line


@given(
    st.none() | st.integers(-(2**62), 2**62),
    st.dictionaries(st.text(min_size=1), st.floats(), max_size=5),
)
def test_a_report_reads_back_exactly_with_any_json_reader(
    step: int | None, metrics: dict[str, float]
) -> None:
    metrics.pop("step", None)
    metrics.pop("_time", None)
    data = json.loads(line(step, metrics, 1718.25))
    assert data.pop("_time") == 1718.25
    assert data.pop("step", None) == step
    assert {k: repr(v) for k, v in data.items()} == {k: repr(v) for k, v in metrics.items()}


def test_a_report_is_one_line_in_the_documented_order() -> None:
    assert line(3, {"val_loss": 0.41}, 1718.2) == (
        b'{"step": 3, "val_loss": 0.41, "_time": 1718.200000}\n'
    )


def test_what_diverged_is_written_as_python_writes_it() -> None:
    text = line(None, {"a": math.nan, "b": math.inf, "c": -math.inf}, 0.0).decode()
    assert text == '{"a": NaN, "b": Infinity, "c": -Infinity, "_time": 0.000000}\n'


def test_the_file_appears_with_the_first_report_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    journal = Journal(str(path))
    assert not path.exists()
    journal.write(None, {"a": 1.0}, 0.0)
    journal.close()
    journal.write(None, {"a": 2.0}, 0.0)
    journal.close()
    journal.close()
    assert [json.loads(each)["a"] for each in path.read_text().splitlines()] == [1.0, 2.0]


def test_a_journal_that_cannot_be_written_says_which_and_why(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "absent" / "reports.jsonl"))
    with pytest.raises(StoreError, match=r"absent.*reports\.jsonl.*No such file"):
        journal.write(None, {"a": 1.0}, 0.0)


def test_a_disk_that_fills_up_is_an_error_and_not_silence(tmp_path: Path) -> None:
    script = (
        "import resource, sys\n"
        "from sonde.errors import StoreError\n"
        "from sonde.tracking.spool import Journal\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "journal = Journal(sys.argv[1])\n"
        "try:\n"
        "    for i in range(9): journal.write(i, {'a': 1.0}, 0.0)\n"
        "except StoreError as error: print(i, error)\n"
    )
    path = str(tmp_path / "reports.jsonl")
    done = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"2 {path}: the report cannot be written: ")


def test_nothing_logged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    script = (
        "import sonde, itertools\n"
        "for i in itertools.count():\n"
        "    sonde.log(i=i)\n"
        "    print(i, flush=True)\n"
    )
    environment = os.environ | {"SONDE_TRIAL_DIR": str(tmp_path)}
    (tmp_path / "params.json").write_text("{}")
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(200):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        printed = process.stdout.read().splitlines()
    acknowledged = 199 + len([text for text in printed if text])
    lines = (tmp_path / "reports.jsonl").read_text().splitlines(keepends=True)
    assert [json.loads(each)["i"] for each in lines] == list(range(len(lines)))
    assert len(lines) >= acknowledged
    assert lines[-1].endswith("\n")


def test_threads_and_forked_children_write_whole_lines_to_the_same_journal(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    journal = Journal(str(path))
    journal.write(None, {"who": -1.0}, 0.0)

    def work(who: int) -> None:
        for i in range(200):
            journal.write(i, {"who": float(who), "with a longer name": 0.1 * i}, 0.0)

    script = (
        "import os, sys\n"
        "from sonde.tracking.spool import Journal\n"
        "journal = Journal(sys.argv[1])\n"
        "journal.write(None, {'who': -1.0}, 0.0)\n"
        "pids = []\n"
        "for who in (10, 11):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        for i in range(200): journal.write(i, {'who': float(who), 'x': 0.1}, 0.0)\n"
        "        os._exit(0)\n"
        "    pids.append(pid)\n"
        "for pid in pids: os.waitpid(pid, 0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)]) as process:
        threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert process.wait() == 0
    journal.close()
    who = [json.loads(each)["who"] for each in path.read_text().splitlines()]
    assert {name: who.count(name) for name in set(who)} == {
        -1.0: 2, 0.0: 200, 1.0: 200, 2.0: 200, 3.0: 200, 10.0: 200, 11.0: 200
    }  # fmt: skip
