"""Figures of trials as points: slices, contour, rank, scatter matrix and goals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sonde.analysis.figures.axes import Axis
from sonde.analysis.figures.contour import Contour, Grid
from sonde.analysis.figures.results import Pareto
from sonde.analysis.figures.table import Rank, Slice, Table, Trend
from sonde.analysis.figures.together import runs_of
from sonde.analysis.pictures.canvas import (
    GREY,
    INK,
    RED,
    RUNS,
    SHADES,
    apply,
    blank,
    caption,
    framed,
    heights,
    jittered,
    legend,
    scatter,
    tint_of,
)
from sonde.analysis.pictures.scales import PER_ROW, grid, levels, norm_of, reach, shades
from sonde.analysis.pictures.words import names_of

__all__ = ["contour", "pareto", "rank", "scatter_matrix", "slices"]


def slices(data: Any) -> Figure:
    """Draw the goal over each parameter, with the median and quartiles nearby."""
    runs: Sequence[Slice] = runs_of(data)
    goal, columns = runs[0].goal, runs[0].columns
    figure, (plots,) = grid(len(columns), 2.6, 2.5)
    found = heights(goal, [run.points.value for run in runs])
    for place, (ax, column) in enumerate(zip(plots, columns, strict=True)):
        apply(ax, "y", goal, label=place % PER_ROW == 0)
        apply(ax, "x", column.axis)
        for number, (run, (y, beyond)) in enumerate(zip(runs, found, strict=True)):
            own = run.columns[place]
            _trend(ax, run.trends[place], own.axis, tint_of(number, runs, ""))
            at = jittered(own.axis, own.values)
            tint, alone = tint_of(number, runs, RUNS[0]), len(runs) == 1
            scatter(ax, at, run.points, y, beyond, goal, tint, alone=alone)
        reach(ax, goal, [y[~beyond] for y, beyond in found])
    if plots:
        median = Line2D([], [], color=INK, lw=1.4, label="median, quartiles")
        legend(figure, [run.points for run in runs], median, runs=names_of(runs))
    caption(figure, data, on_edge=sum(int(beyond.sum()) for _, beyond in found))
    return figure


def _trend(ax: Axes, trend: Trend, axis: Axis, tint: str) -> None:
    """Draw quartiles and medians; without a tint in grey."""
    band: dict[str, Any] = {"color": tint or GREY, "alpha": 0.2 if tint else 0.3, "lw": 0}
    line: dict[str, Any] = {"color": tint or INK, "lw": 1.4, "zorder": 4}
    if axis.kind == "category":
        for at, low, middle, high in zip(
            trend.at, trend.low, trend.middle, trend.high, strict=True
        ):
            ax.fill_between([at - 0.35, at + 0.35], low, high, **band)
            ax.plot([at - 0.35, at + 0.35], [middle, middle], **line)
    elif len(trend.at) > 1:
        ax.fill_between(trend.at, trend.low, trend.high, **band)
        ax.plot(trend.at, trend.middle, **line)


def contour(data: Any) -> Figure:
    """Draw the surface, paler where it extrapolates, with the trials on it."""
    runs: Sequence[Contour] = runs_of(data)
    size = (5.8, 4.2) if len(runs) == 1 else (3.4, 3.2)
    figure, blocks = grid(1, *size, names_of(runs) if len(runs) > 1 else ("",))
    goal = runs[0].goal
    grids = [run.grid for run in runs if run.grid is not None]
    values = [grid.value.reshape(-1) for grid in grids]
    norm = norm_of(goal, np.concatenate(values or [np.empty(0)]))
    for run, (ax,) in zip(runs, blocks, strict=True):
        apply(ax, "x", run.x, tight=True)
        apply(ax, "y", run.y, tight=True)
        if run.grid is not None:
            _surface(
                ax, run.grid, norm, goal, words=run.x.kind == "category" or run.y.kind == "category"
            )
        y = jittered(run.y, run.values[1], up=True)
        x = jittered(run.x, run.values[0])
        nowhere = np.zeros(len(y), dtype=np.bool_)
        scatter(ax, x, run.points, y, nowhere, run.y, INK)
    if grids:
        axes = [ax for (ax,) in blocks]
        # An arrow, where results lie beyond the shades.
        worse = "min" if goal.direction == "maximize" else "max"
        ends: Any = worse if any(grid.limited for grid in grids) else "neither"
        bar = figure.colorbar(ScalarMappable(norm, shades(goal)), ax=axes, pad=0.02, extend=ends)
        bar.set_label(goal.name, color=INK, fontsize=9)
        bar.ax.tick_params(labelsize=8)
    pale_patch = Line2D([], [], ls="none", marker="s", color="#d5d5d5", label="extrapolated")
    more = [pale_patch] if any(grid.extrapolates.any() for grid in grids) else []
    legend(figure, [run.points for run in runs], *more, colour=INK)
    caption(figure, data)
    return figure


def _surface(ax: Axes, grid: Grid, norm: Normalize, goal: Axis, *, words: bool) -> None:
    if words or min(grid.value.shape) < 2:
        ax.pcolormesh(grid.x, grid.y, grid.value, cmap=shades(goal), norm=norm, shading="nearest")
    else:
        steps = levels(norm)
        bands = ax.contourf(grid.x, grid.y, grid.value, levels=steps, cmap=shades(goal), norm=norm)
        bands.set_edgecolor("face")  # else viewers of pdf and svg show seams between the bands
        bands.set_linewidth(0.4)
    pale = np.where(grid.extrapolates, 1.0, np.nan)
    ax.pcolormesh(grid.x, grid.y, pale, cmap="gray", vmin=0, vmax=1, alpha=0.6, shading="nearest")


def rank(data: Any) -> Figure:
    """Draw pairs of parameters, each trial coloured by its rank."""
    runs: Sequence[Rank] = runs_of(data)
    pairs = runs[0].pairs
    figure, blocks = grid(len(pairs), 2.6, 2.5, names_of(runs) if len(runs) > 1 else ("",))
    shown = None
    for run, plots in zip(runs, blocks, strict=True):
        found = run.rank
        for ax, (x, y) in zip(plots, pairs, strict=True):
            across, up = run.columns[x], run.columns[y]
            apply(ax, "x", across.axis)
            apply(ax, "y", up.axis)
            h, v = jittered(across.axis, across.values), jittered(up.axis, up.values, up=True)
            ax.scatter(h[~found.has], v[~found.has], marker="x", s=14, color=RED, linewidths=0.8)
            # The best last, so that they lie on top.
            order = np.argsort(-np.where(found.has, found.values, -1), kind="stable")
            order = order[found.has[order]]
            shown = ax.scatter(
                h[order], v[order], c=found.values[order], cmap=SHADES, vmin=0, vmax=1, s=14,
                alpha=0.9,
            )  # fmt: skip
    if shown is not None:
        axes = [ax for plots in blocks for ax in plots]
        bar = figure.colorbar(shown, ax=axes, pad=0.01, fraction=0.03, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels(["best", "middle", "worst"], fontsize=8)
        bar.ax.invert_yaxis()
        if any(not run.rank.has.all() for run in runs):
            cross = Line2D([], [], ls="none", marker="x", color=RED, label="without a result")
            figure.legend(handles=[cross], loc="outside lower right", fontsize=8, frameon=False)
    caption(figure, data)
    return figure


def scatter_matrix(data: Any) -> Figure:
    """Draw goals and parameters each against each, and their histograms."""
    runs: Sequence[Table] = runs_of(data)
    columns, goal = runs[0].columns, runs[0].goal
    count = len(columns)
    size = max(4.5, 1.5 * count)
    figure = blank(size, size)
    norm = norm_of(goal, np.concatenate([r.points.value.values[r.points.result] for r in runs]))
    for row, up in enumerate(columns):
        for place, across in enumerate(columns[: row + 1]):
            ax = figure.add_subplot(count, count, row * count + place + 1)
            framed(ax)
            apply(ax, "x", across.axis, label=row == count - 1)
            if row == place:
                _histogram(ax, runs, place)
                if place == 0:
                    ax.set_ylabel(up.axis.name, color=INK, fontsize=9)
            else:
                apply(ax, "y", up.axis, label=place == 0)
                for number, run in enumerate(runs):
                    result = run.points.result
                    h = jittered(across.axis, run.columns[place].values)
                    v = jittered(up.axis, run.columns[row].values, up=True)
                    tint = tint_of(number, runs, "")
                    lost: dict[str, Any] = {"marker": "x", "s": 8, "linewidths": 0.6}
                    ax.scatter(h[~result], v[~result], color=tint or RED, **lost)
                    colours: dict[str, Any] = {"color": tint} if tint else {
                        "c": run.points.value.values[result], "cmap": shades(goal), "norm": norm,
                    }  # fmt: skip
                    ax.scatter(h[result], v[result], s=7, alpha=0.8, **colours)
            ax.tick_params(labelsize=6)
            if row < count - 1:
                ax.tick_params(labelbottom=False)
            if place:
                ax.tick_params(labelleft=False)
    if count:
        handles = [
            Line2D([], [], ls="none", marker="o", color=tint_of(number, runs, ""), label=name)
            for number, name in enumerate(names_of(runs) if len(runs) > 1 else ())
        ]
        if any(not run.points.result.all() for run in runs):
            tint = RED if len(runs) == 1 else INK
            handles.append(
                Line2D([], [], ls="none", marker="x", color=tint, label="without a result")
            )
        if handles:
            figure.legend(handles=handles, loc="upper right", fontsize=8, frameon=False)
    caption(figure, data)
    return figure


def _histogram(ax: Axes, runs: Sequence[Table], place: int) -> None:
    axis = runs[0].columns[place].axis
    values = [run.columns[place].values for run in runs]
    kept = [one.values[one.finite] for one in values]
    if axis.log:
        kept = [one[one > 0] for one in kept]
    every = np.concatenate(kept)
    if len(every):
        if axis.words is not None:
            edges = np.arange(len(axis.words) + 1) - 0.5
        elif axis.log:
            edges = np.geomspace(every.min(), every.max() * 1.0001, 13)
        else:
            edges = np.histogram_bin_edges(every, 12)
        tints = [tint_of(number, runs, RUNS[0]) for number in range(len(runs))]
        ax.hist(kept, bins=edges.tolist(), color=tints, stacked=True)
    ax.set_yticks([])


def pareto(data: Any) -> Figure:
    """Draw each pair of goals, with the front."""
    runs: Sequence[Pareto] = runs_of(data)
    goals, pairs = runs[0].goals, runs[0].pairs
    figure, (plots,) = grid(len(pairs), 5.2 if len(pairs) == 1 else 3.0, 3.6)
    on_edge = 0
    for ax, (x, y) in zip(plots, pairs, strict=True):
        for which, goal in (("x", goals[x]), ("y", goals[y])):
            apply(ax, which, goal)
            one = ax.xaxis if which == "x" else ax.yaxis
            one.set_label_text(f"{goal.name} ({goal.direction})", color=INK, fontsize=9)
        found = heights(goals[y], [run.values[y] for run in runs])
        on_edge = max(on_edge, sum(int(beyond.sum()) for _, beyond in found))
        for number, (run, (up, beyond)) in enumerate(zip(runs, found, strict=True)):
            h = run.values[x]
            across = np.where(h.finite, h.values, np.nan)
            tint = tint_of(number, runs, RUNS[1])
            cloud = tint_of(number, runs, GREY)
            alone = len(runs) == 1
            scatter(ax, across, run.points, up, beyond, goals[y], cloud, alone=alone)
            order = np.flatnonzero(run.front)[np.argsort(across[run.front], kind="stable")]
            if len(goals) == 2:
                where: Any = "post" if goals[x].direction == "minimize" else "pre"
                ax.step(across[order], up[order], where=where, color=tint, lw=1.2, zorder=4)
            ax.scatter(
                across[order], up[order], s=30, color=tint, zorder=5, edgecolors="white", lw=0.6
            )
        reach(ax, goals[y], [up[~beyond] for up, beyond in found])
    if plots:
        fronts = ", ".join(str(run.on_front) for run in runs)
        tint = tint_of(0, runs, RUNS[1]) if len(runs) == 1 else INK
        front = Line2D([], [], ls="none", marker="o", color=tint, label=f"front ({fronts})")
        legend(figure, [run.points for run in runs], front, runs=names_of(runs), colour=GREY)
    caption(figure, data, on_edge=on_edge)
    return figure
