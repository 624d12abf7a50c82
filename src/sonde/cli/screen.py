"""What the place that we print to can show: how wide, which signs, which colours."""

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

from sonde.core.trial import State

__all__ = ["ASCII", "UNICODE", "Screen", "Signs", "screen_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs beyond ASCII that we use, or what stands for them.

    Attributes:
        states: A shape for each state, so that none is told by colour alone.
        levels: From low to high, for a curve in one line.
    """

    states: dict[State, str]
    levels: str
    bar: str
    rest: str
    ellipsis: str
    cross: str


UNICODE = Signs(
    states={
        State.WAITING: "·",
        State.RUNNING: "▶",
        State.PAUSED: "‖",
        State.DONE: "✓",
        State.STOPPED: "■",
        State.FAILED: "✗",
        State.CANCELLED: "⊘",
    },
    levels="▁▂▃▄▅▆▇█",
    bar="█",
    rest="░",
    ellipsis="…",
    cross="×",
)
ASCII = Signs(
    states={
        State.WAITING: ".",
        State.RUNNING: ">",
        State.PAUSED: "=",
        State.DONE: "+",
        State.STOPPED: "#",
        State.FAILED: "x",
        State.CANCELLED: "/",
    },
    levels="_.-~=+*#",
    bar="#",
    rest=".",
    ellipsis="~",
    cross="x",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where we print to.

    Attributes:
        width: Columns, or None where lines may be as long as they like (a pipe).
        is_terminal: Whether people look at it as it is written.
        colours: Whether it may be coloured.
    """

    width: int | None
    height: int
    is_terminal: bool
    colours: bool
    signs: Signs


def screen_of(stream: TextIO | None = None) -> Screen:
    """Look at a stream (by default stdout) and at COLUMNS, NO_COLOR and TERM."""
    stream = stream if stream is not None else sys.stdout
    is_terminal = stream.isatty()
    columns = os.environ.get("COLUMNS", "")
    size = shutil.get_terminal_size()
    width = size.columns if is_terminal or (columns.isdigit() and int(columns)) else None
    colours = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    return Screen(
        width=width,
        height=size.lines,
        is_terminal=is_terminal,
        colours=colours,
        signs=UNICODE if encoding.startswith("utf") else ASCII,
    )
