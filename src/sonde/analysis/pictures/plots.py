"""Every kind of figure, and what draws it."""

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from sonde.analysis.pictures.clouds import contour, pareto, rank, scatter_matrix, slices
from sonde.analysis.pictures.over_time import curves, history, timeline
from sonde.analysis.pictures.summaries import correlation, edf, importance, parallel

__all__ = ["drawn"]


def drawn(figure: Any) -> Figure:
    """Return a figure drawn."""
    return _PLOTS[figure.kind](figure)


_PLOTS: Mapping[str, Callable[[Any], Figure]] = {
    "history": history,
    "importance": importance,
    "parallel": parallel,
    "slice": slices,
    "contour": contour,
    "rank": rank,
    "edf": edf,
    "timeline": timeline,
    "pareto": pareto,
    "curves": curves,
    "scatter-matrix": scatter_matrix,
    "correlation": correlation,
}
