"""`-v`: what trials print, above the progress."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from sonde.agent.folder import TrialFolder
from sonde.cli.cells import one_line
from sonde.core.trial import Trial
from sonde.executors.drive import Listener, Result, View

__all__ = ["Printed"]

MOST_BYTES = 1 << 16  # of one trial at one look: one that floods does not hold up the rest


class Printed:
    """Passes everything on, and adds `[189] line` for each line that a trial printed."""

    def __init__(self, listener: Listener, root: Path) -> None:
        self._listener, self._root = listener, root
        self._open: dict[tuple[int, int], tuple[BinaryIO, bytearray]] = {}

    def begin(self, view: View) -> None:
        """Pass it on."""
        self._listener.begin(view)

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Print new lines of the trials that run or have just ended."""
        live = {(t.number, t.attempts) for t in view.running}
        just = {(t.number, t.attempts) for t in changed if t.attempts and t.is_ended}
        for number, attempt in sorted(live | just | self._open.keys()):
            over = (number, attempt) not in live
            self._read(view.record.id, number, attempt, over=over)
        self._listener.update(view, changed)

    def note(self, text: str) -> None:
        """Pass it on."""
        self._listener.note(text)

    def end(self, view: View, result: Result) -> None:
        """Print what is left, and pass it on."""
        for number, attempt in sorted(self._open):
            self._read(view.record.id, number, attempt, over=True)
        self._listener.end(view, result)

    def _read(self, sweep: str, number: int, attempt: int, *, over: bool) -> None:
        key = (number, attempt)
        if key not in self._open:
            try:
                log = TrialFolder(self._root, sweep, number, attempt).stdout.open("rb")
            except OSError:
                return
            self._open[key] = (log, bytearray())
        file, rest = self._open[key]
        rest += file.read(MOST_BYTES)
        *lines, last = bytes(rest).split(b"\n")
        if over:
            lines, last = [*lines, last], b""
            file.close()
            del self._open[key]
        else:
            rest[:] = last
        for line in lines:
            text = one_line(line.decode(errors="replace").rpartition("\r")[2])
            if text:
                self._listener.note(f"[{number}] {text}")
