"""Writing scalars from a training script, with the names that TensorFlow gives to this.

    with summary.create_file_writer("logs").as_default():
        summary.scalar("loss", 0.5, step=1)

It needs the standard library only. A scalar is handed to the operating system before
`scalar` returns, in one write, so that a script that is killed loses nothing it wrote and
another process never sees records mixed.
"""

import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import SupportsFloat, SupportsIndex

from sonde.tensorboard.events import encode_scalar, encode_summary, encode_version
from sonde.tensorboard.records import frame

__all__ = ["FileWriter", "create_file_writer", "flush", "scalar", "write_summary"]

_default: ContextVar["FileWriter | None"] = ContextVar("sonde_summary_writer", default=None)
_numbers = itertools.count()  # tells apart the files that one process makes in one second


class FileWriter:
    """An event file that is open for writing; `create_file_writer` makes it."""

    def __init__(self, logdir: Path | str, *, filename_suffix: str = ".v2") -> None:
        directory = Path(logdir)
        directory.mkdir(parents=True, exist_ok=True)
        seconds, host = int(time.time()), os.uname().nodename
        name = f"events.out.tfevents.{seconds}.{host}.{os.getpid()}.{next(_numbers)}"
        # Appending, so that a forked child may write too. A bare descriptor, because scripts
        # seldom close their writer, and Python would warn them of a file.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(directory / (name + filename_suffix), flags, 0o666)
        self._next_step: Counter[str] = Counter()
        self._write(encode_version(time.time()))

    @contextlib.contextmanager
    def as_default(self) -> Iterator["FileWriter"]:
        """Make `scalar` write here within a `with` block; the writer stays open behind it."""
        token = _default.set(self)
        try:
            yield self
        finally:
            _default.reset(token)

    def set_as_default(self) -> None:
        """Make `scalar` write here from now on, in this thread."""
        _default.set(self)

    def scalar(
        self,
        name: str,
        data: SupportsFloat | SupportsIndex,
        step: SupportsIndex | None = None,
        description: str | None = None,
    ) -> None:
        """Write one number; the function `scalar` says what the arguments are.

        Raises:
            ValueError: The writer is closed.
            OSError: The file cannot be written, as on a full disk.
        """
        count = self._next_step[name] if step is None else step.__index__()
        self._next_step[name] = count + 1
        self._write(encode_scalar(name, float(data), count, time.time(), description or ""))

    def write_summary(self, encoded: bytes) -> None:
        """Write a summary that is made already, as `hparams.messages` makes them.

        Raises:
            ValueError: The writer is closed.
            OSError: The file cannot be written, as on a full disk.
        """
        self._write(encode_summary(encoded, time.time()))

    def flush(self) -> None:
        """Do nothing: what was written is out already."""

    def close(self) -> None:
        """Close the file; closing twice is no fault."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        # Not there if the file could not be opened.
        if getattr(self, "_descriptor", -1) >= 0:
            self.close()

    def _write(self, event: bytes) -> None:
        if self._descriptor < 0:
            raise ValueError("the writer is closed")
        rest = memoryview(frame(event))
        while rest:  # a regular file takes all at once, unless the disk is about full
            rest = rest[os.write(self._descriptor, rest) :]


def create_file_writer(
    logdir: Path | str,
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
) -> FileWriter:
    """Open a new event file in a directory, which is made if need be.

    Args:
        logdir: The directory, which TensorBoard calls a run.
        max_queue: Taken for TensorFlow's sake and not needed, as nothing is queued.
        flush_millis: The same.
        filename_suffix: What the file's name ends with, ".v2" if not given.
        name: The same as `max_queue`.
    """
    return FileWriter(logdir, filename_suffix=".v2" if filename_suffix is None else filename_suffix)


def scalar(
    name: str,
    data: SupportsFloat | SupportsIndex,
    step: SupportsIndex | None = None,
    description: str | None = None,
) -> bool:
    """Write one number to the writer that is the default; tell whether there is one.

    Args:
        name: The tag.
        data: Anything that `float` takes: a number, a numpy scalar, an array or tensor of one
            element. Kept in double precision; NaN and infinities are kept as well.
        step: Which step or epoch it is of. Without it, one more than this tag's last, from 0.
        description: A text that TensorBoard shows beside the curve.
    """
    writer = _default.get()
    if writer is None:
        return False
    writer.scalar(name, data, step, description)
    return True


def write_summary(encoded: bytes) -> bool:
    """Write a summary that is made already to the default writer; tell whether there is one."""
    writer = _default.get()
    if writer is None:
        return False
    writer.write_summary(encoded)
    return True


def flush(writer: FileWriter | None = None) -> None:
    """Do nothing: what was written is out already."""
