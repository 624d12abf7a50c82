"""Agents whose programs are sent what ends the agent, each at a moment of its own, as by Slurm."""

import os
import signal
import threading
import time

import pytest

from lab import Lab, until
from sonde.agent import loop
from sonde.core.trial import State


def test_a_program_that_ends_just_before_its_agent_is_run_again_and_has_not_failed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SIGNAL_S", 60.0)  # so that a busy machine is in time too
    lab.script(f'echo $$ > "{lab.base}/pids"\nsleep 60 & wait\n')
    sweep = lab.sweep("sh", "train.sh")

    def end() -> None:
        until(lab.pids)
        os.kill(lab.pids()[0], signal.SIGTERM)
        until(lambda: not lab.alive())
        time.sleep(0.5)  # in which the agent sees that the program has ended
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=end)
    thread.start()
    lab.run(sweep, shares_signals=True)
    thread.join()
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.failures, trial.error) == (State.WAITING, 0, None)


def test_a_program_that_fails_by_itself_has_failed(lab: Lab) -> None:
    lab.script("kill -TERM $$\n")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep, shares_signals=True)
    assert [trial.state for trial in lab.trials(sweep)] == [State.FAILED]
