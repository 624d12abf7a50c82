"""What a program may do: print much, print no text, fork, end in any way."""

import os
import sys
import time
from pathlib import Path

import pytest

from lab import Lab
from sonde.agent.process import last_line
from sonde.core.trial import State


def test_a_hundred_megabytes_of_output_cost_the_agent_nothing(lab: Lab) -> None:
    lab.script("head -c 100000000 /dev/zero | tr '\\0' x\n")
    sweep = lab.sweep("sh", "train.sh")
    before = time.process_time()
    lab.run(sweep)
    assert time.process_time() - before < 0.5
    assert lab.of(sweep).stdout.stat().st_size == 100_000_000
    assert lab.states(sweep) == ["done"]


def test_output_that_is_no_text_is_kept_as_it_is(lab: Lab) -> None:
    lab.script("printf '\\377\\376\\000\\001\\n' >&2; exit 1")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep)
    assert lab.of(sweep).stderr.read_bytes() == b"\xff\xfe\x00\x01\n"
    assert lab.trials(sweep)[0].state is State.FAILED


def test_standard_input_is_empty(lab: Lab) -> None:
    lab.script("cat; echo end")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep)
    assert lab.of(sweep).stdout.read_text() == "end\n"


def test_memory_and_time_of_the_program_are_recorded(lab: Lab) -> None:
    lab.script("data = bytearray(80_000_000)\nwhile __import__('time').process_time() < 0.2: pass")
    sweep = lab.sweep(sys.executable, "train.sh")
    lab.run(sweep)
    facts = lab.trials(sweep)[0].facts
    assert facts["memory_mb"] > 80
    assert 0.2 <= facts["cpu_s"] < 3


def test_a_program_gets_no_file_of_its_agent(lab: Lab) -> None:
    lab.script("import os\nprint(sorted(map(int, os.listdir('/proc/self/fd'))))")
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    sweep = lab.sweep(sys.executable, "train.sh")
    lab.run(sweep, parent_fd=None)
    os.close(reading)
    os.close(writing)
    # The fourth is the listing itself.
    assert lab.of(sweep).stdout.read_text() == "[0, 1, 2, 3]\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            (
                'Traceback (most recent call last):\n  File "a.py", line 1\n    f()\n'
                "    ^^^\nValueError: x\n"
            ),
            "ValueError: x",
        ),
        ("warning: old\nfatal: no such file\n\n", "fatal: no such file"),
        ("", None),
        ("   only this\n", "only this"),
    ],
)
def test_the_line_that_says_what_went_wrong(tmp_path: Path, text: str, line: str | None) -> None:
    log = tmp_path / "stderr.log"
    log.write_text(text)
    assert last_line(log) == line


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "stderr.log") is None
