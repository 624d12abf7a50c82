"""Figures over steps and time: history, learning curves, and who ran what when."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sonde.analysis.figures.curves import Curves
from sonde.analysis.figures.history import History, Timeline
from sonde.analysis.figures.together import runs_of
from sonde.analysis.pictures.canvas import (
    GREY,
    INK,
    RED,
    RUNS,
    apply,
    blank,
    caption,
    framed,
    heights,
    legend,
    scatter,
    tint_of,
)
from sonde.analysis.pictures.scales import norm_of, reach, shades
from sonde.analysis.pictures.words import is_apart, lane_names, names_of, span_unit

__all__ = ["curves", "history", "timeline"]


def history(data: History) -> Figure:
    """Draw every value, and the best so far as a staircase."""
    figure = blank()
    ax = figure.add_subplot()
    framed(ax)
    apply(ax, "y", data.goal)
    end = max((run.end for run in data.runs), default=0.0)
    unit, size = ("trial", 1.0) if data.over == "trial" else span_unit(end)
    tops, on_edge = [], 0
    found = heights(data.goal, [run.points.value for run in data.runs])
    for number, (run, (y, beyond)) in enumerate(zip(data.runs, found, strict=True)):
        colour = tint_of(number, data.runs, RUNS[0])
        alone = len(data.runs) == 1
        scatter(ax, run.at.values / size, run.points, y, beyond, data.goal, colour, alone=alone)
        best = run.best
        at = np.append(best.at, run.end) / size
        line = INK if len(data.runs) == 1 else colour
        if len(best.at):
            ax.step(
                at,
                np.append(best.value, best.value[-1]),
                where="post",
                color=line,
                linewidth=1.6,
                zorder=4,
            )
        tops.append(y[~beyond])
        on_edge += int(beyond.sum())
    reach(ax, data.goal, tops)
    names = {"trial": "trial", "time": f"time [{unit}]", "cost": f"time of all trials [{unit}]"}
    ax.set_xlabel(names[data.over], color=INK, fontsize=9)
    best_line = Line2D([], [], color=INK, linewidth=1.6, label="best so far")
    legend(
        figure,
        [run.points for run in data.runs],
        best_line,
        runs=names_of(data.runs),
    )
    caption(figure, data, on_edge=on_edge)
    return figure


def curves(data: Curves) -> Figure:
    """Draw learning curves, with the rungs and where trials stopped or failed."""
    figure = blank()
    ax = figure.add_subplot()
    framed(ax)
    apply(ax, "y", data.goal)
    several = len(data.runs) > 1
    for run, colour in zip(data.runs, RUNS * len(data.runs), strict=False):
        lines = [np.column_stack([line.step, line.value]) for line in run.lines]
        result = run.points.result
        if several:
            ax.add_collection(LineCollection(lines, linewidths=0.9, alpha=0.65, colors=colour))
        else:
            rest = [lines[row] for row in np.flatnonzero(~result)]
            ax.add_collection(LineCollection(rest, linewidths=0.8, alpha=0.6, colors=GREY))
            values = run.points.value.values[result]
            coloured = LineCollection(
                [lines[row] for row in np.flatnonzero(result)],
                array=values,
                cmap=shades(data.goal),
                norm=norm_of(data.goal, values),
                linewidths=0.9,
                alpha=0.75,
            )
            ax.add_collection(coloured)
        for word, marker, tint in (("stopped", "v", GREY), ("failed", "x", RED)):
            ends = [
                (line.step[-1], line.value[-1])
                for line, state in zip(run.lines, run.points.state, strict=True)
                if state == word and len(line.step)
            ]
            if ends:
                at, up = np.array(ends).T
                own = colour if several else tint
                ax.scatter(at, up, marker=marker, s=18, color=own, zorder=4)
        for rung in run.rungs:
            ax.axvline(rung.step, color=GREY, lw=0.8, ls=":", zorder=1)
    ax.autoscale_view()
    reach(ax, data.goal, [line.value for run in data.runs for line in run.lines])
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("step", color=INK, fontsize=9)
    rungs = [Line2D([], [], color=GREY, lw=0.8, ls=":", label="rungs")]
    more = rungs if any(run.rungs for run in data.runs) else []
    legend(
        figure,
        [run.points for run in data.runs],
        *more,
        runs=names_of(data.runs),
    )
    caption(figure, data)
    return figure


def timeline(data: Any) -> Figure:
    """Draw a bar for each trial, in a lane for each agent; sweeps one below the other."""
    runs: Sequence[Timeline] = runs_of(data)
    names = [
        lane if len(runs) == 1 else f"{run.source.name}  {lane}"
        for run in runs
        for lane in lane_names([lane.agent for lane in run.lanes])
    ]
    figure = blank(7.4, 1.6 + 0.35 * max(len(names), 2))
    ax = figure.add_subplot()
    framed(ax)
    whole = max(run.end for run in runs)
    unit, size = span_unit(whole)
    colours = {"done": RUNS[0], "failed": RED, "running": RUNS[1]}
    before = 0
    for run in runs:
        tints = [colours.get(state, GREY) for state in run.points.state]
        start, end = run.bars.start / size, run.bars.end / size
        least = whole / size / 600  # else a short trial would not be seen
        ax.barh(
            run.bars.lane + before,
            np.maximum(end - start, least),
            left=start,
            color=tints,
            height=0.7,
            edgecolor="white",
            linewidth=0.3,
        )
        before += len(run.lanes)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    own = ", of each sweep from its first start on" if is_apart(data) else ""
    ax.set_xlabel(f"time [{unit}]{own}", color=INK, fontsize=9)
    states = dict.fromkeys(state for run in runs for state in run.points.state)
    handles = [
        Line2D([], [], ls="none", marker="s", color=colours.get(state, GREY), label=state)
        for state in states
    ]
    if len(handles) > 1:
        figure.legend(
            handles=handles,
            loc="outside upper right",
            ncols=len(handles),
            fontsize=8,
            frameon=False,
        )
    caption(figure, data)
    return figure
