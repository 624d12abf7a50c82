"""Figures in letters, for a terminal: what is seen without any file or library.

A dot is a trial that is done, `v` one that was stopped, `x` one that failed, `o` one that runs.
What has no value lies on the line where bad values are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sonde.analysis.figures.axes import Axis
from sonde.analysis.figures.contour import Contour
from sonde.analysis.figures.correlation import Correlation
from sonde.analysis.figures.curves import Curves
from sonde.analysis.figures.history import History, Timeline
from sonde.analysis.figures.importance import Shares
from sonde.analysis.figures.points import Points
from sonde.analysis.figures.results import Edf, Pareto
from sonde.analysis.figures.snapshot import Column, Floats
from sonde.analysis.figures.table import Plotted, Rank, Slice, Table
from sonde.analysis.figures.together import Together
from sonde.analysis.pictures.letters import (
    MARKS,
    Canvas,
    bar,
    fitted,
    framed,
    short_number,
    ticks,
)
from sonde.analysis.pictures.words import is_apart, lane_names, said_by, span_unit, title_of

__all__ = ["text_of"]

_WIDE, _SMALL = 16, 8  # lines of a plot that stands alone, and of one among others
_SHADES = "█▓▒░ "  # dark is good
_ASCII = str.maketrans("·─│└┤┬█▓▒░×–", ".-|+++##:.x-")


def text_of(figure: Any, *, width: int = 80, unicode: bool = True) -> str:
    """Return a figure in letters.

    Args:
        figure: One of the dataclasses of `sonde.analysis.figures`.
        width: Of the terminal, at least 40.
        unicode: Whether it has more than ASCII.
    """
    draw = _DRAWERS[figure.kind]
    lines = [title_of(figure)[:width]]
    if isinstance(figure, Together):
        # One below the other, on the same axes: letters have no colours to tell sweeps apart.
        runs: dict[str, Any] = {"runs": figure.runs} if draw in (_slice, _pareto) else {}
        for run in figure.runs:
            lines += ["", f"{run.source.name}:"[:width], *draw(run, max(width, 40), **runs)]
        lines += ["of each sweep from its first start on"] if is_apart(figure) else []
    else:
        lines += draw(figure, max(width, 40))
    lines += said_by(figure)
    text = "\n".join(line.rstrip() for line in lines)
    return text if unicode else text.translate(_ASCII).encode("ascii", "replace").decode()


def _history(data: History, width: int) -> list[str]:
    goal = _reached(data.goal, [run.points.value for run in data.runs])
    end = max((run.end for run in data.runs), default=0.0) or 1.0
    canvas = _canvas(goal, width)
    for letter, run in zip(_letters(len(data.runs)), data.runs, strict=False):
        at = run.at.values / end
        _mark(canvas, at, run.points, goal, letter)
        canvas.stairs(run.best.at / end, fitted(goal, run.best.value), run.end / end)
    unit, size = ("trial", 1.0) if data.over == "trial" else span_unit(end)
    names = {"trial": "trial", "time": f"time [{unit}]", "cost": f"time of all trials [{unit}]"}
    marks = _quarters(end / size, whole=data.over == "trial")
    return [*framed(canvas, marks, ticks(goal, 5), names[data.over]), *_whose(data.runs)]


def _curves(data: Curves, width: int) -> list[str]:
    lines = [line for run in data.runs for line in run.lines if len(line.step)]
    values = np.concatenate([line.value for line in lines] or [np.empty(0)])
    goal = _reached(data.goal, [Column(values=values, has=np.isfinite(values))])
    longest = max((int(line.step.max()) for line in lines), default=0) or 1
    canvas = _canvas(goal, width)
    for letter, run in zip(_letters(len(data.runs)), data.runs, strict=False):
        for line, state in zip(run.lines, run.points.state, strict=True):
            if not len(line.step):
                continue
            across = np.arange(canvas.width) / max(canvas.width - 1, 1) * longest
            across = across[(across >= line.step[0]) & (across <= line.step[-1])]
            heights = fitted(goal, np.interp(across, line.step, line.value))
            for at, height in zip(across / longest, heights, strict=True):
                canvas.put(at, height, letter)
            if state in {"stopped", "failed"}:
                last = fitted(goal, line.value[-1:])
                canvas.put(line.step[-1] / longest, last[0], MARKS[state])
    found = framed(canvas, _quarters(longest, whole=True), ticks(goal, 5), "step")
    rungs = [f"{rung.step:g}" for run in data.runs[:1] for rung in run.rungs]
    return [*found, *([f"rungs at steps {', '.join(rungs)}"] if rungs else []), *_whose(data.runs)]


def _edf(data: Edf, width: int) -> list[str]:
    canvas = Canvas(width - 6, _WIDE)
    for letter, run in zip(_letters(len(data.runs)), data.runs, strict=False):
        if not len(run.value):
            continue
        at = (np.arange(canvas.width) + 0.5) / canvas.width
        places = fitted(data.goal, run.value)
        reached = np.searchsorted(places, at, side="right")
        for place, count in zip(at.tolist(), reached.tolist(), strict=True):
            canvas.put(place, run.share[count - 1] if count else 0.0, letter)
    marks = [(share, f"{share:.0%}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return [*framed(canvas, ticks(data.goal, 5), marks, data.goal.name), *_whose(data.runs)]


def _timeline(data: Timeline, width: int) -> list[str]:
    names = lane_names([lane.agent for lane in data.lanes])
    canvas = Canvas(width - 2 - max(map(len, names), default=0), max(len(names), 1))
    end = data.end or 1.0
    for lane, first, last, state in zip(
        data.bars.lane.tolist(), data.bars.start, data.bars.end, data.points.state, strict=True
    ):
        height = 1 - (lane + 0.5) / canvas.height
        for at in range(int(first / end * canvas.width), int(last / end * canvas.width) + 1):
            mark = {"done": ":", **{s: MARKS[s] for s in ("failed", "stopped", "running")}}
            canvas.put((at + 0.5) / canvas.width, height, mark.get(state, ":"))
    unit, size = span_unit(end)
    marks = _quarters(end / size, whole=False)
    lanes = [(1 - (place + 0.5) / canvas.height, name) for place, name in enumerate(names)]
    return framed(canvas, marks, lanes, f"time [{unit}]")


def _slice(data: Slice, width: int, runs: Sequence[Slice] = ()) -> list[str]:
    goal = _reached(data.goal, [run.points.value for run in runs or (data,)])
    plots = [_plot(column, data.points, goal, width // 2 - 1) for column in data.columns]
    return _beside(plots, width)


def _pareto(data: Pareto, width: int, runs: Sequence[Pareto] = ()) -> list[str]:
    plots = []
    alone = len(data.pairs) == 1
    for x, y in data.pairs:
        across, up = (
            data.goals[x],
            _reached(data.goals[y], [run.values[y] for run in runs or (data,)]),
        )
        canvas = _canvas(up, width if alone else width // 2 - 1, _WIDE if alone else _SMALL, 4)
        at, heights = fitted(across, data.values[x].values), fitted(up, data.values[y].values)
        for place, height, state, best in zip(
            at, heights, data.points.state, data.front.tolist(), strict=True
        ):
            canvas.put(place, height, "*" if best else MARKS.get(state, "·"))
        named = f"{across.name}   (up: {up.name})"
        plots.append(framed(canvas, ticks(across, 4), ticks(up, 4), named))
    return [*_beside(plots, width), f"* on the front: {data.on_front}"]


def _scatter_matrix(data: Table, width: int) -> list[str]:
    plots = [
        _pair(across, up, data.points, width // 2 - 1)
        for row, up in enumerate(data.columns)
        for across in data.columns[:row]
    ]
    return _beside(plots, width)


def _rank(data: Rank, width: int) -> list[str]:
    thirds = ["*" if r < 1 / 3 else ":" if r < 2 / 3 else "·" for r in data.rank.values.tolist()]
    marks = [m if has else "x" for m, has in zip(thirds, data.rank.has.tolist(), strict=True)]
    plots = [
        _pair(data.columns[x], data.columns[y], data.points, width // 2 - 1, marks)
        for x, y in data.pairs
    ]
    return [*_beside(plots, width), "* best third   : middle   · worst   x without a result"]


def _contour(data: Contour, width: int) -> list[str]:
    canvas = _canvas(data.y, width)
    if data.grid is not None:
        grid = data.grid
        levels = np.log(grid.value) if data.goal.log else grid.value
        low, high = float(levels.min()), float(levels.max())
        goodness = (levels - low) / (high - low or 1.0)
        if data.goal.direction == "maximize":
            goodness = 1 - goodness
        shades = np.minimum((goodness * len(_SHADES)).astype(int), len(_SHADES) - 1)
        at, up = fitted(data.x, grid.x), fitted(data.y, grid.y)
        for row in range(canvas.height):
            for column in range(canvas.width):
                y = int(np.abs(up - (row + 0.5) / canvas.height).argmin())
                x = int(np.abs(at - (column + 0.5) / canvas.width).argmin())
                shade = "?" if grid.extrapolates[y, x] else _SHADES[int(shades[y, x])]
                canvas.cells[canvas.height - 1 - row][column] = shade
    else:
        _mark_at(canvas, data.x, data.values[0], data.y, data.values[1], data.points)
    name = f"{data.x.name}   (up: {data.y.name})"
    found = framed(canvas, ticks(data.x, 5), ticks(data.y, 5), name)
    if data.grid is None:
        return [*found, "too few results for a surface"]
    ends = [short_number(float(v)) for v in (data.grid.value.min(), data.grid.value.max())]
    if data.goal.direction == "maximize":
        ends.reverse()
    return [
        *found,
        f"{data.goal.name}: {_SHADES[0]} {ends[0]} to (blank) {ends[1]}; ? extrapolated",
    ]


def _parallel(data: Table, width: int) -> list[str]:
    """A column for each axis: where the best tenth of the results lie, and all."""
    results = np.flatnonzero(data.points.result)
    values = data.points.value.values[results]
    order = np.argsort(values if data.goal.direction != "maximize" else -values, kind="stable")
    best = set(results[order[: max(len(order) // 10, 1)]].tolist()) if len(results) else set()
    shown = max(1, width // 16)
    lines: list[str] = []
    for first in range(0, len(data.columns), shown):
        columns = data.columns[first : first + shown]
        canvases = []
        for column in columns:
            canvas = Canvas(5, 10)
            heights = fitted(column.axis, column.values.values).tolist()
            for place, height in enumerate(heights):
                canvas.put(0.7 if place in best else 0.1, height, "*" if place in best else "·")
            marks = [(at, text[:8]) for at, text in ticks(column.axis, 4)]
            canvases.append([column.axis.name, *framed(canvas, [], marks, "")[:10]])
        rows = zip(*canvases, strict=True)
        lines += ["".join(part[:15].ljust(16) for part in row) for row in rows]
        lines.append("")
    return [*lines, f"* the best tenth of the results by {data.goal.name}", "· all others"]


def _importance(data: Shares, width: int) -> list[str]:
    lines = []
    for goal in data.goals:
        lines.append(f"share of {goal.metric}")
        longest = max((len(share.name) for share in goal.shares), default=0)
        room = max(width - longest - 24, 10)
        lines += [
            f"{s.name:>{longest}} {s.share:>4.0%} {bar(s.share, room):<{room}} "
            f"{s.low:>4.0%} to {s.high:.0%}"
            for s in goal.shares
        ]
        lines += [] if goal.shares else ["too few results"]
    return lines


def _correlation(data: Correlation, width: int) -> list[str]:
    names = [axis.name for axis in data.axes]
    longest = max(map(len, names), default=0)
    room = max((width - longest - 1) // 7, 1)
    lines = []
    for first in range(0, len(names), room):
        part = range(first, min(first + room, len(names)))
        lines.append(" " * longest + "".join(f"{names[place][:6]:>7}" for place in part))
        for row, name in enumerate(names):
            cells = [data.value[row, place] for place in part]
            texts = "".join("      –" if np.isnan(v) else f"{v:>+7.2f}" for v in cells)
            lines.append(f"{name:>{longest}}{texts}")
    return lines


def _canvas(up: Axis, width: int, height: int = _WIDE, count: int = 5) -> Canvas:
    """Return a canvas that with so many ticks of its upright axis is so wide."""
    margin = max((len(text) for _, text in ticks(up, count)), default=0)
    return Canvas(max(width - margin - 2, 8), height)


def _reached(goal: Axis, values: Sequence[Column]) -> Axis:
    """Return the goal's axis without what lies far beyond: that is on the edge."""
    if goal.log:
        return goal
    found = np.concatenate([one.values[one.finite] for one in values] or [np.empty(0)])
    if len(found) < 4:
        return goal
    low, high = np.percentile(found, [25, 75])
    reach = 3 * (high - low)
    kept = found[(found >= low - reach) & (found <= high + reach)]
    return replace(goal, low=float(kept.min()), high=float(kept.max())) if len(kept) else goal


