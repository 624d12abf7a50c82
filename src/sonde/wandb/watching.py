"""What is said of trials that run in this process."""

from collections.abc import Sequence

from sonde.core.failing import is_for_failures
from sonde.core.metric import Goal
from sonde.core.sweep import Control
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result, View
from sonde.wandb.telling import say

__all__ = ["Watching", "results_of"]


class Watching:
    """A listener that says a line for each trial that has ended."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def begin(self, view: View) -> None:
        """Say what is run."""
        self._told = {trial.number for trial in view.history.trials if trial.is_ended}
        say(f"running trials of {view.record.id} ({view.record.name}) in this process")

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Say how trials ended."""
        for trial in changed:
            if trial.is_ended and trial.number not in self._told:
                self._told.add(trial.number)
                error = f": {trial.error}" if trial.error else ""
                found = results_of(trial, view.record.sweep.goals)
                say(f"trial {trial.number} {trial.state}{error or found}")

    def note(self, text: str) -> None:
        """Say it."""
        say(text)

    def end(self, view: View, result: Result) -> None:
        """Say why it ended, where the user did not mean it to."""
        record = result.record
        if record.control is Control.STOPPED and is_for_failures(record.reason):
            say(f"{record.id} was stopped: {record.reason}; sonde resume {record.id} goes on")


def results_of(trial: Trial, goals: Sequence[Goal]) -> str:
    """Return ` loss=0.31`, the goals' values of a trial that has some; else nothing."""
    if trial.state not in {State.DONE, State.STOPPED}:
        return ""
    values = [(goal.metric, trial.value(goal)) for goal in goals]
    return "".join(f" {name}={value:.5g}" for name, value in values if value is not None)
