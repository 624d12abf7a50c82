"""Artifacts: the files that a trial leaves in `artifacts/` of its folder, named, found, opened.

Names come over the network, and folders are filled by programs that are not ours. So a name
never leads out of the folder, and no link is followed on the way, whatever it points to.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sonde.errors import ConfigError, NotFoundError

__all__ = ["Artifact", "checked", "list_artifacts", "open_artifact", "parent_of"]

_LONGEST = 1000  # characters of a name
_LONGEST_PART = 255  # bytes, of every file system that matters
_MOST = 10_000  # files of one attempt
_NO_LINKS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must keep nobody waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a trial left.

    Attributes:
        path: Its name below `artifacts/`, with `/`.
        size: In bytes.
        modified_ns: When it was last changed, in nanoseconds since the epoch.
    """

    path: str
    size: int
    modified_ns: int


def checked(path: str) -> tuple[str, ...]:
    """Return the parts of a name that may come from anywhere.

    Raises:
        ConfigError: If it could lead out of a folder, or is no name of a file.
    """
    parts = tuple(path.split("/"))
    try:
        too_long = any(len(part.encode()) > _LONGEST_PART for part in parts)
    except UnicodeEncodeError:
        raise _refused(path, "it is no text") from None
    if not path or path.startswith("/"):
        raise _refused(path, "it is not below the trial's artifacts")
    if any(part in {"", ".", ".."} for part in parts):
        raise _refused(path, "it leads out of the trial's artifacts, or nowhere")
    if "\\" in path or any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        raise _refused(path, "it has a character that names of files should not have")
    if too_long or len(path) > _LONGEST:
        raise _refused(path, "it is too long")
    return parts


def _refused(path: str, found: str) -> ConfigError:
    return ConfigError(f"artifact {path!r:.80}", found, "use a name such as plots/loss.png")


def list_artifacts(folder: Path) -> list[Artifact]:
    """Return the files below a folder by name, at most 10,000; links are passed over."""
    found: list[Artifact] = []
    todo = [("", os.fspath(folder))]
    while todo and len(found) < _MOST:
        prefix, here = todo.pop()
        try:
            entries = list(os.scandir(here))
        except OSError:
            continue  # it is not there, or cannot be read
        for entry in entries:
            name = f"{prefix}{entry.name}"
            try:
                checked(name)
                status = entry.stat(follow_symlinks=False)
            except (ConfigError, OSError):
                continue  # no name that could be asked for, or gone again
            if stat.S_ISDIR(status.st_mode):
                todo.append((f"{name}/", entry.path))
            elif stat.S_ISREG(status.st_mode):
                found.append(
                    Artifact(path=name, size=status.st_size, modified_ns=status.st_mtime_ns)
                )
    return sorted(found[:_MOST], key=lambda one: one.path)


def open_artifact(folder: Path, path: str) -> int:
    """Return a file descriptor of a file below a folder, for reading.

    Raises:
        ConfigError: If the name could lead out of it.
        NotFoundError: If there is no such file, or it is reached through a link.
    """
    *folders, name = checked(path)
    try:
        with _walked(folder, folders) as parent:
            fd = os.open(name, os.O_RDONLY | _NO_LINKS, dir_fd=parent)
    except OSError as error:
        raise NotFoundError(f"there is no artifact {path}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotFoundError(f"there is no artifact {path}")
    return fd


@contextmanager
def parent_of(folder: Path, path: str) -> Iterator[tuple[int, str]]:
    """Give the folder of a file as a descriptor, made where it lacks, and the file's own name.

    Raises:
        ConfigError: If the name could lead out of `folder`.
        OSError: If the folder cannot be made, or a link is in the way.
    """
    *folders, name = checked(path)
    folder.mkdir(parents=True, exist_ok=True)
    with _walked(folder, folders, make=True) as parent:
        yield parent, name


@contextmanager
def _walked(folder: Path, names: list[str], *, make: bool = False) -> Iterator[int]:
    """Go down from a folder without following a link; give the last one as a descriptor."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _NO_LINKS, dir_fd=at)
            os.close(at)
            at = below
        yield at
    finally:
        os.close(at)
