"""Agents whose programs are sent what ends the agent, each at a moment of its own, as by Slurm."""

import os
import signal
import time

from lab import Lab, until
from sonde.core.trial import State


def test_a_program_that_ends_just_before_its_agent_is_run_again_and_has_not_failed(
    lab: Lab,
) -> None:
    lab.script(f'echo $$ > "{lab.base}/pids"\nsleep 60 & wait\n')
    sweep = lab.sweep("sh", "train.sh")
    agent = lab.spawn(sweep, shares_signals=True)
    until(lab.pids)
    os.kill(lab.pids()[0], signal.SIGTERM)
    time.sleep(0.05)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.failures, trial.error) == (State.WAITING, 0, None)


def test_a_program_that_fails_by_itself_has_failed(lab: Lab) -> None:
    lab.script("kill -TERM $$\n")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep, shares_signals=True)
    assert [trial.state for trial in lab.trials(sweep)] == [State.FAILED]
