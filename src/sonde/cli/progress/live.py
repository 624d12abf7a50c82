"""The live block at a terminal: at most 20 lines that are drawn again in place."""

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live as Drawing
from rich.text import Text

from sonde.cli.progress.block import Line, block, ending
from sonde.cli.progress.figures import Figures
from sonde.cli.progress.plain import end_line
from sonde.cli.screen import screen_of
from sonde.core.trial import Trial
from sonde.executors.drive import Result, View

__all__ = ["Live"]

REFRESH_S = 0.25
ENDING = "Ctrl-C:"  # how `drive` begins to tell that it has heard the first one
_MOST_CURVES = 64


class Live:
    """Draws the block on stderr; notes stand above it, and at the end its head stays."""

    def __init__(self) -> None:
        self.figures = Figures()
        self._signs = screen_of(sys.stderr).signs
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        # It is drawn only by `update`: a thread that draws could do so amid a note.
        self._drawing = Drawing(
            console=self._console, auto_refresh=False, vertical_overflow="crop",
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._curves: dict[tuple[int, int], Sequence[float]] = {}
        self._drawn = 0.0
        self._last_line = ""
        self._view: View | None = None

    def begin(self, view: View) -> None:
        """Draw the block for the first time."""
        self._drawing.start()
        self._draw(view)

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Draw it again, four times a second at most."""
        self.figures.update(view, changed)
        if time.monotonic() - self._drawn >= REFRESH_S:
            self._draw(view)

    def note(self, text: str) -> None:
        """Print a line above the block."""
        if text.startswith(ENDING):
            self._last_line = "ending: running trials may finish   Ctrl-C: end them now"
        self._console.print(Text(text), soft_wrap=True)
        if self._view is not None:
            self._draw(self._view)

    def end(self, view: View, result: Result) -> None:
        """Leave its head there, and how it ended; the table of results follows."""
        size = self._console.size
        self._show(ending(view, self.figures, self._signs, size.width))
        self._drawing.stop()
        self._console.print(Text(end_line(view, result)), soft_wrap=True)

    def close(self) -> None:
        """Give the terminal its cursor back, whatever happened."""
        self._drawing.stop()

    def _draw(self, view: View) -> None:
        self._view, self._drawn = view, time.monotonic()
        size = self._console.size
        lines = block(
            view, self.figures, self._signs, size.width, size.height,
            lambda trial: self._curve(view, trial), self._last_line,
        )  # fmt: skip
        self._show(lines)

    def _show(self, lines: Sequence[Line]) -> None:
        text = Text("\n", no_wrap=True, overflow="crop", end="").join(
            Text.assemble(*line) for line in lines
        )
        self._drawing.update(text, refresh=True)

    def _curve(self, view: View, trial: Trial) -> Sequence[float]:
        """A trial's curve; that of an ended one is read once."""
        key = (trial.number, trial.attempts)
        if key in self._curves:
            return self._curves[key]
        values = view.curve(trial.number)
        found = (
            trial.metrics.get(view.record.sweep.goals[0].metric)
            if view.record.sweep.goals
            else None
        )
        # What was read a moment before the end is not yet the whole curve.
        if trial.is_ended and (found is None or len(values) >= found.count):
            if len(self._curves) >= _MOST_CURVES:
                self._curves.clear()
            self._curves[key] = values
        return values
