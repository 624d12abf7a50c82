"""What is written on pictures: titles and units, without matplotlib."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sonde.analysis.figures.snapshot import Source
from sonde.analysis.figures.together import Together, runs_of

__all__ = ["is_apart", "lane_names", "names_of", "said_by", "said_of", "span_unit", "title_of"]


def title_of(figure: Any) -> str:
    """Return the title of a figure: what is seen, of which sweeps."""
    runs = runs_of(figure)
    names = [run.source.name for run in runs]
    of = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"{_what(runs[0] if isinstance(figure, Together) else figure)} · {of}"


def is_apart(figure: Any) -> bool:
    """Tell whether the sweeps of a timeline have a time of their own each."""
    return isinstance(figure, Together) and figure.clock == "own"


def names_of(runs: Sequence[Any]) -> list[str]:
    """Return what the sweeps of a figure are called."""
    return [run.source.name for run in runs]


def said_by(figure: Any) -> list[str]:
    """Say which trials of which sweeps a figure shows, a line for each."""
    runs = runs_of(figure)
    said = [said_of(run.source, _omitted(run), name=len(runs) > 1) for run in runs]
    return said + [text for run in runs if (text := _limited(run, name=len(runs) > 1))]


def said_of(source: Source, omitted: Mapping[str, int], *, name: bool = False) -> str:
    """Say which trials a figure shows: `60 trials: 57 done, 3 failed; 12 not shown (thinned)`."""
    states = ", ".join(f"{count:,} {state}" for state, count in source.states.items())
    of = f" of {source.trials:,}" if source.chosen < source.trials else ""
    text = f"{source.chosen:,}{of} trials: {states}" if states else "no trials"
    if omitted:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in omitted.items())
        text += f"; not shown: {reasons}"
    return f"{source.name}: {text}" if name else text


def lane_names(agents: Sequence[str]) -> list[str]:
    """Return what tells agents apart, as short as it can be: `host`, `host 4711`, or more.

    Args:
        agents: Identities, `host/boot/namespace/process/start`, or whatever others call theirs.
    """
    parts = [agent.split("/") for agent in agents]
    ways: tuple[Callable[[list[str]], str], ...] = (
        lambda one: one[0] or "?",
        lambda one: " ".join([one[0][:14], *one[3:4]]) if len(one) > 3 else "/".join(one)[-20:],
        lambda one: "/".join(one)[-20:],
    )
    for way in ways:
        names = [way(one) for one in parts]
        if len(set(names)) == len(set(agents)):
            return names
    return [f"{name} ({number})" for number, name in enumerate(names, start=1)]


def span_unit(seconds: float) -> tuple[str, float]:
    """Return the unit that a span of seconds is read in, and how many seconds it has."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return unit, size
    return "s", 1.0


def _limited(run: Any, *, name: bool) -> str:
    """Say what a surface does not follow: one that diverged would hide all others in it."""
    grid = getattr(run, "grid", None)
    if grid is None or grid.limit is None:
        return ""
    which = "above" if run.goal.direction != "maximize" else "below"
    results = "1 result" if grid.limited == 1 else f"{grid.limited:,} results"
    of = f"{run.source.name}: " if name else ""
    return f"{of}the surface counts {results} {which} {grid.limit:.3g} as {grid.limit:.3g}"


def _omitted(run: Any) -> Mapping[str, int]:
    points = getattr(run, "points", None)
    found: Mapping[str, int] = getattr(run, "omitted", {}) if points is None else points.omitted
    return found


def _what(figure: Any) -> str:
    kind: str = figure.kind
    if kind in {"importance", "timeline", "correlation"}:
        return {"importance": f"importance ({getattr(figure, 'method', '')})"}.get(kind, kind)
    if kind == "pareto":
        return "goals"
    if kind == "edf":
        return f"distribution of {_goal(figure)}"
    if kind == "contour":
        return f"{_goal(figure)} over {figure.x.name} and {figure.y.name}"
    if kind == "parallel":
        return f"{_goal(figure)} and the parameters"
    return f"{kind} of {_goal(figure)}"


def _goal(figure: Any) -> str:
    goal = figure.goal
    if goal.summary in {None, "last"}:
        return str(goal.name)
    return f"{goal.summary} {goal.name}"
