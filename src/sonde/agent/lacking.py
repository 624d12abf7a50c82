"""What a trial's copy of the folder lacks: told by the last line that its program wrote.

A program that is started in a copy may miss what the user has: files that are ignored, and
everything outside of the folder.
"""

import os
import re
from pathlib import Path

from sonde.core.sweep import Command

__all__ = ["remedy"]

_MODULE = re.compile(r"No module named '([^'.]+)")
_PATHS = re.compile(r"""['"]([^'"\n]{1,300})['"]|(?:^|[\s:=])((?:\.{0,2}/)?[\w.\-/]+)""")
_UP = 3  # parents in which a module is looked for


def remedy(command: Command, work: Path, said: str) -> str | None:
    """Return what to do if the program missed something that the user has.

    Args:
        command: What was run in a copy.
        work: The copy.
        said: The line.
    """
    folder = Path(command.folder)
    module = _MODULE.search(said)
    if module is not None:
        return _module(module[1], folder, work)
    for quoted, bare in _PATHS.findall(said):
        path = os.path.normpath(quoted or bare).removeprefix(f"{work}/")
        if path.startswith("/") or path in {".", ".."}:
            continue
        if (folder / path).exists() and not (work / path).exists():
            if path.startswith(".."):
                return _outside(path, _first_over(folder, path))
            return _inside(path)
    return None


def _module(name: str, folder: Path, work: Path) -> str | None:
    for path in (f"{name}.py", name):
        if (folder / path).exists():
            return None if (work / path).exists() else _inside(path)
    for parent in list(folder.parents)[:_UP]:
        for found in (parent / f"{name}.py", parent / name):
            if found.exists():
                return _outside(str(found), parent)
        if (parent / ".git").exists():
            break
    return None


def _inside(path: str) -> str:
    top = path.split("/", 1)[0]
    return f"{path} is ignored and so not in the trial's copy: use --link {top}"


def _outside(path: str, over: Path) -> str:
    return (
        f"{path} is outside of the folder that was copied for the trial: run sonde from {over}, "
        "or use --workspace none"
    )


def _first_over(folder: Path, path: str) -> Path:
    """Return the nearest folder over both."""
    full = os.path.normpath(folder / path)
    return Path(os.path.commonpath([folder, Path(full).parent]))
