"""Progress as JSON: one event a line on stdout; docs/reference-json.md has the schema."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from sonde.analysis.rows import best_row, sweep_row, trial_row
from sonde.cli.output import iso, to_json
from sonde.cli.progress.figures import Figures
from sonde.core.sweep import Control
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result, View
from sonde.store.total import total_of

__all__ = ["Events"]

PROGRESS_S = 1.0


class Events:
    """Prints the events `sweep`, `trial`, `note`, `progress` and `end`."""

    def __init__(self) -> None:
        self._figures = Figures()
        self._known: dict[int, tuple[State, int]] = {}
        self._progress_at = 0.0
        self._counts: dict[State, int] = {}
        self._control: Control | None = None

    def begin(self, view: View) -> None:
        """Print the event `sweep`."""
        self._known = {t.number: (t.state, t.attempts) for t in view.history.trials}
        self._sweep(view)

    def _sweep(self, view: View) -> None:
        record = view.record
        self._control = record.control
        _print(
            "sweep",
            sweep_row(record, view.history)
            | {
                "store": view.store,
                "workers": view.workers,
                "total": total_of(record, view.history.trials),
            },
        )

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Print `trial` for each whose state or attempt changed, `progress` now and then."""
        self._figures.update(view, changed)
        if view.record.control is not self._control:
            self._sweep(view)
        for trial in changed:
            stands = (trial.state, trial.attempts)
            if self._known.get(trial.number) != stands:
                self._known[trial.number] = stands
                _print("trial", trial_row(trial, view.history))
        now = view.now.timestamp()
        if now - self._progress_at >= PROGRESS_S and self._counts != view.history.counts:
            self._progress_at, self._counts = now, dict(view.history.counts)
            _print("progress", self._progress(view))

    def note(self, text: str) -> None:
        """Print the event `note`."""
        _print("note", {"text": text})

    def end(self, view: View, result: Result) -> None:
        """Print the last `progress` and the event `end`."""
        self._end(view, result.code, result.reason)

    def over(self, view: View) -> None:
        """The same for a sweep that somebody else drove, so that no exit code is known."""
        self._end(view, None, view.record.reason)

    def _end(self, view: View, code: int | None, reason: str) -> None:
        _print("progress", self._progress(view))
        _print(
            "end",
            {
                "code": code,
                "reason": reason,
                "state": view.record.state,
                "counts": {state.value: n for state, n in view.history.counts.items()},
                "best": best_row(view.history),
                "elapsed_s": (view.now - view.started).total_seconds(),
            },
        )

    def _progress(self, view: View) -> dict[str, Any]:
        return {
            "counts": {state.value: n for state, n in view.history.counts.items()},
            "ended": view.history.ended,
            "total": total_of(view.record, view.history.trials),
            "running": list(view.history.running),
            "best": best_row(view.history),
            "per_minute": self._figures.rate(view),
            "eta_s": self._figures.eta_s(view),
            "elapsed_s": (view.now - view.started).total_seconds(),
        }


def _print(kind: str, data: Mapping[str, Any]) -> None:
    click.echo(to_json({"type": kind, "time": iso(datetime.now(UTC)), **data}))
