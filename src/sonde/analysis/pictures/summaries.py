"""Figures that sum trials up: importance, correlation, distribution, parallel axes."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sonde.analysis.figures.axes import Axis, places
from sonde.analysis.figures.correlation import Correlation
from sonde.analysis.figures.importance import Shares
from sonde.analysis.figures.results import Edf
from sonde.analysis.figures.snapshot import Column, Floats
from sonde.analysis.figures.table import Plotted, Table
from sonde.analysis.pictures.canvas import (
    GREY,
    INK,
    RED,
    RUNS,
    apply,
    blank,
    caption,
    framed,
)
from sonde.analysis.pictures.scales import norm_of, shades
from sonde.analysis.pictures.words import title_of

__all__ = ["correlation", "edf", "importance", "parallel"]


def importance(data: Shares) -> Figure:
    """Draw the shares as bars, with their intervals."""
    goals = data.goals
    longest = max((len(goal.shares) for goal in goals), default=1)
    figure = blank(3.2 + 3.0 * len(goals), 1.5 + 0.32 * max(longest, 2))
    for place, goal in enumerate(goals):
        ax = figure.add_subplot(1, len(goals), place + 1)
        framed(ax)
        shares = list(reversed(goal.shares))
        at = np.arange(len(shares))
        ax.barh(at, [s.share for s in shares], color=RUNS[0], height=0.6)
        errors = [[s.share - s.low for s in shares], [s.high - s.share for s in shares]]
        ax.errorbar(
            [s.share for s in shares],
            at,
            xerr=errors,
            fmt="none",
            ecolor=INK,
            elinewidth=1,
            capsize=2,
        )
        ax.set_yticks(at, [s.name for s in shares])
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set_xlabel(f"share of {goal.metric}", color=INK, fontsize=9)
        if not shares:
            ax.text(0.5, 0.5, "too few results", transform=ax.transAxes, ha="center", color=GREY)
    caption(figure, title_of(data), [data.source], [{}])
    return figure


def correlation(data: Correlation) -> Figure:
    """Draw the correlations as a matrix of shades and numbers."""
    names = [axis.name for axis in data.axes]
    size = 2.6 + 0.5 * len(names)
    figure = blank(size + 0.8, size)
    ax = figure.add_subplot()
    shown = ax.imshow(data.value, cmap="RdBu", vmin=-1, vmax=1)
    at = range(len(names))
    ax.set_xticks(at, names, rotation=40, ha="right", fontsize=8)
    ax.set_yticks(at, names, fontsize=8)
    for row in at:
        for place in at:
            value = data.value[row, place]
            text = "–" if np.isnan(value) else f"{value:+.2f}"
            colour = "white" if abs(value) > 0.6 else INK
            ax.text(place, row, text, ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(shown, ax=ax, fraction=0.04, pad=0.02).ax.tick_params(labelsize=8)
    caption(figure, title_of(data), [data.source], [{}])
    return figure


def edf(data: Edf) -> Figure:
    """Draw which share of the results is at most so large."""
    figure = blank()
    ax = figure.add_subplot()
    framed(ax)
    apply(ax, "x", data.goal)
    for run, colour in zip(data.runs, RUNS * len(data.runs), strict=False):
        value = np.append(run.value[:1], run.value)
        share = np.append(np.zeros(len(run.share[:1])), run.share)
        ax.step(value, share, where="post", color=colour, lw=1.6, label=run.source.name)
    ax.set_ylim(0, 1.02)
    ax.set_ylabel("share of the results", color=INK, fontsize=9)
    if len(data.runs) > 1:
        ax.legend(fontsize=8, frameon=False)
    sources = [run.source for run in data.runs]
    caption(figure, title_of(data), sources, [run.omitted for run in data.runs])
    return figure


def parallel(data: Table) -> Figure:
    """Draw each trial as a line through its values, coloured by the goal's."""
    columns = [Plotted(axis=data.goal, values=data.points.value, missing=0), *data.columns]
    figure = blank(max(5.0, 1.25 * len(columns)), 4.2)
    ax = figure.add_subplot()
    ax.axis("off")
    rows = [_normed(column) for column in columns]
    heights_ = np.stack(rows, axis=1) if rows else np.empty((0, 0))
    at = np.arange(len(columns))
    lines = [np.column_stack([at, row]) for row in heights_]
    result = data.points.result
    order = np.argsort(np.where(result, data.points.value.values, np.inf), kind="stable")
    if data.goal.direction != "maximize":
        order = order[::-1]
    rest = [line for line, kept in zip(lines, result.tolist(), strict=True) if not kept]
    faint = max(0.05, min(0.35, 20 / max(len(rest), 1)))
    ax.add_collection(
        LineCollection(rest, colors=RED, linewidths=0.6, alpha=faint, linestyles="--")
    )
    kept = [place for place in order.tolist() if result[place]]
    norm = norm_of(data.goal, data.points.value.values[kept])
    shown = LineCollection(
        [lines[place] for place in kept],
        array=data.points.value.values[kept],
        cmap=shades(data.goal),
        norm=norm,
        linewidths=0.9,
        alpha=max(0.05, min(0.8, 60 / max(len(kept), 1))),
    )
    ax.add_collection(shown)
    for place, column in enumerate(columns):
        ax.plot([place, place], [0, 1], color=GREY, lw=1, zorder=5)
        title = column.axis.name + (" (log)" if column.axis.log else "")
        ax.text(place, 1.07, title, ha="center", fontsize=9, color=INK)
        for height, text in _marks(column.axis):
            ax.text(
                place + 0.03,
                height,
                text,
                fontsize=7,
                color=INK,
                va="center",
                zorder=6,
                bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 0.6},
            )
        if np.isnan(column.values.values).any() or (~column.values.has).any():
            ax.text(place, -0.12, "none", ha="center", fontsize=7, color=GREY, va="top")
    ax.set_xlim(-0.2, len(columns) - 0.5)
    ax.set_ylim(-0.2, 1.15)
    key = ScalarMappable(norm, shades(data.goal))  # as solid as its shades
    bar = figure.colorbar(key, ax=ax, pad=0.01, fraction=0.03)
    bar.set_label(data.goal.name, color=INK, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if rest:
        handle = Line2D([], [], color=RED, ls="--", lw=0.8, label="without a result")
        figure.legend(handles=[handle], loc="outside lower right", fontsize=8, frameon=False)
    caption(figure, title_of(data), [data.source], [data.points.omitted])
    return figure


def _normed(column: Plotted) -> Floats:
    """Return heights in [0, 1]; what has none lies below."""
    values = column.values.values
    if column.axis.words is not None:
        count = len(column.axis.words)
        at = values / max(count - 1, 1) if count > 1 else np.where(np.isnan(values), np.nan, 0.5)
    elif column.axis.low is None:
        at = np.full(len(values), np.nan)
    else:
        at = places(column.axis, np.where(np.isfinite(values), values, np.nan))
    found: Floats = np.where(np.isnan(at), -0.1, at)
    return found


def _marks(axis: Axis) -> list[tuple[float, str]]:
    """Return ticks of a parallel axis: heights and texts."""
    from sonde.core.distributions.values import text_of

    if axis.words is not None:
        last = max(len(axis.words) - 1, 1)
        step = max(1, -(-len(axis.words) // 10))
        single = len(axis.words) == 1
        return [
            (0.5 if single else place / last, text_of(word)[:12])
            for place, word in enumerate(axis.words)
            if place % step == 0
        ]
    if axis.low is None or axis.high is None:
        return []
    low, high = float(axis.low), float(axis.high)
    if low == high:
        return [(0.5, f"{low:.4g}")]
    inner = np.geomspace(low, high, 5) if axis.log else np.linspace(low, high, 5)
    if axis.whole:
        inner = np.unique(inner.round())
    column = Column(values=inner, has=np.ones(len(inner), dtype=np.bool_))
    at = places(axis, column.values)
    texts = [f"{value:.3g}" for value in inner.tolist()]
    return list(zip(at.tolist(), texts, strict=True))
