"""Figures that sum trials up: importance, correlation, distribution, parallel axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sonde.analysis.figures.axes import Axis, places
from sonde.analysis.figures.correlation import Correlation
from sonde.analysis.figures.importance import Explained, Shares
from sonde.analysis.figures.results import Edf
from sonde.analysis.figures.snapshot import Column, Floats
from sonde.analysis.figures.table import Plotted, Table
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
    legend,
    short,
    tint_of,
)
from sonde.analysis.pictures.scales import grid, norm_of, shades
from sonde.analysis.pictures.words import names_of

__all__ = ["correlation", "edf", "importance", "parallel"]


def importance(data: Any) -> Figure:
    """Draw the shares as bars, with their intervals; those of all sweeps beside each other."""
    runs: Sequence[Shares] = runs_of(data)
    metrics = [goal.metric for goal in runs[0].goals]
    found = [
        [next((goal for goal in run.goals if goal.metric == metric), None) for run in runs]
        for metric in metrics
    ]
    names = [_names(goals) for goals in found]
    tall = max(map(len, names), default=0) * (1 + 0.4 * (len(runs) - 1))
    figure = blank(3.2 + 3.0 * len(metrics), 1.5 + 0.32 * max(tall, 2))
    thick = 0.6 if len(runs) == 1 else 0.8 / len(runs)
    for place, (metric, goals) in enumerate(zip(metrics, found, strict=True)):
        ax = figure.add_subplot(1, len(metrics), place + 1)
        framed(ax)
        rows = {name: row for row, name in enumerate(names[place])}
        for number, goal in enumerate(goals):
            shares = goal.shares if goal is not None else ()
            at = [rows[s.name] + (number - (len(runs) - 1) / 2) * thick for s in shares]
            widths = [s.share for s in shares]
            ax.barh(at, widths, color=RUNS[number % len(RUNS)], height=thick)
            errors = [[s.share - s.low for s in shares], [s.high - s.share for s in shares]]
            line: dict[str, Any] = {"fmt": "none", "ecolor": INK, "elinewidth": 1, "capsize": 2}
            ax.errorbar(widths, at, xerr=errors, **line)
        ax.set_yticks(list(rows.values()), list(rows))
        ax.invert_yaxis()
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set_xlabel(f"share of {metric}", color=INK, fontsize=9)
        if not rows:
            ax.text(0.5, 0.5, "too few results", transform=ax.transAxes, ha="center", color=GREY)
    legend(figure, [], runs=names_of(runs))
    caption(figure, data)
    return figure


def _names(goals: Sequence[Explained | None]) -> list[str]:
    """Return the parameters that any sweep has shares of, the most important first."""
    shares = [share for goal in goals if goal is not None for share in goal.shares]
    greatest: dict[str, float] = {}
    for one in shares:
        greatest[one.name] = max(one.share, greatest.get(one.name, 0.0))
    return sorted(greatest, key=lambda name: -greatest[name])


def correlation(data: Any) -> Figure:
    """Draw the correlations as a matrix of shades and numbers, one for each sweep."""
    runs: Sequence[Correlation] = runs_of(data)
    most = max(len(run.axes) for run in runs)
    size = 2.6 + 0.5 * most
    figure, blocks = grid(1, size, size, names_of(runs) if len(runs) > 1 else ("",))
    for run, (ax,) in zip(runs, blocks, strict=True):
        for side in ax.spines.values():
            side.set_visible(False)
        names = [axis.name for axis in run.axes]
        shown = ax.imshow(run.value, cmap="RdBu", vmin=-1, vmax=1)
        at = range(len(names))
        ax.set_xticks(at, names, rotation=40, ha="right", fontsize=8)
        ax.set_yticks(at, names, fontsize=8)
        for row in at:
            for place in at:
                value = run.value[row, place]
                text = "–" if np.isnan(value) else f"{value:+.2f}"
                colour = "white" if abs(value) > 0.6 else INK
                ax.text(place, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes = [ax for (ax,) in blocks]
    figure.colorbar(shown, ax=axes, fraction=0.04, pad=0.02).ax.tick_params(labelsize=8)
    caption(figure, data)
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
    caption(figure, data)
    return figure


def parallel(data: Any) -> Figure:
    """Draw each trial as a line through its values, coloured by the goal's, or by its sweep."""
    runs: Sequence[Table] = runs_of(data)
    goal = runs[0].goal
    axes = [goal, *(column.axis for column in runs[0].columns)]
    figure = blank(max(5.0, 1.25 * len(axes)), 4.2)
    ax = figure.add_subplot()
    ax.axis("off")
    norm = norm_of(goal, np.concatenate([r.points.value.values[r.points.result] for r in runs]))
    is_missing = np.zeros(len(axes), dtype=np.bool_)
    for number, run in enumerate(runs):
        columns = [Plotted(axis=goal, values=run.points.value, missing=0), *run.columns]
        is_missing |= [not column.values.finite.all() for column in columns]
        _lines(ax, run, np.stack([_normed(c) for c in columns], axis=1), norm, number, len(runs))
    for place, axis in enumerate(axes):
        ax.plot([place, place], [0, 1], color=GREY, lw=1, zorder=5)
        title = axis.name + (" (log)" if axis.log else "")
        ax.text(place, 1.07 + 0.08 * (place % 2), title, ha="center", fontsize=9, color=INK)
        for height, text in _marks(axis):
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
        if is_missing[place]:
            ax.text(place, -0.12, "none", ha="center", fontsize=7, color=GREY, va="top")
    ax.set_xlim(-0.2, len(axes) - 0.5)
    ax.set_ylim(-0.2, 1.25)
    handles = [
        Line2D([], [], color=tint_of(number, runs, ""), lw=2, label=name)
        for number, name in enumerate(names_of(runs) if len(runs) > 1 else ())
    ]
    if len(runs) == 1:
        key = ScalarMappable(norm, shades(goal))  # as solid as its shades
        bar = figure.colorbar(key, ax=ax, pad=0.01, fraction=0.03)
        bar.set_label(goal.name, color=INK, fontsize=9)
        bar.ax.tick_params(labelsize=8)
    if any(not run.points.result.all() for run in runs):
        tint = RED if len(runs) == 1 else INK
        handles.append(Line2D([], [], color=tint, ls="--", lw=0.8, label="without a result"))
    if handles:
        figure.legend(
            handles=handles, loc="outside lower right", ncols=3, fontsize=8, frameon=False
        )
    caption(figure, data)
    return figure


