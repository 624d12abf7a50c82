"""What is said of trials that run in this process."""

from collections.abc import Sequence

from sonde.core.trial import Trial
from sonde.executors.drive import Result, View
from sonde.wandb.telling import say

__all__ = ["Watching"]


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
                say(f"trial {trial.number} {trial.state}{error}")

    def note(self, text: str) -> None:
        """Say it."""
        say(text)

    def end(self, view: View, result: Result) -> None:
        """Say no more."""
