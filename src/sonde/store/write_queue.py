"""Whose turn it is to write: processes wait in the kernel, in line, instead of polling.

SQLite has one writer at a time, and those who find it busy sleep and try again: with many
of them most of the time is slept away, and the unlucky starve. So before a transaction
begins, its process takes an exclusive `flock` on a file beside the database, and gives it
back right after the commit. The kernel wakes the next in line, and drops the lock of a
process that was killed. A file system without `flock` leaves SQLite's own waiting.
"""

import fcntl
import os
from pathlib import Path

__all__ = ["WriteQueue"]


class WriteQueue:
    """The lock on one database's queue file. Not for several threads at once."""

    def __init__(self, path: Path) -> None:
        self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def enter(self) -> None:
        """Wait until it is our turn."""
        if self._fd is not None:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX)
            except OSError:  # ENOLCK, ENOTSUP ...: not on this file system
                self.close()

    def leave(self) -> None:
        """Let the next one in; harmless when it is not our turn."""
        if self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file. In a forked child this leaves the parent's lock as it is."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
