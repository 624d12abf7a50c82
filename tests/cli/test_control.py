"""Ending, pausing and going on, from this terminal and from others; and nothing is left over."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cli_programs import TRAIN, Place
from lab import until

LONG = ("run", "--hyperparam=lr=1:1:8", "--metric=val_loss:min", "--name", "x", "-j", "2")
SLOW = ("train.py", "60", "0.5")  # 30 s a trial
STUBBORN = """\
import os, signal, subprocess, sys, time
lr = 1
print(lr)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c',
    'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)'])
time.sleep(99)
"""


# It ends when its own file is gone.
HELD = f"""{TRAIN}
while os.path.exists(os.environ['HELD'] + '/' + str(int(lr))):
    time.sleep(0.02)
"""
HELD_RUN = (*LONG, "held.py", "1")
PROMPT_S = 15.0  # for what takes two seconds where a machine has nothing else to do


class Held:
    """The files that hold trials back, each named by a rate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for rate in range(1, 9):
            (folder / str(rate)).touch()

    def let(self, *rates: int) -> None:
        """Let these trials end, or all."""
        for rate in rates or range(1, 9):
            (self.folder / str(rate)).unlink(missing_ok=True)


@pytest.fixture
def held(desk: Place, monkeypatch: pytest.MonkeyPatch) -> Held:
    """A script of which no trial ends before it may."""
    desk.write("held.py", HELD)
    folder = desk.path.parent / "held"
    monkeypatch.setenv("HELD", str(folder))
    return Held(folder)


def heard(process: "subprocess.Popen[str]", words: str) -> str:
    """Read what a process says on stderr until these words were there; return it."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Read what a process says to its end, which is little, and wait for that."""
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    process.wait(60)
    return out, err


def running(n: int) -> Callable[[dict[str, int]], bool]:
    return lambda counts: counts["running"] >= n


def test_one_ctrl_c_lets_running_trials_finish_and_the_same_command_goes_on(
    desk: Place, held: Held
) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(2))
    process.send_signal(signal.SIGINT)
    heard(process, "Ctrl-C: asking for no more")
    held.let()
    out, err = rest(process)
    assert process.returncode == 3, err
    assert "go on with it: sonde resume x" in err
    assert "✓ done" in out
    before = desk.trials("x")
    assert {t["state"] for t in before} <= {"done", "waiting"}
    again = desk.run(*HELD_RUN)
    assert "going on with x" in again.stderr
    after = desk.trials("x")
    assert [t["params"]["lr"] for t in after] == list(range(1, 9))
    assert {t["state"] for t in after} == {"done"}
    finished = {t["number"]: t["finished"] for t in before if t["state"] == "done"}
    assert {n: after[n]["finished"] for n in finished} == finished


def test_two_ctrl_c_end_it_and_leave_nothing(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    process.send_signal(signal.SIGINT)
    heard(process, "Ctrl-C: asking for no more")  # two that come at once are one
    assert process.poll() is None  # the first waits for the trials
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = rest(process)
    assert time.monotonic() - began < PROMPT_S
    assert process.returncode == 130, err
    assert not desk.orphans()
    assert {t["state"] for t in desk.trials("x")} == {"waiting"}
    assert desk.json("ls")[0]["state"] == "idle"
    assert "idle; go on with it: sonde resume x" in desk.run("show", "x").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_ends_it_while_trials_run(desk: Place, number: signal.Signals) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    began = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=60)
    assert time.monotonic() - began < PROMPT_S
    assert process.returncode == 128 + number
    assert not desk.orphans()


