"""The journal of a trial: one line of JSON a report, in `reports.jsonl`.

A line goes out in one `os.write` to a descriptor opened for appending. So it is in the
kernel's hands when `write` returns and SIGKILL cannot take it back, and threads, forked
children and other programs may write to the same journal without a lock.
"""

import os

from sonde.errors import StoreError

TYPE_CHECKING = False  # `typing` would cost each training process 3 ms
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Journal", "line"]

_quoted: dict[str, str] = {}  # a metric's name in JSON; a script has a handful of them


class Journal:
    """A file that reports are appended to; opened with the first of them."""

    __slots__ = ("_fd", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1

    def write(self, step: int | None, metrics: "Mapping[str, float]", time: float) -> None:
        """Append a report; it outlives this process from here on.

        Raises:
            StoreError: If the file cannot be opened or written, for instance on a full disk.
        """
        data = line(step, metrics, time)
        try:
            if self._fd < 0:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
                self._fd = os.open(self.path, flags, 0o644)
            written = os.write(self._fd, data)
            while written < len(data):  # the disk filled up in the middle of a line
                written += os.write(self._fd, data[written:])
        except OSError as error:
            raise StoreError(f"{self.path}: the report cannot be written: {error}") from error

    def close(self) -> None:
        """Give the descriptor back; the next `write` opens the file again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def line(step: int | None, metrics: "Mapping[str, float]", time: float) -> bytes:
    """Return the line of a report, `{"step": 3, "val_loss": 0.41, "_time": 1718.2}`.

    Numbers are written so that they read back exactly; NaN and infinities as Python's `json`
    writes them. Without a step, whoever reads the journal counts.
    """
    # Called for each report: a list that is joined takes a quarter longer.
    text = "{" if step is None else f'{{"step": {step}, '
    for name, value in metrics.items():
        key = _quoted.get(name) or _quote(name)
        # x - x is 0 for finite numbers only.
        text += f"{key}: {value!r}, " if value - value == 0 else f"{key}: {_odd(value)}, "
    return b'%b"_time": %.6f}\n' % (text.encode(), time)


def _quote(name: str) -> str:
    import json  # on first use: it costs milliseconds that a script may never need

    if len(_quoted) > 10_000:  # names made in a loop must not fill the memory
        _quoted.clear()
    key = _quoted[name] = json.dumps(name)
    return key


def _odd(value: float) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
