"""Which files of the user's folder trials are given.

In a git repository what git would take (tracked and new files, not the ignored ones),
elsewhere everything, always without caches, virtual environments and `.sonde`. A file
`.sondeignore`, in the notation of `.gitignore`, leaves out more, and with `!` takes what git
ignores.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["IGNORE_FILE", "chosen", "walk"]

IGNORE_FILE = ".sondeignore"
_NEVER = frozenset({".git", ".sonde", "__pycache__", ".venv", "venv", "node_modules", ".hg",
                    ".svn", ".mypy_cache", ".ruff_cache", ".pytest_cache",
                    ".ipynb_checkpoints"})  # fmt: skip


def chosen(folder: Path, links: Sequence[str] = (), *, avoid: Path | None = None) -> list[str]:
    """Return the paths under a folder that a snapshot has, relative, sorted, links as such."""
    paths = _from_git(folder)
    if paths is None:
        paths = set(walk(folder, avoid=avoid))
    ignore = folder / IGNORE_FILE
    if ignore.is_file():
        paths = _filtered(folder, paths, ignore.read_text(errors="replace"), avoid)
    linked = tuple(os.path.normpath(link) for link in links)
    return sorted(
        path
        for path in paths
        if not any(path == link or path.startswith(f"{link}/") for link in linked)
    )


def walk(folder: Path, *, avoid: Path | None) -> Iterator[str]:
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
            paths.update(f"{path}/{below}" for below in walk(full, avoid=None))
        elif os.path.lexists(full):
            paths.add(path)
    return paths


def _filtered(folder: Path, paths: set[str], rules: str, avoid: Path | None) -> set[str]:
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(rules.splitlines())
    kept = {path for path in paths if spec.check_file(path).include is not True}
    if any(line.startswith("!") for line in rules.splitlines()):
        again = (path for path in walk(folder, avoid=avoid) if path not in kept)
        kept.update(path for path in again if spec.check_file(path).include is False)
    return kept


def _is_never(path: str) -> bool:
    return path.endswith(".pyc") or not _NEVER.isdisjoint(path.split("/"))
