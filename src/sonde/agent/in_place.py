"""Event files in the user's own folder, for a trial that runs in it (`--workspace none`).

What appears there while a trial has the folder to itself is the trial's. Two at once cannot be
told apart: then nothing there is anybody's, and only what a script writes under
SONDE_TRIAL_DIR counts. Every trial in the folder, whichever agent's, holds a lock on a file for
all of them, and one that joins others makes that file longer, so that they know.
"""

import fcntl
import os
import zlib
from pathlib import Path

from sonde.tensorboard.ingest import Scalar, Tail

__all__ = ["Claim", "Surroundings"]


class Surroundings:
    """The folder, for all trials of an agent."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Follow a folder, from the first trial on.

        Args:
            folder: The user's.
            root: The `.sonde` folder, which has the locks.
        """
        self._folder = folder
        self._lock = root / "in-place" / f"{zlib.crc32(os.fsencode(folder)):08x}"
        self._tail: Tail | None = None  # kept, so that old event files are read but once

    def begin(self) -> "Claim | None":
        """Return what a trial that is about to start has of the folder, if that can be known."""
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            claim = Claim(self._lock)
        except OSError:  # a file system without locks
            return None
        if claim.is_alone:
            if self._tail is None:
                self._tail = Tail(self._folder, skip_present=True)
            else:
                self._tail.poll()  # of earlier trials, and of the user
            claim.tail = self._tail
        return claim


class Claim:
    """A trial's hold on the folder.

    Attributes:
        is_alone: Whether it has had the folder to itself so far.
    """

    def __init__(self, lock: Path) -> None:
        self.tail: Tail | None = None
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(lock, flags, 0o644)
        gate = os.open(lock.with_suffix(".gate"), flags, 0o644)
        try:
            # One at a time: a lock that is turned into another is let go of in between.
            fcntl.flock(gate, fcntl.LOCK_EX)
            self.is_alone = self._lock_out()
            fcntl.flock(self._fd, fcntl.LOCK_SH)
            if self.is_alone:
                os.ftruncate(self._fd, 0)
            else:
                os.write(self._fd, b".")
        finally:
            os.close(gate)

    def poll(self) -> list[Scalar]:
        """Return what is new in the folder; nothing once it is shared."""
        if self.tail is None or not self.is_alone:
            return []
        scalars = self.tail.poll()
        self.is_alone = os.fstat(self._fd).st_size == 0  # afterwards: who joined has not begun
        return scalars if self.is_alone else []

    def close(self) -> None:
        """Leave the folder to others; may be called twice."""
        self.tail = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock_out(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
