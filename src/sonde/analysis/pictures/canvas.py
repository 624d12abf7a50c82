"""What all pictures share: colours and shapes for states, axes, what lies beyond an edge.

States are told by shape and colour, in colours that colour-blind people tell apart too. A value
that is missing, infinite or far beyond the others lies on the edge where bad values are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from sonde.analysis.figures.axes import Axis
from sonde.analysis.figures.points import Points
from sonde.analysis.figures.snapshot import Bools, Column, Floats
from sonde.analysis.pictures.words import said_by, title_of
from sonde.core.distributions.values import text_of

__all__ = [
    "GREY",
    "INK",
    "RED",
    "RUNS",
    "SHADES",
    "apply",
    "blank",
    "caption",
    "framed",
    "heights",
    "jittered",
    "legend",
    "scatter",
    "short",
    "tint_of",
]

INK, GREY, RED = "#1f2933", "#8a94a0", "#c8371e"
RUNS = ("#2a6fb0", "#d9822b", "#3c8d5a", "#8b5fbf", "#b04a6f", "#6d7a33", "#3f8fa8", "#7a5a3a")
"""Colours of sweeps that share a figure."""
SHADES = "viridis"
_FENCE = 3.0  # quartile ranges beyond which a value lies on the edge
_LONGEST = 14  # letters of a category's name on an axis


@dataclass(frozen=True, slots=True)
class _Look:
    marker: str
    colour: str | None  # None: that of the sweep
    size: float
    hollow: bool = False


_LOOKS: Mapping[str, _Look] = {
    "done": _Look("o", None, 16),
    "stopped": _Look("v", GREY, 18),
    "failed": _Look("x", RED, 26),
    "running": _Look("D", None, 18, hollow=True),
    "paused": _Look("s", None, 16, hollow=True),
    "cancelled": _Look("+", GREY, 24),
}


def blank(width: float = 7.0, height: float = 4.2) -> Figure:
    """Return an empty figure, in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def framed(ax: Axes) -> None:
    """Take away what carries no information."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GREY)
    ax.tick_params(colors=INK, labelsize=8)


def apply(ax: Axes, which: str, axis: Axis, *, label: bool = True, tight: bool = False) -> None:
    """Give one axis of a plot its scale, range and ticks.

    Args:
        ax: The plot.
        which: `x` or `y`.
        axis: What it shows.
        label: Whether its name is written.
        tight: Whether it ends where its range does.
    """
    one = ax.xaxis if which == "x" else ax.yaxis
    set_limits = ax.set_xlim if which == "x" else ax.set_ylim
    if axis.words is not None:
        count = len(axis.words)
        step = max(1, -(-count // 12))
        one.set_major_locator(FixedLocator(list(range(0, count, step))))
        texts = [short(text_of(word)) for word in axis.words[::step]]
        turned = which == "x" and sum(map(len, texts)) > 18
        turn: dict[str, Any] = {"rotation": 30, "ha": "right"} if turned else {}
        one.set_ticklabels(texts, **turn)
        set_limits(-0.6, count - 0.4)
    else:
        if axis.log:
            (ax.set_xscale if which == "x" else ax.set_yscale)("log")
        elif axis.whole:
            one.set_major_locator(MaxNLocator(nbins=6, integer=True))
        if axis.role == "param" and axis.low is not None and axis.high is not None:
            set_limits(
                *_padded(float(axis.low), float(axis.high), axis.log, 0.0 if tight else 0.03)
            )
    if label:
        one.set_label_text(axis.name, color=INK, fontsize=9)


def heights(axis: Axis, values: Sequence[Column]) -> list[tuple[Floats, Bools]]:
    """Return where values of a goal are drawn, and which lie beyond the edge of bad ones.

    On a logarithmic axis all that is finite has its place.

    Args:
        axis: Of the goal.
        values: Of each sweep; what is far beyond the others is so among those of all.
    """
    if axis.log:
        return [(one.values, ~(one.finite & (one.values > 0))) for one in values]
    inside = np.concatenate([one.values[one.finite] for one in values] or [np.empty(0)])
    if len(inside) < 4:
        return [(one.values, ~one.finite) for one in values]
    low, high = np.percentile(inside, [25, 75])
    reach = _FENCE * float(high - low) or np.inf
    if axis.direction == "maximize":
        return [(one.values, ~one.finite | (one.values < low - reach)) for one in values]
    return [(one.values, ~one.finite | (one.values > high + reach)) for one in values]


def scatter(
    ax: Axes,
    x: Floats,
    points: Points,
    y: Floats,
    beyond: Bools,
    axis: Axis,
    colour: str = RUNS[0],
    *,
    alone: bool = True,
) -> None:
    """Draw points by their states, those beyond on the edge where bad values are.

    Args:
        ax: The plot.
        x: (n,): where on the x axis; NaN is not drawn.
        points: The trials.
        y: (n,): where on the y axis.
        beyond: (n,): which have no place on it.
        axis: The y axis.
        colour: Of the sweep.
        alone: Whether it is the only sweep: then states have colours too, else shapes alone.
    """
    states = np.array(points.state, dtype=object)
    edge = 0.015 if axis.direction == "maximize" else 0.985
    for word, look in _LOOKS.items():
        is_one = states == word
        for meant, height, transform in (
            (is_one & ~beyond, y, ax.transData),
            (is_one & beyond, np.full(len(y), edge), ax.get_xaxis_transform()),
        ):
            if not meant.any():
                continue
            tint = (look.colour if alone else None) or colour
            hollow = look.hollow or look.marker in "x+"
            # Opacity is part of the colours: by itself it would fill what is hollow, in black.
            shade = to_rgba(tint, _opacity(len(x)))
            style: dict[str, Any] = {"color": [shade]}
            if look.marker not in "x+":
                # Those that break a constraint are rings.
                is_full = points.feasible[meant] & (not look.hollow)
                faces = [shade if full else (0.0, 0.0, 0.0, 0.0) for full in is_full.tolist()]
                style = {"facecolors": faces, "edgecolors": [shade]}
            ax.scatter(
                x[meant],
                height[meant],
                s=look.size * _size(len(x)),
                marker=look.marker,
                linewidths=1.1 if hollow else 0.8,
                transform=transform,
                clip_on=False,
                zorder=3 if word == "failed" else 2,
                **style,
            )


def legend(
    figure: Figure,
    points: Iterable[Points],
    *more: Any,
    runs: Sequence[str] = (),
    colour: str = RUNS[0],
) -> None:
    """Write beside the plots what the shapes mean, where there are several, and whose colours.

    Args:
        figure: The figure.
        points: What is shown in it.
        more: Further lines of the legend.
        runs: Names of the sweeps.
        colour: Of the points, where there is one sweep.
    """
    points = list(points)
    states = dict.fromkeys(state for one in points for state in set(one.state))
    handles: list[Any] = list(more)
    if any(not one.feasible.all() for one in points):
        ring: dict[str, Any] = {"marker": "o", "fillstyle": "none", "markersize": 5}
        tint = INK if len(runs) > 1 else colour
        handles.append(Line2D([], [], ls="none", color=tint, label="breaks a constraint", **ring))
    if set(states) - {"done"}:
        handles += [
            Line2D(
                [],
                [],
                linestyle="none",
                marker=look.marker,
                markersize=5,
                color=INK if len(runs) > 1 else look.colour or colour,
                fillstyle="none" if look.hollow else "full",
                label=word,
            )
            for word, look in _LOOKS.items()
            if word in states
        ]
    if len(runs) > 1:
        handles += [
            Line2D([], [], color=tint, linewidth=3, label=name)
            for name, tint in zip(runs, RUNS * len(runs), strict=False)
        ]
    if handles:
        figure.legend(
            handles=handles,
            loc="outside right center",
            fontsize=8,
            frameon=False,
            labelcolor=INK,
        )


def caption(figure: Figure, data: Any, *, on_edge: int = 0) -> None:
    """Write the title, and beneath how many trials are shown and how many are not, and why.

    Args:
        figure: The figure.
        data: What it shows.
        on_edge: How many points lie on the edge.
    """
    figure.suptitle(title_of(data), fontsize=11, color=INK, x=0.01, ha="left")
    said = said_by(data)
    if on_edge:
        said.append(f"{on_edge:,} on the edge: far beyond it, or without a value")
    figure.supxlabel("\n".join(said), fontsize=7.5, color=GREY, x=0.01, ha="left")


def tint_of(place: int, runs: Sequence[Any], alone: str) -> str:
    """Return the colour of a sweep: one of its own where there are several."""
    return alone if len(runs) == 1 else RUNS[place % len(RUNS)]


def jittered(axis: Axis, values: Column, *, up: bool = False) -> Floats:
    """Return where values are drawn: those of a category beside each other, always alike.

    Args:
        axis: Theirs.
        values: (n,).
        up: Whether it is the other axis of a plot, and must not go with the first one.
    """
    if axis.words is None:
        return np.where(values.has, values.values, np.nan)
    turn = 0.414214 if up else 0.618034  # spreads evenly, and without chance
    place = np.arange(len(values.values)) * turn % 1.0
    return values.values + (place - 0.5) * 0.5


def _padded(low: float, high: float, log: bool, share: float) -> tuple[float, float]:
    if low == high:
        return (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    if log:
        factor = (high / low) ** share
        return low / factor, high * factor
    pad = (high - low) * share
    return low - pad, high + pad


def _size(count: int) -> float:
    """Return how large marks are where there are so many."""
    return 1.0 if count <= 200 else 0.6 if count <= 1000 else 0.35


def _opacity(count: int) -> float:
    return 0.85 if count <= 200 else 0.6 if count <= 1000 else 0.4


def short(text: str) -> str:
    """Return a category's name as long as there is room for."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
