"""Figures of several sweeps: each as it is by itself, on axes that reach over all of them.

History, distribution and curves have all sweeps in one plot by their nature, and are not made
here. Of the others the drawers decide whether sweeps lie on each other, in colours of their own,
or beside each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sonde.analysis.figures.history import Timeline

__all__ = ["Together", "runs_of", "together"]

_DENSE = 0.3  # of the time from the first start to the last end, how much the sweeps must fill


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Together:
    """Several sweeps in one figure (all kinds but `history`, `edf` and `curves`).

    Attributes:
        kind: What each of them is.
        runs: For each sweep the figure that it has by itself, on axes that all share.
        clock: Of a timeline: `shared`, or `own` where the sweeps ran so far apart that each has a
            time of its own, from its first start on.
    """

    kind: str
    runs: tuple[Any, ...]
    clock: Literal["shared", "own"] | None = None


def together(figures: Sequence[Any]) -> Any:
    """Return figures of one kind as one; one by itself stays what it is."""
    first = figures[0]
    if len(figures) == 1:
        return first
    if isinstance(first, Timeline):
        return _on_a_clock(figures)
    return Together(kind=first.kind, runs=tuple(figures))


def runs_of(figure: Any) -> tuple[Any, ...]:
    """Return the parts of a figure, one for each sweep."""
    found: tuple[Any, ...] = getattr(figure, "runs", (figure,))
    return found


def _on_a_clock(figures: Sequence[Timeline]) -> Together:
    """Have bars begin at the first start of all, unless most of the picture would be empty."""
    began = [one for one in figures if one.begin is not None]
    begins = [one.begin for one in began if one.begin is not None]
    if not begins:
        return Together(kind="timeline", runs=tuple(figures), clock="shared")
    begin = min(begins)
    span = max((one.begin or 0.0) + one.end for one in began) - begin
    if sum(one.end for one in began) < _DENSE * span:
        return Together(kind="timeline", runs=tuple(figures), clock="own")
    return Together(
        kind="timeline", runs=tuple(_since(one, begin) for one in figures), clock="shared"
    )


def _since(figure: Timeline, begin: float) -> Timeline:
    if figure.begin is None:
        return figure
    late = figure.begin - begin
    bars = replace(figure.bars, start=figure.bars.start + late, end=figure.bars.end + late)
    return replace(figure, begin=begin, end=figure.end + late, bars=bars)
