"""How values become heights and shades: limits, logarithms, plots beside each other."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from sonde.analysis.figures.axes import Axis
from sonde.analysis.figures.snapshot import Floats
from sonde.analysis.pictures.canvas import INK, SHADES, blank, framed

__all__ = ["PER_ROW", "grid", "levels", "norm_of", "reach", "shades"]

PER_ROW = 3
"""Plots beside each other."""


def grid(
    count: int, width: float, height: float, names: Sequence[str] = ("",)
) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure with so many plots for each name, of a width and height in inches each.

    Args:
        count: Plots for each name.
        width: Of a plot.
        height: Of a plot.
        names: What is written above the first plot of each; those of one begin a row of their
            own, but for single ones.
    """
    across = 1 if count == 1 else min(count, PER_ROW)
    down = -(-count // PER_ROW)
    columns = min(len(names), PER_ROW) if count == 1 else across
    rows = -(-len(names) // PER_ROW) if count == 1 else down * len(names)
    figure = blank(max(width * columns + 0.8, 4.5), max(height * rows + 0.6, 3.0))
    plots = []
    for block, name in enumerate(names):
        first = block if count == 1 else block * down * across
        plots.append(
            [figure.add_subplot(rows, columns, first + place + 1) for place in range(count)]
        )
        for ax in plots[-1]:
            framed(ax)
        if name and count:
            plots[-1][0].set_title(name, fontsize=9, color=INK, loc="left")
    return figure, plots


def reach(ax: Axes, axis: Axis, values: Sequence[Floats]) -> None:
    """Have the goal's axis reach over what has a place on it."""
    found = np.concatenate([one[np.isfinite(one)] for one in values] or [np.empty(0)])
    if axis.log:
        found = found[found > 0]
    if not len(found):
        return
    low, high = float(found.min()), float(found.max())
    if axis.log:
        factor = max(high / low, 1.2) ** 0.06
        ax.set_ylim(low / factor, high * factor)
    else:
        pad = max(high - low, abs(high) * 0.02, 1e-12) * 0.06
        ax.set_ylim(low - pad, high + pad)


def norm_of(goal: Axis, values: Floats) -> Normalize:
    """Return how values become shades: logarithmic where the axis is."""
    found = values[np.isfinite(values)]
    if goal.log:
        found = found[found > 0]
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.1, 1.0)
    if low == high:
        high = low + (abs(low) or 1.0) * 1e-6
    return LogNorm(low, high) if goal.log else Normalize(low, high)


def levels(norm: Normalize) -> Floats:
    """Return where a surface's shades change."""
    assert norm.vmin is not None
    assert norm.vmax is not None
    spread = np.geomspace if isinstance(norm, LogNorm) else np.linspace
    found: Floats = spread(norm.vmin, norm.vmax, 15)
    return found


def shades(goal: Axis) -> str:
    """Dark is good."""
    return f"{SHADES}_r" if goal.direction == "maximize" else SHADES
