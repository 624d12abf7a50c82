"""Tables for people: columns that fit the width of the terminal."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from sonde.cli.cells import one_line
from sonde.cli.screen import Screen

__all__ = ["Column", "fit", "table", "width_of"]

GAP = 2
LEAST = 6  # a column that may be shortened keeps at least so much


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        key: Of the cell in a row.
        title: What stands above it.
        right: Whether it is set to the right, as numbers are.
        keep: How dear it is: where the width is short, the columns with the lowest are left out.
        shrinks: Whether its text may be shortened.
    """

    key: str
    title: str
    right: bool = False
    keep: int = 5
    shrinks: bool = False


def table(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, str]],
    screen: Screen,
    colours: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Yield the head and a line a row, no wider than the screen.

    Args:
        columns: From left to right.
        rows: Cells by the columns' keys; a missing one is blank.
        screen: Where it is to be printed.
        colours: What a row's `state` is coloured in.
    """
    widths = _widths(columns, rows)
    if screen.width is not None:
        columns, widths = _fitted(columns, widths, screen.width)
    head = (_set(column, column.title, widths[column.key], screen) for column in columns)
    yield _styled((" " * GAP).join(head).rstrip(), screen, bold=True)
    for row in rows:
        cells = []
        for column in columns:
            cell = _set(column, row.get(column.key, ""), widths[column.key], screen)
            if column.key == "state" and colours:
                cell = _styled(cell, screen, fg=colours.get(row.get("_state", "")))
            cells.append(cell)
        yield (" " * GAP).join(cells).rstrip()


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Shorten a text to a number of columns, with an ellipsis where something is left out."""
    if width_of(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + ellipsis if width > 0 else ""


def width_of(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _widths(columns: Sequence[Column], rows: Sequence[Mapping[str, str]]) -> dict[str, int]:
    widths = {}
    for column in columns:
        cells = (width_of(one_line(row.get(column.key, ""))) for row in rows)
        widths[column.key] = max(width_of(column.title), max(cells, default=0))
    return widths


def _fitted(
    columns: Sequence[Column], widths: dict[str, int], width: int
) -> tuple[list[Column], dict[str, int]]:
    """Shorten the columns that may be, then leave out the least dear ones from the right."""
    kept, full = list(columns), dict(widths)

    def excess() -> int:
        return sum(widths[c.key] + GAP for c in kept) - GAP - width

    for column in sorted((c for c in kept if c.shrinks), key=lambda c: -widths[c.key]):
        if excess() > 0:
            least = min(max(LEAST, width_of(column.title)), widths[column.key])
            widths[column.key] = max(least, widths[column.key] - excess())
    while len(kept) > 1 and excess() > 0:
        kept.remove(min(reversed(kept), key=lambda c: c.keep))
    # What leaving out a column made free, the shortened ones get back, the dearest first.
    for column in sorted(kept, key=lambda c: -c.keep):
        widths[column.key] = min(full[column.key], widths[column.key] - min(excess(), 0))
    return kept, widths


def _set(column: Column, text: str, width: int, screen: Screen) -> str:
    text = fit(one_line(text), width, screen.signs.ellipsis)
    blank = " " * (width - width_of(text))
    return blank + text if column.right else text + blank


def _styled(text: str, screen: Screen, fg: str | None = None, *, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold or None) if screen.colours else text