def test_pause_and_resume_from_another_terminal(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    held.let(1)
    desk.wait("x", lambda counts: counts["done"] == 1 and counts["running"] == 2)
    assert "x is paused" in desk.run("pause", "x").stdout
    held.let()
    desk.wait("x", lambda counts: counts["running"] == 0)
    time.sleep(1.0)
    assert desk.json("ls")[0]["counts"]["done"] == 3
    assert process.poll() is None
    assert "x goes on in the process that runs it" in desk.run("resume", "x").stderr
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "-- paused: paused by hand" in err
    assert desk.json("ls")[0]["counts"]["done"] == 8


def test_resume_runs_a_sweep_here_that_nobody_runs(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    held.let(1)
    desk.wait("x", lambda counts: counts["done"] == 1 and counts["running"] == 2)
    desk.run("pause", "x")
    process.kill()
    process.communicate()
    held.let()
    done = desk.run("resume", "x", "-j", "2")
    assert desk.json("ls")[0]["counts"]["done"] == 8
    assert "best  x/0" in done.stdout
    assert "x is finished" in desk.run("resume", "x").stderr
    desk.wait_until_alone()


def test_a_resume_that_is_ended_says_how_to_go_on(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(2))
    process.send_signal(signal.SIGINT)
    heard(process, "Ctrl-C: asking for no more")
    held.let(1, 2)
    process.communicate(timeout=60)
    again = desk.start("resume", "x", "-j", "2")
    desk.wait("x", running(2))
    again.send_signal(signal.SIGINT)
    heard(again, "Ctrl-C: asking for no more")
    held.let(3, 4)
    _, err = rest(again)
    assert again.returncode == 3
    assert err.endswith("go on with it: sonde resume x\n")


def test_what_was_cancelled_is_over_and_the_same_command_starts_a_new_one(desk: Place) -> None:
    words = ["run", "lr=1..8", "--trials", "2", "-j", "1", *SLOW]
    process = desk.start(*words)
    while not desk.json("ls") or not desk.json("ls")[0]["counts"]["running"]:
        time.sleep(0.05)
    first = desk.json("ls")[0]["id"]
    desk.run("cancel", first)
    process.communicate(timeout=60)
    err = desk.run("resume", first, code=2).stderr
    assert "was cancelled, so it is not gone on with; the same command starts a new one" in err
    assert desk.json("ls")[0]["state"] == "cancelled"
    second = desk.start(*words)
    while len(rows := desk.json("ls")) < 2 or not rows[1]["counts"]["running"]:
        time.sleep(0.05)
    desk.run("cancel", rows[1]["id"])
    _, err = second.communicate(timeout=60)
    assert "is the same but was cancelled; this is new" in err


def test_a_name_whose_sweep_was_cancelled_stays_its(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    desk.run("cancel", "x")
    process.communicate(timeout=60)
    err = desk.run(*LONG, *SLOW, code=1).stderr
    assert "the same command with another --name starts a new one" in err
    assert "another --name" in desk.run("resume", "x", code=2).stderr


def test_two_terminals_that_start_the_same_name_at_once_share_one_sweep(desk: Place) -> None:
    both = [desk.start(*LONG, "train.py", "1", "0.1") for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert len(desk.json("ls")) == 1
    assert [(t["state"], t["attempts"]) for t in desk.trials("x")] == [("done", 1)] * 8


def test_a_sweep_is_running_while_a_trial_runs_and_done_when_all_are(
    desk: Place, held: Held
) -> None:
    process = desk.start(*LONG[:-2], "-j", "8", "held.py", "2", "0.5")
    desk.wait("x", running(8))  # all is decided, and runs
    assert desk.json("ls")[0]["state"] == "running"
    held.let()
    process.communicate(timeout=60)
    assert desk.json("ls")[0]["state"] == "done"
    assert desk.json("ls")[0]["worked_s"] > 0.5


def test_a_trial_that_runs_again_is_compared_with_what_it_has_so_far(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    while not desk.trials("x")[0]["value"]:
        time.sleep(0.1)
    again = desk.start("rerun", "x/0")
    until(lambda: any(desk.path.glob(".sonde/reruns/*/reports.jsonl")))
    until(lambda: all(one.stat().st_size for one in desk.path.glob(".sonde/reruns/*/*.jsonl")))
    again.send_signal(signal.SIGINT)
    _, err = again.communicate(timeout=60)
    assert "val_loss" in err
    assert "so far in x/0:" in err
    desk.run("cancel", "x")
    process.communicate(timeout=60)


def test_resume_gives_a_finished_sweep_more(desk: Place) -> None:
    desk.run("run", "lr=0.0..1.0", "--trials", "2", "--name", "x", "train.py")
    desk.run("resume", "x", "--trials", "4")
    assert [t["number"] for t in desk.trials("x")] == [0, 1, 2, 3]


def test_stop_lets_running_trials_end_and_starts_no_more(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    held.let(1)
    desk.wait("x", lambda counts: counts["done"] == 1 and counts["running"] == 2)
    desk.run("stop", "x")
    held.let()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    states = [t["state"] for t in desk.trials("x")]
    assert set(states) <= {"done", "waiting"}
    assert desk.json("ls")[0]["state"] == "stopped"
    desk.run("resume", "x")
    assert {t["state"] for t in desk.trials("x")} == {"done"}


def test_workers_says_how_many_trials_run_at_once(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(2))
    said = desk.run("workers", "x", "1").stdout
    assert said.startswith("x: 1 trial runs at once at most; ")
    held.let(1, 2)
    desk.wait("x", lambda counts: counts["running"] == 1 and counts["done"] == 2)
    assert desk.json("show", "x")["budget"]["workers"] == 1
    assert "at once     1 at most" in desk.run("show", "x").stdout
    assert "x: as many trials" in desk.run("workers", "x", "none").stdout
    desk.wait("x", lambda counts: counts["running"] == 2)
    process.send_signal(signal.SIGINT)
    held.let()
    _, err = process.communicate(timeout=60)
    assert "1 may run at once now; here is room for 2" in err
    for wrong, why in (("0", "0 is no number of trials; use 1"), ("two", "that is no number")):
        assert why in desk.run("workers", "x", wrong, code=2).stderr
    assert desk.run("workers", "x").stdout.startswith("x: as many trials run at once as agents")


def test_a_limit_for_a_sweep_that_is_over_is_said_to_be_one_for_later(desk: Place) -> None:
    desk.run(
        "run", "--hyperparam=lr=1,2", "--metric=val_loss:min", "--name=x", "train.py", "1", "0"
    )
    said = desk.run("workers", "x", "3").stdout
    assert said == (
        "x: 3 trials run at once at most; 0 run now; it is done, so this counts if it goes on\n"
    )


def test_cancel_ends_running_trials(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    began = time.monotonic()
    assert "x is cancelled" in desk.run("cancel", "x").stdout
    process.communicate(timeout=60)
    assert time.monotonic() - began < PROMPT_S
    assert process.returncode == 1
    assert {t["state"] for t in desk.trials("x")} == {"cancelled"}
    assert not desk.orphans()


def test_runs_stop_ends_one_and_keeps_its_result_runs_kill_discards_it(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    while not all(t["value"] for t in desk.trials("x")[:2]):
        time.sleep(0.1)
    assert "x/0 stopped" in desk.run("runs", "stop", "x/0").stdout
    assert "x/1 cancelled" in desk.run("runs", "kill", "x/1").stdout
    stopped, killed, *_ = desk.trials("x")
    assert stopped["state"] == "stopped"
    assert stopped["value"] is not None
    assert killed["state"] == "cancelled"
    assert "has ended already: stopped" in desk.run("runs", "stop", "x/0").stdout
    desk.wait("x", running(2))  # the others go on
    desk.run("cancel", "x")
    process.communicate(timeout=60)


def test_runs_stop_with_a_wrong_key_stops_none(desk: Place) -> None:
    process = desk.start(*LONG, *SLOW)
    desk.wait("x", running(2))
    err = desk.run("runs", "stop", "x/0", "x", "y/", code=2).stderr
    assert "x: that is no trial; write SWEEP/N" in err
    assert "y/: that is no trial" in err
    assert desk.trials("x")[0]["state"] == "running"
    desk.run("cancel", "x")
    process.communicate(timeout=60)


def test_an_agent_takes_over_when_who_ran_it_was_killed(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    held.let(1)
    desk.wait("x", lambda counts: counts["done"] == 1)
    process.kill()
    process.communicate()
    held.let()
    done = desk.run("agent", "x", "--workers", "2")
    assert "left: the sweep is done" in done.stderr
    trials = desk.trials("x")
    assert [t["params"]["lr"] for t in trials] == list(range(1, 9))
    assert {t["state"] for t in trials} == {"done"}
    desk.wait_until_alone()


def test_killing_a_local_agent_has_its_trials_run_again_once(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(2))
    agents = [
        child
        for child in psutil.Process(process.pid).children()
        if "sonde.agent" in child.cmdline()
    ]
    agents[0].kill()
    held.let()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "an agent died (killed by signal 9); its trials are run again" in err
    trials = desk.trials("x")
    assert [t["params"]["lr"] for t in trials] == list(range(1, 9))
    assert {t["state"] for t in trials} == {"done"}
    assert max(t["attempts"] for t in trials) == 2
    desk.wait_until_alone()


def test_an_agent_leaves_after_as_many_trials_as_asked(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(1))
    desk.run("pause", "x")
    process.kill()
    process.communicate()
    held.let()
    desk.run("resume", "x", "--detach")
    done = desk.run("agent", "x", "--count", "2")
    assert "2 trials run" in done.stderr


def test_scripts_that_ignore_sigterm_and_their_children_are_ended(desk: Place) -> None:
    desk.write("stubborn.py", STUBBORN)
    process = desk.start(*LONG, "--grace", "0.5s", "stubborn.py")
    desk.wait("x", running(2))
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert not desk.orphans()


def test_tail_follows_from_any_terminal_to_the_end(desk: Place, held: Held) -> None:
    process = desk.start(*HELD_RUN)
    desk.wait("x", running(1))
    tail = desk.start("tail", "x")
    assert tail.stdout is not None
    lines = [tail.stdout.readline()]
    held.let()
    lines += rest(tail)[0].splitlines()
    process.communicate(timeout=60)
    assert lines[0].startswith("sonde x: 8 trials")
    assert sum(" done " in line for line in lines) == 8
    assert lines[-1] == "x has ended: 8 trials"
    events = [
        json.loads(line) for line in desk.run("tail", "x", "--format", "json").stdout.splitlines()
    ]
    assert [event["type"] for event in events] == ["sweep", "progress", "end"]


def test_logs_follow_a_trial_to_its_end(desk: Place) -> None:
    desk.write(
        "talk.py", "import time\nn = 1\nfor i in range(4):\n"
        "    print(n, i, flush=True); time.sleep(0.3)\n",
    )  # fmt: skip
    process = desk.start("run", "--hyperparam=n=7,8", "-j", "1", "--name", "x", "talk.py")
    desk.wait("x", running(1))
    assert desk.run("logs", "-f", "x/0").stdout == "7 0\n7 1\n7 2\n7 3\n"
    process.communicate(timeout=60)


def test_a_second_terminal_with_the_same_command_helps(desk: Place, held: Held) -> None:
    first = desk.start(*HELD_RUN)
    desk.wait("x", running(1))
    second = desk.start(*HELD_RUN)
    heard(second, "going on with x")
    held.let()
    for process in (first, second):
        process.communicate(timeout=60)
        assert process.returncode == 0
    trials = desk.trials("x")
    assert [(t["state"], t["attempts"]) for t in trials] == [("done", 1)] * 8
