"""Command lines that people are told to type: they can be pasted as they are."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from sonde.store.passwords import hidden

__all__ = ["broken", "store_words", "typed"]


def typed(command: str, *words: str, options: Sequence[str] = ()) -> str:
    """Return `sonde COMMAND ...`, quoted for a shell, with the store that was named here.

    Args:
        command: Its name.
        words: A sweep, or SWEEP/N; each may begin with `-`, as names may.
        options: What stands before them.
    """
    guard = ["--"] if any(word.startswith("-") for word in words) else []
    return shlex.join(["sonde", command, *store_words(), *options, *guard, *words])


def store_words(*, moved: bool = False) -> list[str]:
    """Return `--store=URL` if the command at work was given one, else nothing.

    Args:
        moved: Whether it is to be understood from another folder than this one.
    """
    context = click.get_current_context(silent=True)
    store = None if context is None else context.params.get("store")
    if store is None:
        return []
    head, colon, path = store.rpartition("sqlite:///")
    if moved and (colon or ":" not in store.partition("/")[0]):
        store = f"{head}{colon}{Path(path).expanduser().absolute()}"
    return [f"--store={hidden(store)}"]


def broken(words: Sequence[str], width: int | None, indent: int) -> str:
    r"""Join words for a shell, with `\` before each line end, in lines of at most `width`.

    Args:
        words: As the program is to get them; a word that is wider than a line stays whole.
        width: In columns; None does not break.
        indent: Blanks at the beginning of each line but the first, which has something before it.
    """
    lines = [""]
    for word in map(shlex.quote, words):
        more = f" {word}" if lines[-1] else word
        if width is not None and lines[-1] and indent + len(lines[-1] + more) + 2 > width:
            lines.append(word)
        else:
            lines[-1] += more
    return (" \\\n" + " " * indent).join(lines)