def _mark(canvas: Canvas, at: Floats, points: Points, goal: Axis, letter: str) -> None:
    heights = fitted(goal, points.value.values)
    edge = 0.0 if goal.direction == "maximize" else 1.0
    heights = np.where(np.isfinite(points.value.values), heights, edge)
    for place, height, state in zip(at.tolist(), heights.tolist(), points.state, strict=True):
        canvas.put(place, height, letter if state == "done" else MARKS.get(state, letter))


def _plot(column: Plotted, points: Points, goal: Axis, width: int) -> list[str]:
    canvas = _canvas(goal, width, _SMALL, 3)
    _mark(canvas, fitted(column.axis, column.values.values), points, goal, "·")
    return framed(canvas, ticks(column.axis, 3), ticks(goal, 3), column.axis.name)


def _pair(
    across: Plotted, up: Plotted, points: Points, width: int, marks: Sequence[str] | None = None
) -> list[str]:
    canvas = _canvas(up.axis, width, _SMALL, 4)
    _mark_at(canvas, across.axis, across.values, up.axis, up.values, points, marks)
    name = f"{across.axis.name}   (up: {up.axis.name})"
    return framed(canvas, ticks(across.axis, 3), ticks(up.axis, 4), name)


def _mark_at(
    canvas: Canvas,
    x: Axis,
    across: Column,
    y: Axis,
    up: Column,
    points: Points,
    marks: Sequence[str] | None = None,
) -> None:
    letters = marks or [MARKS.get(state, "·") for state in points.state]
    for at, height, mark in zip(
        fitted(x, across.values).tolist(), fitted(y, up.values).tolist(), letters, strict=True
    ):
        canvas.put(at, height, mark)


