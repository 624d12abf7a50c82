"""Figures of trials as points: slices, contour, rank, scatter matrix and goals."""

from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sonde.analysis.figures.contour import Contour
from sonde.analysis.figures.results import Pareto
from sonde.analysis.figures.table import Rank, Slice, Table
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
)
from sonde.analysis.pictures.scales import PER_ROW, grid, levels, norm_of, reach, shades
from sonde.analysis.pictures.words import title_of

__all__ = ["contour", "pareto", "rank", "scatter_matrix", "slices"]


def slices(data: Slice) -> Figure:
    """Draw the goal over each parameter, with the median and quartiles nearby."""
    figure, plots = grid(len(data.columns), 2.6, 2.5)
    y, beyond = heights(data.goal, data.points.value)
    for place, (ax, column) in enumerate(zip(plots, data.columns, strict=True)):
        trend = data.trends[place]
        apply(ax, "y", data.goal, label=place % PER_ROW == 0)
        apply(ax, "x", column.axis)
        if column.axis.kind == "category":
            for at, low, middle, high in zip(
                trend.at, trend.low, trend.middle, trend.high, strict=True
            ):
                ax.fill_between([at - 0.35, at + 0.35], low, high, color=GREY, alpha=0.3, lw=0)
                ax.plot([at - 0.35, at + 0.35], [middle, middle], color=INK, lw=1.4, zorder=4)
        elif len(trend.at) > 1:
            ax.fill_between(trend.at, trend.low, trend.high, color=GREY, alpha=0.3, lw=0)
            ax.plot(trend.at, trend.middle, color=INK, lw=1.4, zorder=4)
        scatter(ax, jittered(column.axis, column.values), data.points, y, beyond, data.goal)
        reach(ax, data.goal, [y[~beyond]])
    if plots:
        median = Line2D([], [], color=INK, lw=1.4, label="median, quartiles")
        legend(figure, [data.points], median)
    omitted = data.points.omitted
    caption(figure, title_of(data), [data.source], [omitted], on_edge=int(beyond.sum()))
    return figure


def contour(data: Contour) -> Figure:
    """Draw the surface, paler where it extrapolates, with the trials on it."""
    figure = blank(6.4, 4.8)
    ax = figure.add_subplot()
    framed(ax)
    apply(ax, "x", data.x, tight=True)
    apply(ax, "y", data.y, tight=True)
    if data.grid is not None:
        grid, norm = data.grid, norm_of(data.goal, data.grid.value)
        words = data.x.kind == "category" or data.y.kind == "category"
        if words or min(grid.value.shape) < 2:
            ax.pcolormesh(
                grid.x, grid.y, grid.value, cmap=shades(data.goal), norm=norm, shading="nearest"
            )
        else:
            ax.contourf(
                grid.x, grid.y, grid.value, levels=levels(norm), cmap=shades(data.goal), norm=norm
            )
        bar = figure.colorbar(ScalarMappable(norm, shades(data.goal)), ax=ax, pad=0.02)
        bar.set_label(data.goal.name, color=INK, fontsize=9)
        bar.ax.tick_params(labelsize=8)
        pale = np.where(grid.extrapolates, 1.0, np.nan)
        ax.pcolormesh(
            grid.x, grid.y, pale, cmap="gray", vmin=0, vmax=1, alpha=0.6, shading="nearest"
        )
    y = jittered(data.y, data.values[1], up=True)
    x = jittered(data.x, data.values[0])
    nowhere = np.zeros(len(y), dtype=np.bool_)
    scatter(ax, x, data.points, y, nowhere, data.y, INK)
    pale_patch = Line2D([], [], ls="none", marker="s", color="#d5d5d5", label="extrapolated")
    more = [pale_patch] if data.grid is not None and data.grid.extrapolates.any() else []
    legend(figure, [data.points], *more, colour=INK)
    caption(figure, title_of(data), [data.source], [data.points.omitted])
    return figure


