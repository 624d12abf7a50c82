"""What can be wrong with a SQLite file, in words: where, what was found, what to do."""

import errno
import sqlite3
from pathlib import Path

from sonde.errors import StoreError, StoreVersionError

__all__ = ["fault", "foreign", "is_busy", "newer"]

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_WORDS = {
    sqlite3.SQLITE_FULL: (
        "the disk is full; nothing of this call was kept",
        "free some space, or move the store with --store",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk cannot be read or written (full, over a quota, or faulty); nothing was kept",
        "free some space, check the disk, or move the store with --store",
    ),
    sqlite3.SQLITE_READONLY: (
        "it cannot be written",
        "give yourself write access to the file and its folder, or name another with --store",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "check that its folder exists and that you may write there, or name another with --store",
    ),
    sqlite3.SQLITE_NOTADB: (
        "it is no SQLite database, and was left as it is",
        "name another file with --store",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "its content is damaged; nothing was changed",
        "restore a copy, or save what can be read with `sqlite3 FILE .recover`",
    ),
}


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 1 where the driver gave none."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether the call may succeed when it is tried again."""
    return primary_code(error) in _BUSY


def fault(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """Return the error to raise for one that came up at the database."""
    if isinstance(error, OSError):
        if error.errno in _NO_SPACE:
            found, remedy = _WORDS[sqlite3.SQLITE_FULL]
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            found, remedy = _WORDS[sqlite3.SQLITE_READONLY]
        else:
            found = (error.strerror or str(error)).lower()
            remedy = "check the folder, or name another file with --store"
    elif is_busy(error):
        found = "another program has kept it locked for minutes"
        remedy = "end that program (`fuser FILE` names it)"
    else:
        found, remedy = _WORDS.get(
            primary_code(error), (str(error), "check the disk and the file, or restore a copy")
        )
    return StoreError(f"{path}: {found}; {remedy}")


def foreign(path: Path) -> StoreError:
    """Return the error for a database of some other program."""
    return StoreError(
        f"{path}: it is a SQLite database of another program, and was left as it is; "
        "name another file with --store"
    )


def newer(path: Path, found: int, known: int) -> StoreVersionError:
    """Return the error for a store that a later sonde has written."""
    return StoreVersionError(
        f"{path}: the store is of version {found}, but this sonde knows versions up to {known}; "
        "it was left as it is; upgrade sonde"
    )
