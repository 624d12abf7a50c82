"""Finding the program that a person means, and what it needs in front of it.

A `.py` file is run by the user's Python, anything else by itself. Behind an interpreter or a
launcher (`python -u train.py`, `.venv/bin/python train.py`, `env bash train.sh`, `torchrun -m
package`) the script is looked for, as its text is what values are put into.
"""

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from sonde.errors import ConfigError

__all__ = ["PYTHON", "Found", "find", "inside", "user_python"]

PYTHON = frozenset({".py", ".pyw"})
_PYTHON_ITSELF = re.compile(r"(python|pypy)[\d.]*w?")
_INTERPRETER = re.compile(r"(python|pypy)[\d.]*w?|(ba|z|da|k|fi)?sh|node|Rscript|julia|perl|ruby")
_LAUNCHER = re.compile(r"torchrun|accelerate|deepspeed|uv")  # of Python; they know `-m` too
_INLINE = re.compile(r"-[A-Za-z]*c")  # what follows is the program: Python and shells,
_INLINE_ELSEWHERE = re.compile(r"-[A-Za-z]*e|--eval")  # and the others, to shells `exit on error`


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The program as it will be started.

    Attributes:
        argv: With the interpreter in front where it needs one.
        script: The file whose text is the program, absolute; None if there is none.
        shown: The script as the user called it.
        inline: The program's text where it stands in the arguments (`bash -c TEXT`); empty
            where an interpreter runs something that was not found. None for a script, and for
            a binary, whose business it is.
    """

    argv: tuple[str, ...]
    script: Path | None
    shown: str
    inline: str | None = None


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
    if "/" not in first and not (path.is_file() and shutil.which(first) is None):
        if shutil.which(first) is None:
            raise _absent(first, folder)
        return _behind([first, *rest], folder)
    _check_script(first, folder)
    if not os.access(path, os.X_OK):
        raise ConfigError(
            first,
            "it is not executable",
            f"chmod +x {first}, or name what runs it: bash {first}",
        )
    if _is_tool(path, folder):
        found = _behind([os.path.normpath(path), *rest], folder)
        if found.script is not None or found.inline is not None:
            return found
    seen = _as_seen(path, folder)
    program = seen if "/" in seen else f"./{seen}"
    return Found(argv=(program, *rest), script=path, shown=first)


def user_python() -> str:
    """Return the Python that the user means: that of the active environment, or else ours."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        prefix = os.environ.get(variable)
        if prefix and Path(prefix).resolve() != Path(sys.prefix).resolve():
            candidate = Path(prefix) / "bin" / "python"
            if os.access(candidate, os.X_OK):
                return str(candidate)
    return sys.executable


def _is_tool(path: Path, folder: Path) -> bool:
    """Tell whether a program runs what it is given, rather than being what is tuned.

    It is an interpreter by name, or lies in a virtual environment or outside the folder; so no
    copy of the folder has it.
    """
    if _INTERPRETER.fullmatch(path.name) or _LAUNCHER.fullmatch(path.name):
        return True
    return (path.parent.parent / "pyvenv.cfg").exists() or inside(path, folder) is None


def _behind(argv: Sequence[str], folder: Path) -> Found:
    """Find the script that a program such as `python`, `bash`, `torchrun` or `nice` is given."""
    name = Path(argv[0]).name
    if _INTERPRETER.fullmatch(name):
        return _interpreted(name, argv, folder)
    for place, word in enumerate(argv[1:], 1):
        if _INTERPRETER.fullmatch(Path(word).name):
            found = _interpreted(Path(word).name, argv[place:], folder)
            return replace(found, argv=(*argv[:place], *found.argv))
        if _LAUNCHER.fullmatch(Path(word).name):
            name = Path(word).name
        if word == "-m" and _LAUNCHER.fullmatch(name):
            module = _module("".join(argv[place + 1 : place + 2]), folder)
            if module is not None:
                return Found(argv=tuple(argv), script=module, shown=argv[place + 1])
        if Path(word).suffix in PYTHON and not word.startswith("-"):
            return _script(argv, place, folder)
    return Found(argv=tuple(argv), script=None, shown=argv[0])


def _interpreted(name: str, argv: Sequence[str], folder: Path) -> Found:
    """Find what an interpreter is given: a script, a module, or the text of a program."""
    is_python = _PYTHON_ITSELF.fullmatch(name) is not None
    inline = _INLINE if is_python or name.endswith("sh") else _INLINE_ELSEWHERE
    for place, word in enumerate(argv[1:], 1):
        after = argv[place + 1] if place + 1 < len(argv) else ""
        if word == "-m" and is_python:
            module = _module(after, folder)
            if module is not None:
                return Found(argv=tuple(argv), script=module, shown=after)
            # One that is installed may be a launcher: `python -m torch.distributed.run`.
            found = _behind(["torchrun", *argv[place + 2 :]], folder)
            if found.script is not None:
                return replace(found, argv=(*argv[: place + 2], *found.argv[1:]))
            return Found(argv=tuple(argv), script=None, shown=f"-m {after}", inline="")
        if inline.fullmatch(word):
            return Found(argv=tuple(argv), script=None, shown=f"{name} {word}", inline=after)
        # Its first word is a script, whatever it is called; a later one may be an option's.
        if not word.startswith("-") and (
            place == 1 or Path(word).suffix in PYTHON or (folder / word).is_file()
        ):
            return _script(argv, place, folder)
    return Found(argv=tuple(argv), script=None, shown=name, inline="")


def _script(argv: Sequence[str], place: int, folder: Path) -> Found:
    word = argv[place]
    _check_script(word, folder)
    seen = _as_seen(folder / word, folder)
    return Found(argv=(*argv[:place], seen, *argv[place + 1 :]), script=folder / word, shown=word)


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
