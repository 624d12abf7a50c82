"""Making committed transactions durable outside of the write lock, many with one wait.

With `synchronous=NORMAL` SQLite commits by appending to the write-ahead log without
waiting for the disk. We then wait by ourselves, with the write lock given back already. One
process at a time waits, for all that was committed when it began; the others wait for it,
and find mostly that their commit was among them.

That this is safe follows from how SQLite treats its log: it is read back up to the last
frame whose chain of checksums holds, so once all bytes up to our commit are on the disk
the commit is; and a checkpoint syncs the log before it copies from it, and the database
before the log is begun anew, so what is no longer in the log is in the database for good.
The log file stays the same as long as any connection is open, ours included; should it
have been replaced nevertheless, the inode shows it.
"""

import fcntl
import os
import sys
from pathlib import Path
from threading import Lock
from weakref import finalize

from sonde.store.write_queue import WriteQueue

__all__ = ["WalSync", "sync_file"]


class WalSync:
    """A descriptor of one database's log. SQLite keeps no locks on that file, so we may."""

    def __init__(self, path: Path, queue: WriteQueue) -> None:
        self._path = path
        self._queue = queue
        self._held: _Descriptor | None = None
        self._lock = Lock()  # a file lock does not tell the threads of a process apart
        self.calls = 0

    def __call__(self, number: int | None) -> None:
        """Return when the commit of that number is on the disk."""
        with self._lock:
            try:
                now = self._path.stat()
            except FileNotFoundError:
                return  # checkpointed and removed: all of it is in the database, and synced
            held = self._held
            if held is None or held.inode != (now.st_dev, now.st_ino):
                held = self._held = _Descriptor(self._path)
            if number is None:
                self._wait(held.fd)
            else:
                self._wait_together(held.fd, number)

    def close(self) -> None:
        """Let go of the descriptor; it is closed when no thread is waiting with it."""
        self._held = None

    def abandon(self) -> None:
        """Close it at once, in a forked child: it may hold a lock of the parent."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _wait(self, fd: int) -> None:
        self.calls += 1
        sync_file(fd)

    def _wait_together(self, fd: int, number: int) -> None:
        queue = self._queue
        for turn in range(4):
            if (queue.synced() or 0) >= number:
                return
            try:
                # Whoever gets it exclusively waits for the disk. The others share it when that
                # one is ready, all at once; if they find themselves left out they try again,
                # at last in line, as it is only other sharers that can be in the way for long.
                fcntl.flock(fd, fcntl.LOCK_EX | (fcntl.LOCK_NB if turn < 3 else 0))
            except BlockingIOError:
                fcntl.flock(fd, fcntl.LOCK_SH)
                fcntl.flock(fd, fcntl.LOCK_UN)
                continue
            try:
                if (queue.synced() or 0) < number:
                    reached = queue.committed() or number
                    self._wait(fd)
                    queue.set_synced(max(reached, number))
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)
            return


class _Descriptor:
    __slots__ = ("__weakref__", "_close", "fd", "inode")

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        found = os.fstat(self.fd)
        self.inode = (found.st_dev, found.st_ino)
        self._close = finalize(self, os.close, self.fd)

    def close(self) -> None:
        self._close()


def sync_file(fd: int) -> None:
    """Wait until a file's content is on the disk, past the drive's own cache on macOS."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)