def _beside(plots: Sequence[list[str]], width: int) -> list[str]:
    """Return plots two beside each other."""
    half = width // 2
    lines: list[str] = []
    for place in range(0, len(plots), 2):
        left, right = plots[place], plots[place + 1] if place + 1 < len(plots) else []
        for row in range(max(len(left), len(right))):
            first = left[row] if row < len(left) else ""
            second = right[row] if row < len(right) else ""
            lines.append(f"{first:<{half}}{second}")
    return lines


def _quarters(end: float, *, whole: bool) -> list[tuple[float, str]]:
    """Return five ticks from 0 to an end; fewer where there are no five whole numbers."""
    values = np.linspace(0, end, 5)
    values = np.unique(values.round()) if whole else values
    return [(value / (end or 1.0), short_number(value)) for value in values.tolist()]


def _letters(count: int) -> str:
    return "·" if count == 1 else "abcdefghijklmnopqrstuvwxyz"


def _whose(runs: Sequence[Any]) -> list[str]:
    if len(runs) == 1:
        return []
    named = zip(_letters(len(runs)), runs, strict=False)
    return ["   ".join(f"{letter} {run.source.name}" for letter, run in named)]


_DRAWERS: Mapping[str, Callable[..., list[str]]] = {
    "history": _history,
    "importance": _importance,
    "parallel": _parallel,
    "slice": _slice,
    "contour": _contour,
    "rank": _rank,
    "edf": _edf,
    "timeline": _timeline,
    "pareto": _pareto,
    "curves": _curves,
    "scatter-matrix": _scatter_matrix,
    "correlation": _correlation,
}
