"""Options of sonde that stand behind the script, where they are the script's own."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import click

__all__ = ["astray"]

MOST_BYTES = 1 << 20  # of a file that may be the script


def astray(command: click.Command, words: Sequence[str], folder: Path) -> list[str]:
    """Return the options of `command` among a script's arguments that it seems not to know.

    Args:
        command: Whose options they may be.
        words: The script and its arguments.
        folder: Where the user is.
    """
    known = {
        flag
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }
    text = "\n".join(_text(folder / word) for word in words)
    if not text.strip():
        return []  # a program that we cannot read
    found = []
    for word, following in pairwise([*words[1:], ""]):
        if word == "--":
            break
        flag, equals, value = word.partition("=")
        takes = value if equals else following
        # What a parameter is passed by is meant for the script.
        if flag in known and "{" not in takes and not _mentions(text, flag):
            found.append(flag)
    return list(dict.fromkeys(found))


def _mentions(text: str, flag: str) -> bool:
    """Whether a script names an option, or, as many libraries have it, a function's argument."""
    if not flag.startswith("--"):
        return re.search(rf"{re.escape(flag)}\b", text) is not None
    name = re.escape(flag.removeprefix("--")).replace(r"\-", "[-_]")
    return re.search(rf"\b{name}\b", text) is not None


def _text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
