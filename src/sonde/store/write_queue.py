"""Whose turn it is to write: processes wait in the kernel, in line, instead of polling.

SQLite has one writer at a time, and those who find it busy sleep and try again: with many
of them most of the time is slept away, and the unlucky starve. So before a transaction
begins, its process takes an exclusive `flock` on a file beside the database, and gives it
back right after the commit. The kernel wakes the next in line, and drops the lock of a
process that was killed. A file system without `flock` leaves SQLite's own waiting.

The file also counts commits, and says up to which of them all are on the disk, so that one
wait for the disk can serve many (see `wal_sync`). The counts only ever grow. What a power
cut leaves of them is harmless: whoever commits next is given a number above both.
"""

import fcntl
import os
import struct
from pathlib import Path

__all__ = ["WriteQueue"]

_COMMITTED, _SYNCED = 0, 64  # places in the file
_NUMBER = struct.Struct("<QQ")
_MASK = 2**64 - 1


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

    def count_commit(self) -> int | None:
        """Return the number of the commit that was just made in our turn, None without a count."""
        committed = self.committed()
        if committed is None:
            committed = self.synced() or 0
        return committed + 1 if self._write(_COMMITTED, committed + 1) else None

    def committed(self) -> int | None:
        """Return the number of the last commit."""
        return self._read(_COMMITTED)

    def synced(self) -> int | None:
        """Return the number of the last commit that is on the disk, as are all before it."""
        return self._read(_SYNCED)

    def set_synced(self, number: int) -> None:
        """Say that all commits up to this one are on the disk; one process at a time."""
        self._write(_SYNCED, number)

    def _read(self, place: int) -> int | None:
        if self._fd is None:
            return None
        data = os.pread(self._fd, _NUMBER.size, place)
        if len(data) < _NUMBER.size:
            return None
        number, check = _NUMBER.unpack(data)
        # Nothing promises that eight bytes are read in one piece while they are written.
        return int(number) if number ^ check == _MASK else None

    def _write(self, place: int, number: int) -> bool:
        if self._fd is None:
            return False
        try:
            os.pwrite(self._fd, _NUMBER.pack(number, number ^ _MASK), place)
        except OSError:  # a full disk: then everybody waits for it by themselves
            return False
        return True
