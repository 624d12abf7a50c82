"""The snapshot: the user's folder as it was when the sweep was made.

Trials are copied from it, so that editing a file while a sweep runs changes nothing.
"""

import os
import shutil
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sonde.agent.chosen import IGNORE_FILE, chosen, walk
from sonde.agent.copying import copy_file
from sonde.core.sweep import Command
from sonde.errors import ConfigError

__all__ = ["LIMIT", "Snapshot", "changed", "take"]

LIMIT = 2 * 10**9  # bytes; each trial gets as much
_MUCH = 50 * 10**6  # bytes, of which a word is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A folder that was taken.

    Attributes:
        path: Where it lies now.
        files: How many files it has.
        size: Of all of them, in bytes.
        notes: What was left out because it could not be copied, and that it is much, for people.
    """

    path: Path
    files: int
    size: int
    notes: tuple[str, ...] = ()


def take(command: Command, target: Path, *, update: bool = False, limit: int = LIMIT) -> Snapshot:
    """Copy the command's folder to `target`, whole or not at all; keep what is there already.

    Args:
        command: What is to run.
        target: As `folder.source_folder` names it.
        update: Take it anew.
        limit: How many bytes are too many.

    Raises:
        ConfigError: If the folder is too large, or not there, or the copy finds no room.
    """
    if target.is_dir() and not update:
        return _read(target)
    folder = Path(command.folder)
    if not folder.is_dir():
        raise ConfigError("folder", f"{folder} is no folder", "run sonde from the script's folder")
    paths = _files(folder, command, target)
    sizes = _sizes(folder, paths)
    _check_size(folder, sizes, limit)
    notes: list[str] = []
    size = own = count = 0
    with _draft_of(target) as draft:
        for path in paths:
            copied = _copy(folder, path, draft, notes)
            if copied is not None:
                count, size, own = count + 1, size + copied[0], own + copied[1]
    if own > _MUCH:
        largest = _largest(sizes)
        notes.append(
            f"each trial gets a copy of {_shown(own)}; the largest: {_listed(sizes)}. Name what "
            f"trials do not need in {IGNORE_FILE}, or link it: --link {largest[0]}"
        )
    old = target.with_name(f"{target.name}.{os.getpid()}.old")
    if update and target.exists():
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(draft, ignore_errors=True)  # another agent was quicker
    shutil.rmtree(old, ignore_errors=True)
    return Snapshot(path=target, files=count, size=size, notes=tuple(notes))


def changed(command: Command, target: Path) -> list[str]:
    """Return the files that differ by now from the snapshot, with `+` new and `-` gone ones."""
    folder = Path(command.folder)
    now = {path: _mark(folder / path) for path in _files(folder, command, target)}
    then = {path: _mark(target / path) for path in walk(target, avoid=None)}
    lines = []
    for path in sorted(now.keys() | then.keys()):
        if path not in then:
            if now[path] is not None and now[path] != "other":
                lines.append(f"+ {path}")
        elif path not in now:
            lines.append(f"- {path}")
        elif now[path] != then[path] and "link" not in {now[path], then[path]}:
            lines.append(f"  {path}")
    return lines


def _files(folder: Path, command: Command, target: Path) -> list[str]:
    """Return what is copied: without what this very command prints into (`sonde run ... > log`)."""
    printed = {one for fd in (1, 2) if (one := _identity(fd)) is not None}
    found = chosen(folder, command.links, avoid=target)
    return [path for path in found if not printed or _identity(folder / path) not in printed]


def _identity(file: int | Path) -> tuple[int, int] | None:
    """Return what is the same for two names of a regular file; None if it is none."""
    try:
        status = os.fstat(file) if isinstance(file, int) else os.lstat(file)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """Give a new folder beside the target, which is gone again where it could not be filled."""
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        yield draft
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise ConfigError(
            f"folder {target.parent}",
            f"the files of the script cannot be copied there: {error.strerror or error}",
            "free some space, or give yourself write access",
        ) from error


def _sizes(folder: Path, paths: Iterable[str]) -> dict[str, int]:
    """Return how many bytes there are under each name at the top."""
    sizes: dict[str, int] = {}
    for path in paths:
        try:
            status = os.lstat(folder / path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            top = path.split("/", 1)[0]
            sizes[top] = sizes.get(top, 0) + status.st_size
    return sizes


def _check_size(folder: Path, sizes: Mapping[str, int], limit: int) -> None:
    total = sum(sizes.values())
    if total > limit:
        raise ConfigError(
            f"folder {folder}",
            f"{_shown(total)} would be copied for each trial; the largest: {_listed(sizes)}",
            f"name them in {IGNORE_FILE}, link them with --link {_largest(sizes)[0]}, "
            "or run in place with --workspace none",
        )


def _largest(sizes: Mapping[str, int]) -> list[str]:
    least = sum(sizes.values()) / 100  # what is smaller does not matter
    large = [name for name, size in sizes.items() if size >= least]
    return sorted(large, key=lambda name: -sizes[name])[:3]


def _listed(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({_shown(sizes[name])})" for name in _largest(sizes))


def _shown(size: int) -> str:
    return f"{size / 1e9:.2g} GB" if size >= 10**9 else f"{size / 1e6:.3g} MB"


def _copy(folder: Path, path: str, draft: Path, notes: list[str]) -> tuple[int, int] | None:
    """Copy one path; return its size, and how much of it takes up room of its own.

    None, with a note, if it cannot be copied.
    """
    source, to = folder / path, draft / path
    try:
        status = os.lstat(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(status.st_mode):
            to.symlink_to(_link_target(folder, source))
            return 0, 0
        if stat.S_ISDIR(status.st_mode):
            to.mkdir(exist_ok=True)
            return 0, 0
        if not stat.S_ISREG(status.st_mode):
            notes.append(f"{path} is no file and was left out")
            return None
        is_own = _finished(copy_file(str(source), str(to), status))
    except FileNotFoundError:
        return None  # gone since it was listed
    except PermissionError:
        notes.append(f"{path} cannot be read and was left out")
        return None
    return status.st_size, status.st_size * is_own


def _finished(steps: Generator[None, None, bool]) -> bool:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return bool(end.value)


def _link_target(folder: Path, link: Path) -> str:
    """Return what a copied link points to: the same place in the copy, or the original outside."""
    target = str(link.readlink())
    full = Path(os.path.normpath(link.parent / target))
    if full.is_relative_to(folder):
        return os.path.relpath(full, link.parent)
    return str(full)


def _mark(path: Path) -> object:
    """Return what shows whether a file was changed."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "link"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if not stat.S_ISREG(status.st_mode):
        return "other"
    return status.st_size, status.st_mtime_ns


def _read(target: Path) -> Snapshot:
    sizes = [os.lstat(target / path).st_size for path in walk(target, avoid=None)]
    return Snapshot(path=target, files=len(sizes), size=sum(sizes))
