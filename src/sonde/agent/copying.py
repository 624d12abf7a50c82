"""Copying a file as cheaply as the file system allows, without ever sharing what can change."""

import errno
import os
import stat
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

__all__ = ["copy_file", "copy_tree"]

_FICLONE = 0x40049409  # linux/fs.h
_CHUNK = 8 << 20
_FILES = 50  # copied before the caller hears of it


def copy_file(source: str, target: str, status: os.stat_result) -> Generator[None, None, bool]:
    """Copy a file with its mode and times; yields after each few megabytes.

    Returns:
        Whether it takes up room of its own: the file system shares what it can.

    Raises:
        OSError: If it cannot be read or written.
    """
    mode = stat.S_IMODE(status.st_mode) & 0o777
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writing = os.open(target, flags, mode | 0o200)
        try:
            is_own = bool(status.st_size) and not _clone(reading, writing)
            if is_own:
                yield from _copy(reading, writing, status.st_size)
            os.fchmod(writing, mode)
            os.utime(writing, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return is_own


def copy_tree(source: Path, target: Path, *, skip: frozenset[str] = frozenset()) -> Iterator[None]:
    """Copy a folder that nobody changes meanwhile; yields now and then.

    A file that nobody may write to is linked hard instead, unless we are root, who may.

    Args:
        source: The folder.
        target: Must not exist.
        skip: Paths relative to `source` that are left out.
    """
    may_link = os.name == "posix" and os.geteuid() != 0
    target.mkdir(parents=True)
    copied = 0
    todo = [("", os.fspath(source), os.fspath(target))]
    folders = []
    while todo:
        relative, here, there = todo.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                name = f"{relative}{entry.name}"
                if name in skip:
                    continue
                to = f"{there}/{entry.name}"
                if entry.is_symlink():
                    os.symlink(os.readlink(entry.path), to)  # noqa: PTH115, PTH211 - strings
                elif entry.is_dir(follow_symlinks=False):
                    os.mkdir(to)  # noqa: PTH102 - strings are faster
                    folders.append((to, entry.stat(follow_symlinks=False)))
                    todo.append((f"{name}/", entry.path, to))
                elif entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    if may_link and not status.st_mode & 0o222 and _link(entry.path, to):
                        continue
                    yield from copy_file(entry.path, to, status)
                copied += 1
                if copied % _FILES == 0:
                    yield
    for path, status in reversed(folders):  # deepest first, so that none is changed again
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _link(source: str, target: str) -> bool:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES}:
            return False
        raise
    return True


def _clone(reading: int, writing: int) -> bool:
    """Share the blocks until one side writes (btrfs, xfs, ...); tell whether that worked."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:
        return False
    return True


def _copy(reading: int, writing: int, size: int) -> Iterator[None]:
    in_kernel = hasattr(os, "copy_file_range") and size > 65536
    done = 0
    while True:
        if in_kernel:
            try:
                count = os.copy_file_range(reading, writing, _CHUNK)
            except OSError:
                if done:
                    raise
                in_kernel = False
                continue
        else:
            data = os.read(reading, _CHUNK)
            count = len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(writing, view) :]
        done += count
        if not count or (done >= size and not in_kernel):
            return
        if done < size:
            yield