def rank(data: Rank) -> Figure:
    """Draw pairs of parameters, each trial coloured by its rank."""
    figure, plots = grid(len(data.pairs), 2.6, 2.5)
    found = data.rank
    shown = None
    for ax, (x, y) in zip(plots, data.pairs, strict=True):
        across, up = data.columns[x], data.columns[y]
        apply(ax, "x", across.axis)
        apply(ax, "y", up.axis)
        h, v = jittered(across.axis, across.values), jittered(up.axis, up.values, up=True)
        ax.scatter(h[~found.has], v[~found.has], marker="x", s=14, color=RED, linewidths=0.8)
        # The best last, so that they lie on top.
        order = np.argsort(-np.where(found.has, found.values, -1), kind="stable")
        order = order[found.has[order]]
        shown = ax.scatter(
            h[order], v[order], c=found.values[order], cmap=SHADES, vmin=0, vmax=1, s=14, alpha=0.9
        )
    if shown is not None:
        bar = figure.colorbar(shown, ax=plots, pad=0.01, fraction=0.03, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels(["best", "middle", "worst"], fontsize=8)
        bar.ax.invert_yaxis()
    caption(figure, title_of(data), [data.source], [data.points.omitted])
    return figure


def scatter_matrix(data: Table) -> Figure:
    """Draw goals and parameters each against each, and their histograms."""
    count = len(data.columns)
    size = max(4.5, 1.5 * count)
    figure = blank(size, size)
    result = data.points.result
    for row, up in enumerate(data.columns):
        for place, across in enumerate(data.columns[: row + 1]):
            ax = figure.add_subplot(count, count, row * count + place + 1)
            framed(ax)
            apply(ax, "x", across.axis, label=row == count - 1)
            h = jittered(across.axis, across.values)
            if row == place:
                kept = h[across.values.finite]
                bins = 12 if across.axis.words is None else len(across.axis.words)
                if across.axis.log and len(kept):
                    edges = np.geomspace(kept.min(), kept.max() * 1.0001, bins + 1)
                    ax.hist(kept, bins=edges.tolist(), color=RUNS[0])
                elif len(kept):
                    ax.hist(kept, bins=bins, color=RUNS[0])
                ax.set_yticks([])
                if place == 0:
                    ax.set_ylabel(up.axis.name, color=INK, fontsize=9)
            else:
                apply(ax, "y", up.axis, label=place == 0)
                v = jittered(up.axis, up.values, up=True)
                ax.scatter(h[~result], v[~result], marker="x", s=8, color=RED, linewidths=0.6)
                colours = data.points.value.values[result]
                ax.scatter(
                    h[result], v[result], c=colours, cmap=shades(data.goal),
                    norm=norm_of(data.goal, colours), s=7, alpha=0.8,
                )  # fmt: skip
            ax.tick_params(labelsize=6)
            if row < count - 1:
                ax.tick_params(labelbottom=False)
            if place:
                ax.tick_params(labelleft=False)
    caption(figure, title_of(data), [data.source], [data.points.omitted])
    return figure


def pareto(data: Pareto) -> Figure:
    """Draw each pair of goals, with the front."""
    figure, plots = grid(len(data.pairs), 5.2 if len(data.pairs) == 1 else 3.0, 3.6)
    on_edge = 0
    for ax, (x, y) in zip(plots, data.pairs, strict=True):
        apply(ax, "x", data.goals[x])
        apply(ax, "y", data.goals[y])
        h, v = data.values[x], data.values[y]
        across = np.where(h.finite, h.values, np.nan)
        up, beyond = heights(data.goals[y], v)
        on_edge = max(on_edge, int(beyond.sum()))
        scatter(ax, across, data.points, up, beyond, data.goals[y], GREY)
        order = np.flatnonzero(data.front)[np.argsort(across[data.front], kind="stable")]
        if len(data.goals) == 2:
            where: Any = "post" if data.goals[x].direction == "minimize" else "pre"
            ax.step(across[order], up[order], where=where, color=RUNS[1], lw=1.2, zorder=4)
        ax.scatter(
            across[order], up[order], s=30, color=RUNS[1], zorder=5, edgecolors="white", lw=0.6
        )
    if plots:
        front = Line2D(
            [], [], ls="none", marker="o", color=RUNS[1], label=f"front ({data.on_front})"
        )
        legend(figure, [data.points], front, colour=GREY)
    omitted = data.points.omitted
    caption(figure, title_of(data), [data.source], [omitted], on_edge=on_edge)
    return figure
