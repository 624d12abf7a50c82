"""The snapshot: the user's folder as it was when the sweep was made.

Trials are copied from it, so that editing a file while a sweep runs changes nothing. What is
taken: in a git repository what git would take (tracked and new files, not the ignored ones),
elsewhere everything, always without caches, virtual environments and `.sonde`. A file
`.sondeignore`, in the notation of `.gitignore`, leaves out more, and with `!` takes what
git ignores.
"""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonde.agent.copying import copy_file
from sonde.core.sweep import Command
from sonde.errors import ConfigError

__all__ = ["LIMIT", "Snapshot", "changed", "chosen", "take"]

LIMIT = 2 * 10**9  # bytes; each trial gets as much
_NEVER = frozenset({".git", ".sonde", "__pycache__", ".venv", "venv", "node_modules", ".hg",
                    ".svn", ".mypy_cache", ".ruff_cache", ".pytest_cache",
                    ".ipynb_checkpoints"})  # fmt: skip
_IGNORE_FILE = ".sondeignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A folder that was taken.

    Attributes:
        path: Where it lies now.
        files: How many files it has.
        size: Of all of them, in bytes.
        notes: What was left out because it could not be copied, for people.
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
        ConfigError: If the folder is too large, or not there.
    """
    if target.is_dir() and not update:
        return _read(target)
    folder = Path(command.folder)
    if not folder.is_dir():
        raise ConfigError("folder", f"{folder} is no folder", "run sonde from the script's folder")
    paths = chosen(folder, command.links, avoid=target)
    _check_size(folder, paths, limit)
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    notes: list[str] = []
    size = count = 0
    for path in paths:
        copied = _copy(folder, path, draft, notes)
        if copied is not None:
            size, count = size + copied, count + 1
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
    now = {path: _mark(folder / path) for path in chosen(folder, command.links, avoid=target)}
    then = {path: _mark(target / path) for path in _walk(target, avoid=None)}
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


def chosen(folder: Path, links: Sequence[str] = (), *, avoid: Path | None = None) -> list[str]:
    """Return the paths under a folder that a snapshot has, relative, sorted, links as such."""
    paths = _from_git(folder)
    if paths is None:
        paths = set(_walk(folder, avoid=avoid))
    ignore = folder / _IGNORE_FILE
    if ignore.is_file():
        paths = _filtered(folder, paths, ignore.read_text(errors="replace"), avoid)
    linked = tuple(os.path.normpath(link) for link in links)
    return sorted(
        path
        for path in paths
        if not any(path == link or path.startswith(f"{link}/") for link in linked)
    )


def _from_git(folder: Path) -> set[str] | None:
    """Return what git would take, or None if this is no repository."""
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return None
    argv = ["git", "-C", str(folder), "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(argv, capture_output=True, check=False)
    except OSError:
        return None
    if done.returncode:
        return None
    paths: set[str] = set()
    for name in map(os.fsdecode, done.stdout.split(b"\0")):
        path = name.rstrip("/")
        if not path or _is_never(path):
            continue
        full = folder / path
        if full.is_dir() and not full.is_symlink():  # a submodule, or a repository inside
            paths.update(f"{path}/{below}" for below in _walk(full, avoid=None))
        elif os.path.lexists(full):
            paths.add(path)
    return paths


def _walk(folder: Path, *, avoid: Path | None) -> Iterator[str]:
    """Return everything under a folder but what is never taken; empty folders too."""
    todo = [""]
    while todo:
        relative = todo.pop()
        try:
            entries = list(os.scandir(folder / relative))
        except OSError:
            continue  # unreadable
        kept = 0
        for entry in entries:
            path = f"{relative}{entry.name}"
            if _is_never(path) or (avoid is not None and avoid.is_relative_to(entry.path)):
                continue
            kept += 1
            if entry.is_dir(follow_symlinks=False):
                if not (folder / path / "pyvenv.cfg").exists():
                    todo.append(f"{path}/")
            else:
                yield path
        if relative and not kept:
            yield relative.rstrip("/")


def _filtered(folder: Path, paths: set[str], rules: str, avoid: Path | None) -> set[str]:
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(rules.splitlines())
    kept = {path for path in paths if spec.check_file(path).include is not True}
    if any(line.startswith("!") for line in rules.splitlines()):
        again = (path for path in _walk(folder, avoid=avoid) if path not in kept)
        kept.update(path for path in again if spec.check_file(path).include is False)
    return kept


def _is_never(path: str) -> bool:
    return path.endswith(".pyc") or not _NEVER.isdisjoint(path.split("/"))


def _check_size(folder: Path, paths: Iterable[str], limit: int) -> None:
    sizes: dict[str, int] = {}
    for path in paths:
        try:
            status = os.lstat(folder / path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            top = path.split("/", 1)[0]
            sizes[top] = sizes.get(top, 0) + status.st_size
    total = sum(sizes.values())
    if total > limit:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
        listed = ", ".join(f"{name} ({size / 1e9:.2g} GB)" for name, size in largest)
        raise ConfigError(
            f"folder {folder}",
            f"{total / 1e9:.2g} GB would be copied for each trial; the largest: {listed}",
            f"name them in {_IGNORE_FILE}, link them with --link {largest[0][0]}, "
            "or run in place with --workspace none",
        )


def _copy(folder: Path, path: str, draft: Path, notes: list[str]) -> int | None:
    """Copy one path; return its size, or None with a note if it cannot be."""
    source, to = folder / path, draft / path
    try:
        status = os.lstat(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(status.st_mode):
            to.symlink_to(_link_target(folder, source))
            return 0
        if stat.S_ISDIR(status.st_mode):
            to.mkdir(exist_ok=True)
            return 0
        if not stat.S_ISREG(status.st_mode):
            notes.append(f"{path} is no file and was left out")
            return None
        for _ in copy_file(str(source), str(to), status):
            pass
    except FileNotFoundError:
        return None  # gone since it was listed
    except PermissionError:
        notes.append(f"{path} cannot be read and was left out")
        return None
    return status.st_size


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
    sizes = [os.lstat(target / path).st_size for path in _walk(target, avoid=None)]
    return Snapshot(path=target, files=len(sizes), size=sum(sizes))
