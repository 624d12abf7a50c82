"""The live block's table: the running trials, and those that ended last."""

from collections.abc import Callable, Sequence

from sonde.analysis.rows import feasible, last_step
from sonde.cli.cells import duration, number, one_line, param, sparkline
from sonde.cli.output import COLOURS
from sonde.cli.progress.figures import Figures
from sonde.cli.screen import Signs
from sonde.cli.table import fit, width_of
from sonde.core.distributions import Constant
from sonde.core.trial import Trial
from sonde.executors.drive import View

__all__ = ["Line", "recent_rows", "style_of"]

MOST_ROWS = 8
GAP = 2
CURVE = 8

Line = list[tuple[str, str]]  # pieces of text, each with its style


def recent_rows(
    view: View,
    figures: Figures,
    signs: Signs,
    width: int,
    most: int,
    curve: Callable[[Trial], Sequence[float]],
) -> list[Line]:
    """The running trials, then those that ended last."""
    most = min(most, MOST_ROWS)
    running = view.running[::-1]
    # Some of the ended ones always show, or with many workers nobody would see a result.
    keep = min(len(figures.recent), 3)
    trials = running[: max(most - keep, 1)]
    trials = [*trials, *list(figures.recent)[: max(most - len(trials), 0)]]
    if not trials or most < 1:
        return []
    goal = next(iter(view.record.sweep.goals), None)
    space = view.record.sweep.space
    varied = [p.name for p in space.parameters if not isinstance(p.distribution, Constant)]
    titles = ["trial", "state", "step"]
    rights = [True, False, True]
    cells: list[list[str]] = [
        [str(t.number), _state(t, view, signs), _step(t, view)] for t in trials
    ]
    if goal is not None:
        titles += [goal.metric, "curve"]
        rights += [True, False]
        for row, trial in zip(cells, trials, strict=True):
            row += [number(trial.value(goal)), sparkline(curve(trial), signs.levels, CURVE)]
    last = [_time(t, view) for t in trials]
    columns = [[title, *(row[i] for row in cells)] for i, title in enumerate(titles)]
    widths = [max(width_of(cell) for cell in column) for column in columns]
    if goal is not None:
        widths[3] = min(widths[3], 20)
        widths[4] = max(widths[4], CURVE if any(column for column in columns[4][1:]) else 5)
    time_width = max(width_of(cell) for cell in [*last, "time"])
    left = width - sum(w + GAP for w in widths) - time_width
    for name in varied:
        column = [name, *(_param(trial, name) for trial in trials)]
        wide = min(max(width_of(one_line(cell)) for cell in column), 16)
        if wide + GAP > left:
            continue
        left -= wide + GAP
        columns.append(column)
        widths.append(wide)
        rights.append(_is_numeric(trials, name))
    columns.append(["time", *last])
    widths.append(time_width)
    rights.append(True)
    lines: list[Line] = []
    for i in range(len(trials) + 1):
        line: Line = []
        for place, (column, wide, right) in enumerate(zip(columns, widths, rights, strict=True)):
            text = fit(one_line(column[i]) if place != 4 else column[i], wide, signs.ellipsis)
            blank = " " * (wide - width_of(text))
            style = "bold" if i == 0 else ""
            if i and place == 1:
                state = trials[i - 1].state.value
                style = style_of(state)
            gap = " " * GAP if place else ""
            line.append((gap + (blank + text if right else text + blank), style))
        lines.append(line)
    return lines


def style_of(state: str) -> str:
    """How a state is styled."""
    return COLOURS.get(state, "").replace("bright_black", "dim")


def _state(trial: Trial, view: View, signs: Signs) -> str:
    broken = ", infeasible" if feasible(trial, view.record.sweep) is False else ""
    return f"{signs.states[trial.state]} {trial.state.value}{broken}"


def _step(trial: Trial, view: View) -> str:
    step = last_step(trial, view.record.sweep.goals)
    return "" if step is None else str(step)


def _time(trial: Trial, view: View) -> str:
    if trial.started is None:
        return "-"
    return duration(((trial.finished or view.now) - trial.started).total_seconds())


def _param(trial: Trial, name: str) -> str:
    return param(trial.params[name]) if name in trial.params else "-"


def _is_numeric(trials: Sequence[Trial], name: str) -> bool:
    values = [trial.params[name] for trial in trials if name in trial.params]
    return bool(values) and all(isinstance(value, int | float) for value in values)
