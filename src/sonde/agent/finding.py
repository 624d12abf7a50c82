"""Finding the program that a person means, and what it needs in front of it.

A `.py` file is run by the user's Python, anything else by itself. Behind an interpreter
(`python -u train.py`, `bash train.sh`, `python -m package`) the script is looked for, as its
text is what values are put into.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sonde.errors import ConfigError

__all__ = ["PYTHON", "Found", "find", "inside", "user_python"]

PYTHON = frozenset({".py", ".pyw"})
_INTERPRETER = re.compile(
    r"(python|pypy)[\d.]*|(ba|z|da|k|fi)?sh|node|Rscript|julia|perl|ruby|torchrun|accelerate|uv"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The program as it will be started.

    Attributes:
        argv: With the interpreter in front where it needs one.
        script: The file whose text is the program, absolute; None for a binary or a module.
        shown: The script as the user called it.
    """

    argv: tuple[str, ...]
    script: Path | None
    shown: str


def find(argv: Sequence[str], folder: Path, python: str | None = None) -> Found:
    """Find the program.

    Args:
        argv: What was typed.
        folder: Where the user is.
        python: The interpreter for `.py` files; None: the user's.

    Raises:
        ConfigError: If there is none, or it cannot be run.
    """
    if not argv or not argv[0]:
        raise ConfigError("script", "there is nothing to run", "name it: sonde run ... train.py")
    first, rest = argv[0], list(argv[1:])
    path = folder / first
    if Path(first).suffix in PYTHON:
        _check_script(first, folder)
        argv = (python or user_python(), _as_seen(path, folder), *rest)
        return Found(argv=argv, script=path, shown=first)
    if "/" in first or (path.is_file() and shutil.which(first) is None):
        _check_script(first, folder)
        if not os.access(path, os.X_OK):
            raise ConfigError(
                first,
                "it is not executable",
                f"chmod +x {first}, or name what runs it: bash {first}",
            )
        seen = _as_seen(path, folder)
        program = seen if "/" in seen else f"./{seen}"
        return Found(argv=(program, *rest), script=path, shown=first)
    if shutil.which(first) is None:
        raise _absent(first, folder)
    return _behind(first, rest, folder)


def user_python() -> str:
    """Return the Python that the user means: that of the active environment, or else ours."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = os.environ.get(variable)
        if prefix and Path(prefix).resolve() != Path(sys.prefix).resolve():
            candidate = Path(prefix) / "bin" / "python"
            if os.access(candidate, os.X_OK):
                return str(candidate)
    return sys.executable


def _behind(first: str, rest: list[str], folder: Path) -> Found:
    """Find the script that a program such as `python` or `bash` is given."""
    known = _INTERPRETER.fullmatch(first) is not None
    is_python = first.startswith(("python", "pypy"))
    for place, word in enumerate(rest):
        if word == "-m" and is_python and place + 1 < len(rest):
            module = _module(rest[place + 1], folder)
            return Found(argv=(first, *rest), script=module, shown=rest[place + 1])
        if word == "-c" and known:
            break
        if word.startswith("-"):
            continue
        is_script = Path(word).suffix in PYTHON
        if is_script or (known and (folder / word).is_file()):
            if is_script:
                _check_script(word, folder)
            rest[place] = _as_seen(folder / word, folder)
            return Found(argv=(first, *rest), script=folder / word, shown=word)
        if known and place == 0:  # an interpreter's first word is a script
            _check_script(word, folder)
    return Found(argv=(first, *rest), script=None, shown=first)


def _module(name: str, folder: Path) -> Path | None:
    base = folder.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__main__.py"):
        if path.is_file():
            return path
    return None


def _check_script(name: str, folder: Path) -> None:
    path = folder / name
    if path.is_dir():
        raise ConfigError(name, "it is a folder, not a script", f"name the script: {name}/...")
    if not path.exists():
        raise _absent(name, folder)
    if not path.is_file():
        raise ConfigError(name, "it is no regular file", "name a script")
    if not os.access(path, os.R_OK):
        raise ConfigError(name, "it cannot be read", f"chmod +r {name}")


def _absent(name: str, folder: Path) -> ConfigError:
    if (folder / name).is_dir():
        return ConfigError(name, "it is a folder, not a script", f"name the script: {name}/...")
    parent = (folder / name).parent
    try:
        there = sorted(entry.name for entry in parent.iterdir() if entry.is_file())
    except OSError:
        return ConfigError(name, f"there is no folder {parent}", "check the path")
    near = get_close_matches(Path(name).name, there, 3, 0.75)
    scripts = [one for one in there if Path(one).suffix in {*PYTHON, ".sh"}][:5]
    if near:
        remedy = f"did you mean {' or '.join(near)}?"
    elif scripts:
        remedy = f"scripts there: {', '.join(scripts)}"
    else:
        remedy = "check the name, or cd to the script's folder"
    return ConfigError(name, f"there is no such file in {parent}", remedy)


def _as_seen(path: Path, folder: Path) -> str:
    """Return a path as the program in a copy of the folder is to see it."""
    relative = inside(path, folder)
    return str(path) if relative is None else relative


def inside(path: Path | None, folder: Path) -> str | None:
    """Return a path relative to the folder, or None if it is outside."""
    if path is None:
        return None
    full = Path(os.path.normpath(path))
    return full.relative_to(folder).as_posix() if full.is_relative_to(folder) else None
