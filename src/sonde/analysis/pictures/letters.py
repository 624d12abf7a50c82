"""A small canvas of letters for a terminal, with a frame, axes and marks.

A mark is a letter in a cell; of two in the same cell the more telling one stays. Where the
terminal has no more than ASCII, lines and boxes are of ASCII.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sonde.analysis.figures.axes import Axis, places
from sonde.analysis.figures.snapshot import Floats
from sonde.core.distributions.values import text_of

__all__ = ["MARKS", "Canvas", "bar", "fitted", "framed", "short_number", "ticks"]

MARKS = {
    "done": "·",
    "stopped": "v",
    "failed": "x",
    "running": "o",
    "paused": "p",
    "cancelled": "+",
}
"""Of states."""
_WEIGHT = {"": 0, "·": 1, "v": 2, "+": 2, "o": 3, "p": 3, "x": 3, ":": 2, "─": 4, "│": 0, "*": 5}


@dataclass(slots=True)
class Canvas:
    """Cells of letters; (0, 0) is the lower left corner.

    Attributes:
        width: In letters.
        height: In lines.
    """

    width: int
    height: int
    cells: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = [[" "] * self.width for _ in range(self.height)]

    def put(self, x: float, y: float, mark: str) -> None:
        """Set a mark at a place in [0, 1] x [0, 1], unless a more telling one stands there."""
        if not (np.isfinite(x) and np.isfinite(y)):
            return
        column = min(max(int(x * self.width), 0), self.width - 1)
        row = self.height - 1 - min(max(int(y * self.height), 0), self.height - 1)
        there = self.cells[row][column]
        if there == " " or _WEIGHT.get(mark, 4) > _WEIGHT.get(there, 4):
            self.cells[row][column] = mark

    def stairs(self, x: Floats, y: Floats, end: float) -> None:
        """Draw a line that stays at each height until the next place."""
        edges = np.append(x, end)
        for place, height in enumerate(y.tolist()):
            first, last = edges[place], edges[place + 1]
            for at in np.arange(int(first * self.width), int(last * self.width) + 1):
                self.put((at + 0.5) / self.width, height, "─")
            self.put(first, height, "*")

    def lines(self) -> list[str]:
        """Return the canvas, uppermost line first."""
        return ["".join(row) for row in self.cells]


def fitted(axis: Axis, values: Floats) -> Floats:
    """Return places in [0, 1] on an axis of numbers or of categories."""
    if axis.words is not None:
        found: Floats = (values + 0.5) / max(len(axis.words), 1)
        return found
    found = places(axis, values)
    return found if axis.low is not None else np.full(len(values), np.nan)


def ticks(axis: Axis, count: int) -> list[tuple[float, str]]:
    """Return some places on an axis with what is written there."""
    if axis.words is not None:
        total = len(axis.words)
        step = max(1, -(-total // count))
        return [
            ((place + 0.5) / total, text_of(word))
            for place, word in enumerate(axis.words)
            if place % step == 0
        ]
    if axis.low is None or axis.high is None:
        return []
    low, high = float(axis.low), float(axis.high)
    spread = np.geomspace if axis.log else np.linspace
    values = spread(low, high, count) if high > low else np.array([low])
    if axis.whole:
        values = np.unique(values.round())
    return list(zip(fitted(axis, values).tolist(), map(short_number, values.tolist()), strict=True))


def short_number(value: float) -> str:
    """Write a number with three digits."""
    text = f"{value:.3g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def bar(share: float, width: int) -> str:
    """Return a bar of a length in [0, 1]."""
    return "█" * round(min(max(share, 0.0), 1.0) * width)


def framed(
    canvas: Canvas, x: Sequence[tuple[float, str]], y: Sequence[tuple[float, str]], name: str
) -> list[str]:
    """Return a canvas with its axes: what is written at the left, and beneath.

    Args:
        canvas: What is framed.
        x: Places from left to right, and what is written there.
        y: Places from below, likewise.
        name: Of the horizontal axis.
    """
    y = [(at, text) for at, text in y if np.isfinite(at)]
    margin = max((len(text) for _, text in y), default=0)
    at_line = {
        canvas.height - 1 - min(int(at * canvas.height), canvas.height - 1): text for at, text in y
    }
    found = [
        f"{at_line.get(row, ''):>{margin}} {'┤' if row in at_line else '│'}{line}"
        for row, line in enumerate(canvas.lines())
    ]
    below, rule, free = [" "] * canvas.width, ["─"] * canvas.width, 0
    for at, text in x:
        column = min(int(at * canvas.width), canvas.width - 1)
        first = min(max(column - len(text) // 2, free), canvas.width - len(text))
        if first < free or len(text) > canvas.width:
            continue
        rule[column] = "┬"
        below[first : first + len(text)] = text
        free = first + len(text) + 1
    found.append(" " * margin + " └" + "".join(rule))
    found.append(" " * (margin + 2) + "".join(below).rstrip())
    found.append(" " * (margin + 2) + name[: canvas.width].center(canvas.width).rstrip())
    return found