def _lines(ax: Axes, run: Table, rows: Floats, norm: Normalize, number: int, sweeps: int) -> None:
    at = np.arange(rows.shape[1])
    lines = [np.column_stack([at, row]) for row in rows]
    result, goal = run.points.result, run.goal
    order = np.argsort(np.where(result, run.points.value.values, np.inf), kind="stable")
    if goal.direction != "maximize":
        order = order[::-1]
    rest = [line for line, kept in zip(lines, result.tolist(), strict=True) if not kept]
    faint = max(0.05, min(0.35, 20 / max(len(rest), 1)))
    tint = "" if sweeps == 1 else RUNS[number % len(RUNS)]
    dashed: dict[str, Any] = {"linewidths": 0.6, "alpha": faint, "linestyles": "--"}
    ax.add_collection(LineCollection(rest, colors=tint or RED, **dashed))
    kept = [place for place in order.tolist() if result[place]]
    colours: dict[str, Any] = {"colors": tint} if tint else {
        "array": run.points.value.values[kept], "cmap": shades(goal), "norm": norm,
    }  # fmt: skip
    solid = max(0.05, min(0.8, 60 / max(len(kept), 1)))
    ax.add_collection(
        LineCollection([lines[place] for place in kept], linewidths=0.9, alpha=solid, **colours)
    )


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
            (0.5 if single else place / last, short(text_of(word)))
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
