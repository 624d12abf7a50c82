"""Trials as rows of a table for people."""

from collections.abc import Sequence

from sonde.analysis.rows import feasible, last_step, took
from sonde.cli.cells import duration, mean, number, param, when
from sonde.cli.reading import SORT_FIELDS
from sonde.cli.screen import screen_of
from sonde.cli.table import Column
from sonde.core.history import History
from sonde.core.metric import SummaryKind
from sonde.core.repeats import spread
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial

__all__ = ["trial_cells", "trial_columns"]

MOST_METRICS = 4  # beside the goals
_BOUNDS = {True: "kept", False: "infeasible", None: "-"}


def trial_columns(
    trials: Sequence[Trial], history: History, by: str = "number", *, fold: bool = True
) -> list[Column]:
    """Return the columns: the trial, its goals, its parameters, then what else it reported.

    Args:
        trials: Those to be shown.
        history: Of their sweep.
        by: What they are sorted by.
        fold: Where there are repeats: whether a trial stands for all of its assignment.
    """
    sweep = history.sweep
    columns = [
        Column(key="number", title="trial", right=True, keep=10),
        Column(key="state", title="state", keep=9),
    ]
    if sweep.repeats > 1:
        title = "n" if fold else "repeat of"
        columns.append(Column(key="repeats", title=title, right=True, keep=7))
    goals = [goal.metric for goal in sweep.goals]
    columns += [Column(key=f"goal.{m}", title=m, right=True, keep=8) for m in goals]
    if sweep.constraints:
        # In a word, and before anything else that a narrow screen would drop.
        columns.insert(2, Column(key="bounds", title="bounds", keep=9))
        bounded = [name for name in sweep.wanted if name not in goals]
        columns += [Column(key=f"metric.{m}", title=m, right=True, keep=7) for m in bounded]
    # Also those that an edit of the sweep took out.
    names = dict.fromkeys(p.name for p in sweep.space.parameters)
    if sweep.version > 1:
        names |= dict.fromkeys(name for trial in trials for name in trial.params)
    shown = {*goals, *(c.metric for c in sweep.constraints)}
    if by not in {*SORT_FIELDS, *shown, *names}:
        columns.append(Column(key=f"sort.{by}", title=by, right=True, keep=8))
    columns += [
        Column(
            key=f"param.{name}",
            title=name,
            right=_is_numeric(trials, name),
            keep=8 if name == by else 6,
            shrinks=True,
        )
        for name in names
    ]
    others = dict.fromkeys(m for t in trials for m in t.metrics if m not in shown and m != by)
    columns += [
        Column(key=f"metric.{m}", title=m, right=True, keep=2) for m in list(others)[:MOST_METRICS]
    ]
    columns.append(Column(key="took", title="time", right=True, keep=5))
    columns.append(Column(key="started", title="started", keep=7 if by == "started" else 1))
    if by in {"created", "finished"}:
        columns.append(Column(key=by, title=by, keep=7))
    if any(trial.attempts > 1 for trial in trials) or by == "attempts":
        columns.append(Column(key="attempts", title="attempts", right=True, keep=3))
    if any(trial.why_stopped for trial in trials):
        columns.append(Column(key="why", title="why stopped", keep=4, shrinks=True))
    if any(trial.error for trial in trials):
        columns.append(Column(key="error", title="error", keep=4, shrinks=True))
    return columns


def trial_cells(
    trials: Sequence[Trial], history: History, by: str = "number", *, fold: bool = True
) -> list[dict[str, str]]:
    """Return the rows, a cell for each column; the arguments are those of `trial_columns`."""
    signs, sweep = screen_of().signs, history.sweep
    fold = fold and sweep.repeats > 1
    rows = []
    for trial in trials:
        row = {
            "number": str(trial.number),
            "state": f"{signs.states[trial.state]} {trial.state.value}",
            "_state": trial.state.value,
            "took": duration(took(trial)),
            "started": when(trial.started),
            "finished": when(trial.finished),
            "created": when(trial.created),
            "attempts": str(trial.attempts),
            "error": trial.error or "",
            "why": _why(trial, sweep),
            "bounds": _BOUNDS[feasible(trial, sweep)],
            f"sort.{by}": _sorted_by(trial, by),
        }
        group = history.repeats_of(trial.number)
        row |= {f"goal.{goal.metric}": number(trial.value(goal)) for goal in sweep.goals}
        row["repeats"] = "" if group[0].number == trial.number else f"#{group[0].number}"
        if fold:
            spreads = {goal.metric: spread(group, goal) for goal in sweep.goals}
            row |= {
                f"goal.{goal.metric}": mean(trial.value(goal), spreads[goal.metric][1])
                for goal in sweep.goals
            }
            counting = [n for *_, n in spreads.values()] or [len(group)]
            row["repeats"] = f"{counting[0]}/{max(len(group), sweep.repeats)}"
        row |= {f"param.{name}": param(value) for name, value in trial.params.items()}
        row |= {f"metric.{name}": number(found.last) for name, found in trial.metrics.items()}
        rows.append(row)
    return rows


def _why(trial: Trial, sweep: Sweep) -> str:
    if trial.why_stopped is None:
        return ""
    step = last_step(trial, sweep.goals)
    return trial.why_stopped if step is None else f"at step {step}: {trial.why_stopped}"


def _sorted_by(trial: Trial, by: str) -> str:
    name, _, kind = by.rpartition(":")
    if by in trial.metrics:
        return number(trial.metrics[by].last)
    if name in trial.metrics:
        return number(trial.metrics[name].value(SummaryKind(kind)))
    return "-"


def _is_numeric(trials: Sequence[Trial], name: str) -> bool:
    values = [trial.params[name] for trial in trials if name in trial.params]
    return bool(values) and all(isinstance(value, int | float) for value in values)
