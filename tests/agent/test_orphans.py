"""No process outlives its trial, however the trial or its agent comes to an end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lab import Lab, after_some_turns, is_alive, until
from sonde.agent.guard import Guard, kill_earlier
from sonde.agent.identity import start_time
from sonde.agent.loop import run
from sonde.controller import utc_now
from sonde.core.sweep import Control
from sonde.core.trial import State
from sonde.store.protocol import SweepRecord

NOTE = 'echo $$ >> "$PIDS"\n'
# What scripts do that are hard to end: each is followed by a wait for ever.
HARD = {
    "plain": "",
    "ignores SIGTERM": "trap '' TERM HUP INT\n",
    "was stopped": "(sleep 0.2; kill -STOP $$) &\n",
    "has children": "for i in 1 2 3; do sh -c 'echo $$ >> \"$PIDS\"; sleep 60' & done\n",
    "has a child that ignores SIGTERM": (
        'sh -c \'trap "" TERM; echo $$ >> "$PIDS"; while :; do sleep 1; done\' &\n'
    ),
    "has a child in another session": (
        f"{sys.executable} -c 'import os, time; os.setsid(); "
        'open(os.environ["PIDS"], "a").write(f"{os.getpid()}\\n"); time.sleep(60)\' &\n'
    ),
    "has a daemon": (
        f"{sys.executable} -c 'import os, time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        'open(os.environ["PIDS"], "a").write(f"{os.getpid()}\\n"); time.sleep(60)\'\n'
    ),
}
COUNT = {"has children": 4, "has a child that ignores SIGTERM": 2,
         "has a child in another session": 2, "has a daemon": 2}  # fmt: skip
# Those that leave no trace of the trial in their environment write where they are told to.
FORGETFUL = {
    "a daemon without an environment": (
        f"{sys.executable} -c 'import os, sys\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        'os.execve("/bin/sh", ["sh", "-c", "echo $$ >> \\"$0\\"; exec sleep 60", '
        'sys.argv[1]], {})\' "$PIDS"\n'
    ),
    "a child without an environment in another session": (
        'env -i setsid /bin/sh -c \'echo $$ >> "$0"; exec sleep 60\' "$PIDS" &\n'
    ),
}
HARD |= {f"has {kind}": text for kind, text in FORGETFUL.items()}
COUNT |= {f"has {kind}": 2 for kind in FORGETFUL}
ENDLESS = "while :; do sleep 0.05; done\n"


def begin(lab: Lab, kind: str, **settings: Any) -> SweepRecord:
    """Start a trial that is hard to end in an agent of its own, and wait until it is all there."""
    lab.script(NOTE + HARD[kind] + ENDLESS)
    options = {"env": {"PIDS": str(lab.base / "pids")}, "grace_s": 0.3}
    return lab.sweep("sh", "train.sh", command=options, **settings)


def is_there(lab: Lab, kind: str) -> None:
    until(lambda: len(lab.alive()) == COUNT.get(kind, 1))
    if kind == "was stopped":
        (pid,) = lab.pids()
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)


@pytest.mark.parametrize("kind", HARD)
def test_a_cancelled_trial_is_ended_with_all_that_it_started(lab: Lab, kind: str) -> None:
    sweep = begin(lab, kind)
    agent = lab.spawn(sweep)
    is_there(lab, kind)
    lab.store.update_sweep(sweep.id, utc_now(), control=Control.CANCELLED)
    until(lambda: not lab.alive(), 20)  # the scripts themselves end never, or after a minute
    assert agent.wait(60) == 0
    assert lab.states(sweep) == ["cancelled"]


@pytest.mark.parametrize("kind", HARD)
def test_nothing_is_left_of_the_trials_of_an_agent_that_is_killed(lab: Lab, kind: str) -> None:
    sweep = begin(lab, kind)
    agent = lab.spawn(sweep)
    is_there(lab, kind)
    after_some_turns(agent)  # it has met what it adopted
    watchdogs = psutil.Process(agent.pid).children()
    agent.kill()
    agent.wait()
    until(lambda: not lab.alive(), 20)
    until(lambda: not any(is_alive(one.pid) for one in watchdogs))


@pytest.mark.parametrize("kind", ["has children", "has a daemon"])
def test_what_a_script_leaves_behind_is_ended_when_it_exits(lab: Lab, kind: str) -> None:
    env = {"PIDS": str(lab.base / "pids")}
    count = COUNT[kind]
    wait = f'until test "$(wc -l < "$PIDS")" = {count}; do sleep 0.01; done\n'
    lab.script(NOTE + HARD[kind] + wait)
    sweep = lab.sweep("sh", "train.sh", command={"env": env})
    lab.run(sweep)
    assert len(lab.pids()) == count
    assert not lab.alive()
    assert lab.states(sweep) == ["done"]


@pytest.mark.parametrize("kind", FORGETFUL)
def test_what_forgot_its_trial_is_ended_with_it(lab: Lab, kind: str) -> None:
    wait = 'until test "$(wc -l < "$PIDS")" = 2; do sleep 0.01; done\n'
    lab.script(NOTE + FORGETFUL[kind] + wait)
    sweep = lab.sweep("sh", "train.sh", command={"env": {"PIDS": str(lab.base / "pids")}})
    assert lab.spawn(sweep).wait(60) == 0
    assert len(lab.pids()) == 2
    assert not lab.alive()
    assert lab.states(sweep) == ["done"]


def test_what_forgot_its_trial_ends_with_the_last_that_may_have_begun_it(lab: Lab) -> None:
    # Trial 0 leaves a daemon and ends first; trial 1 runs beside it, 2 only after both.
    lab.script(
        f'if test "$SONDE_TRIAL" = 0; then\n{FORGETFUL["a daemon without an environment"]}'
        'until test -s "$PIDS"; do sleep 0.01; done; touch "$PIDS.0"; fi\n'
        'if test "$SONDE_TRIAL" = 1; then until test -e "$PIDS.0"; do sleep 0.01; done; fi\n'
        f'if test "$SONDE_TRIAL" = 2; then touch "$PIDS.2"; {ENDLESS}fi\n'
    )
    command = {"env": {"PIDS": str(lab.base / "pids")}, "grace_s": 0.3}
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2, 3]}, command=command)
    agent = lab.spawn(sweep, workers=2)
    until((lab.base / "pids.2").exists)
    until(lambda: lab.pids() and not lab.alive(), 20)
    agent.terminate()
    assert agent.wait(60) == 0


def test_a_program_that_runs_an_agent_keeps_the_daemons_of_its_own(lab: Lab) -> None:
    pids = lab.base / "pids"
    daemon = FORGETFUL["a daemon without an environment"]
    lab.script("exit 0\n")
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2]})
    begun = False

    def begin_ours(_: object) -> None:
        nonlocal begun
        if not begun:
            begun = True
            subprocess.run(["sh", "-c", daemon], env=os.environ | {"PIDS": str(pids)}, check=True)
            until(lab.alive)

    run(lab.options(sweep), on_event=begin_ours, store=lab.store)
    (ours,) = lab.alive()
    os.kill(ours, signal.SIGKILL)
    with suppress(ChildProcessError):  # it was adopted, where the system lets us
        os.waitpid(ours, 0)


def test_a_new_watchdog_is_started_when_it_is_killed(lab: Lab) -> None:
    sweep = begin(lab, "plain")
    agent = lab.spawn(sweep)
    is_there(lab, "plain")

    def watchdog() -> int | None:
        for child in psutil.Process(agent.pid).children():
            with suppress(psutil.NoSuchProcess):  # it ends while it is looked at
                if child.status() != psutil.STATUS_ZOMBIE and "watchdog" in str(child.cmdline()):
                    return child.pid
        return None

    first = watchdog()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: watchdog() not in {None, first})
    after_some_turns(agent)  # it has told it of the trial, and gone on
    agent.kill()
    agent.wait()
    until(lambda: not lab.alive(), 20)


def test_what_lives_of_an_earlier_attempt_is_killed_before_the_next(lab: Lab) -> None:
    # Agent and watchdog are both killed, so that nobody is left to clean up.
    lab.script(f'echo $$ >> "$PIDS"\ntest "$SONDE_ATTEMPT" = 1 || exit 0\n{ENDLESS}')
    env = {"PIDS": str(lab.base / "pids")}
    sweep = lab.sweep("sh", "train.sh", command={"env": env}, lease_s=600.0)
    agent = lab.spawn(sweep)
    until(lab.alive)
    process = psutil.Process(agent.pid)
    watchdog = next(one for one in process.children() if "watchdog" in " ".join(one.cmdline()))
    process.suspend()
    watchdog.kill()
    process.kill()
    agent.wait()
    time.sleep(0.2)
    assert lab.alive()
    lab.run(sweep)
    assert not lab.alive()
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.attempts) == (State.DONE, 2)


def test_a_process_that_only_has_the_number_of_an_earlier_one_is_left_alone(lab: Lab) -> None:
    sweep = lab.sweep("true")
    lab.of(sweep).create({})
    pid = os.getpid()  # us
    started = start_time(pid)
    assert started is not None
    lab.of(sweep).write_process(pid, started + "0", "an agent")
    assert kill_earlier(lab.of(sweep, attempt=2)) == 0


def test_a_trial_that_is_given_back_is_ended_also_if_it_refuses(lab: Lab) -> None:
    sweep = begin(lab, "ignores SIGTERM")
    agent = lab.spawn(sweep)
    is_there(lab, "ignores SIGTERM")
    agent.terminate()
    assert agent.wait(60) == 0
    assert not lab.alive()
    assert lab.states(sweep) == ["waiting"]


def test_a_script_may_use_its_grace_to_end_well(lab: Lab) -> None:
    lab.script(f"trap 'echo saved; exit 0' TERM\n{NOTE}{ENDLESS}")
    env = {"PIDS": str(lab.base / "pids")}
    sweep = lab.sweep("sh", "train.sh", command={"env": env, "grace_s": 60.0})
    agent = lab.spawn(sweep)
    until(lab.alive)
    began = time.monotonic()
    agent.terminate()
    assert agent.wait(50) == 0
    assert time.monotonic() - began < 50  # it does not wait for the end of the grace
    assert lab.of(sweep).stdout.read_text() == "saved\n"


def test_a_guard_leaves_no_watchdog_behind(tmp_path: Path) -> None:
    guard = Guard()
    pid = guard.watchdog_pid
    assert is_alive(pid)
    guard.close()
    assert not is_alive(pid)
