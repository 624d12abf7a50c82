"""A sweep that somebody else drives, as lines for people."""

from collections.abc import Sequence

import click

from sonde.cli.best_so_far import BestSoFar
from sonde.cli.progress.plain import begin_line, trial_line
from sonde.core.sweep import Control
from sonde.core.trial import ENDED, State, Trial
from sonde.executors.drive import View

__all__ = ["Lines"]

_SAID = {*ENDED, State.RUNNING, State.PAUSED}


class Lines:
    """Prints a line on stdout when a trial begins or ends, and when the sweep changes state."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._known: dict[int, tuple[State, int]] = {}
        self._control: Control | None = None
        self._best: BestSoFar | None = None

    def begin(self, view: View) -> None:
        """Print what the sweep is, and the last trials that ended."""
        click.echo(begin_line(view))
        self._control = view.record.control
        trials = view.history.trials
        self._known = {t.number: (t.state, t.attempts) for t in trials}
        ended = sorted((t for t in trials if t.is_ended), key=lambda t: t.version)
        self._best = BestSoFar(view.record.sweep)
        silent = len(ended) - min(self._before, len(ended))
        for place, trial in enumerate(ended):
            self._best.see(trial)
            if place >= silent:
                self._say(trial, view)

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Print what happened."""
        for trial in sorted(changed, key=lambda t: t.version):
            stands = (trial.state, trial.attempts)
            if self._known.get(trial.number) == stands:
                continue
            before = self._known.get(trial.number)
            self._known[trial.number] = stands
            again = before is not None and before[0] is State.RUNNING
            if self._best is not None and trial.is_ended:
                self._best.see(trial)
            if trial.state in _SAID or again:
                self._say(trial, view)
        record = view.record
        if record.control is not self._control:
            self._control = record.control
            reason = f": {record.reason}" if record.reason else ""
            click.echo(
                f"{record.updated.astimezone():%H:%M:%S} {record.name} {record.state}{reason}"
            )

    def over(self, view: View) -> None:
        """Print that the sweep has ended."""
        history = view.history
        click.echo(f"{view.record.name} has ended: {history.ended} trials")

    def _say(self, trial: Trial, view: View) -> None:
        at = trial.finished if trial.is_ended else trial.started
        clock = f"{(at or trial.created).astimezone():%H:%M:%S}"
        attempt = f" (attempt {trial.attempts})" if trial.attempts > 1 else ""
        best = self._best.text if self._best is not None and trial.is_ended else ""
        click.echo(f"{clock} {trial_line(trial, view, best)}{attempt}")
