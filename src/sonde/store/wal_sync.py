"""Making committed transactions durable outside of the write lock, many with one write.

With `synchronous=NORMAL` SQLite commits by appending to the write-ahead log without
waiting for the disk. We then wait by ourselves, with the lock given back already, so that
the waits of several processes overlap and the file system serves them together.

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

__all__ = ["WalSync", "sync_file"]


class WalSync:
    """A descriptor of one database's log. SQLite keeps no locks on that file, so it is safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: _Descriptor | None = None
        self.calls = 0

    def __call__(self) -> None:
        """Return when everything that was committed before is on the disk."""
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return  # checkpointed and removed: all of it is in the database, and synced
        held = self._held
        if held is None or held.inode != (now.st_dev, now.st_ino):
            # Others may be syncing through the old one: it is closed when the last lets go.
            held = self._held = _Descriptor(self._path)
        self.calls += 1
        sync_file(held.fd)

    def close(self) -> None:
        """Let go of the descriptor."""
        self._held = None


class _Descriptor:
    __slots__ = ("fd", "inode")

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        found = os.fstat(self.fd)
        self.inode = (found.st_dev, found.st_ino)

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


def sync_file(fd: int) -> None:
    """Wait until a file's content is on the disk, past the drive's own cache on macOS."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(fd)
