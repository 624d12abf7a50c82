"""Telling from an identity whether a process of this machine is gone."""

import os
import subprocess
import sys

import pytest

from sonde.agent.identity import is_dead_here, me, of, start_time


def test_this_process_is_not_dead() -> None:
    assert me() == of(os.getpid())
    assert not is_dead_here(me())


def test_a_process_that_was_killed_is_dead_before_and_after_it_was_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = of(process.pid)
    assert not is_dead_here(identity)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie now
    assert is_dead_here(identity)
    process.communicate()
    assert is_dead_here(identity)


def test_a_process_that_was_forked_is_not_its_parent() -> None:
    text = (
        "import os\n"
        "from sonde.agent.identity import me, of\n"
        "first = me()\n"
        "if os.fork():\n"
        "    os.wait()\n"
        "else:\n"
        "    print(me() != first and me() == of(os.getpid()))\n"
    )
    argv = [sys.executable, "-c", text]
    assert subprocess.run(argv, capture_output=True, check=True).stdout == b"True\n"


def test_another_process_under_the_same_number_is_not_taken_for_it() -> None:
    *rest, started = me().split("/")
    assert is_dead_here("/".join([*rest, str(int(started) - 1)]))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_of_another_machine_boot_or_container_nothing_is_said(part: int) -> None:
    parts = of(os.getpid()).split("/")
    parts[part] = "elsewhere"
    parts[4] = "1"
    assert not is_dead_here("/".join(parts))


@pytest.mark.parametrize("text", ["", "an agent", "a/b/c/d/e", "//////", "host/boot/ns/1"])
def test_what_is_no_identity_is_not_dead(text: str) -> None:
    assert not is_dead_here(text)


def test_a_process_that_is_not_there_has_no_start() -> None:
    assert start_time(2**22 + 1) is None
