"""The table that is exported: which columns, which trials, in which order.

A column is called what people call it: `lr`, `loss`, `state`. Where a parameter or a metric is
called like one of the trial's own columns, or like each other, the keys of the dashboard tell
them apart: `p.NAME` is a parameter, `m.NAME` a metric.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from sonde.analysis.rows import feasible, last_step, took
from sonde.core.metric import SummaryKind
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial, is_cut_short
from sonde.errors import ConfigError

__all__ = ["MISSING", "Field", "Table", "columns_of", "table_of"]

MISSING: Any = None
"""What stands where there is no value. A parameter's own None stands as None, too."""
Role = Literal["trial", "param", "metric"]
_STATES = ("running", "waiting", "paused", "done", "stopped", "failed", "cancelled")
_DISCARDED = {State.FAILED, State.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column.

    Attributes:
        key: As the dashboard has it, unique: `p.lr`, `m.loss`, `state`.
        name: Its heading, unique too.
        read: Its value in a trial; None where it is missing.
    """

    key: str
    name: str
    role: Role
    read: Callable[[Trial], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns with their values.

    Attributes:
        fields: The columns.
        rows: A tuple for each trial, a value for each column.
    """

    fields: tuple[Field, ...]
    rows: Sequence[tuple[Any, ...]]


def columns_of(sweep: Sweep, trials: Sequence[Trial]) -> list[Field]:
    """Return all columns there are, in the order of the dashboard's table."""
    goals = {goal.metric: goal.summary for goal in reversed(sweep.goals)}
    kinds = {bound.metric: bound.summary for bound in sweep.constraints} | goals
    metrics = dict.fromkeys(sweep.wanted)
    for trial in trials:
        if trial.metrics.keys() - metrics.keys():
            metrics |= dict.fromkeys(trial.metrics)
    ours = dict(_OWN)
    if not sweep.constraints:
        del ours["feasible"]
    if not sweep.stopping:
        del ours["short"]
    params = dict.fromkeys(parameter.name for parameter in sweep.space.parameters)
    if sweep.version > 1:  # those that an edit took out, too
        params |= dict.fromkeys(name for trial in trials for name in trial.params)
    taken = {_NAMES.get(key, key) for key in ours}
    found = [
        Field(
            key=f"m.{name}",
            name=_free(name, "m.", taken),
            role="metric",
            read=_metric(name, kinds.get(name, SummaryKind.LAST)),
        )
        for name in metrics
    ]
    parameters = [
        Field(key=f"p.{name}", name=_free(name, "p.", taken), role="param", read=_param(name))
        for name in params
    ]
    wanted = len(sweep.wanted)
    own = {
        key: Field(key=key, name=_NAMES.get(key, key), role="trial", read=_of(sweep, read))
        for key, read in ours.items()
    }
    first = [own.pop(key) for key in ("number", "state")]
    return [*first, *found[:wanted], *parameters, *found[wanted:], *own.values()]


def table_of(
    sweep: Sweep,
    trials: Sequence[Trial],
    rows: Sequence[int],
    *,
    columns: Sequence[str] = (),
    sort: str = "",
) -> Table:
    """Return a table.

    Args:
        sweep: The definition.
        trials: All trials, by number.
        rows: Which of them, ascending.
        columns: Names or keys of columns, in order; none: all.
        sort: Name or key of a column, `-` before it for descending; none: by number.

    Raises:
        ConfigError: If there is no such column.
    """
    known = columns_of(sweep, trials)
    fields = tuple(_named(known, name, "columns") for name in columns) or tuple(known)
    chosen = [trials[row] for row in rows]
    if sort:
        chosen = _ordered(chosen, sweep, _named(known, sort.removeprefix("-"), "sort"), sort[0])
    reads = [field.read for field in fields]
    return Table(fields=fields, rows=[tuple(read(trial) for read in reads) for trial in chosen])


def _free(name: str, prefix: str, taken: set[str]) -> str:
    """Return a heading that no column has yet, and take it."""
    while name in taken:
        name = prefix + name
    taken.add(name)
    return name


def _named(known: Sequence[Field], name: str, where: str) -> Field:
    for field in known:
        if name in {field.key, field.name}:
            return field
    near = get_close_matches(name, [field.name for field in known], n=1)
    names = ", ".join(field.name for field in known)
    remedy = f"did you mean {near[0]}?" if near else f"there is: {names}"
    raise ConfigError(f"{where} {name}", "nothing is called so", remedy)


def _ordered(trials: Sequence[Trial], sweep: Sweep, by: Field, sign: str) -> list[Trial]:
    """Sort as the dashboard does: what cannot be compared comes last in both directions."""
    is_goal = by.role == "metric" and by.key[2:] in {goal.metric for goal in sweep.goals}
    groups: list[list[tuple[Any, Trial]]] = [[] for _ in range(5)]
    for trial in trials:
        value = by.read(trial)
        if value is MISSING:
            group = 4
        elif by.role == "metric" and trial.state in _DISCARDED:
            group = 3
        elif isinstance(value, float) and math.isnan(value):
            group = 2
        else:
            group = 1 if is_goal and is_cut_short(trial, sweep.goals) else 0
        groups[group].append((_comparable(by.key, value), trial))
    for pairs in groups[:2]:
        pairs.sort(key=lambda pair: pair[0], reverse=sign == "-")
    return [trial for pairs in groups for _, trial in pairs]


def _comparable(key: str, value: Any) -> tuple[int, float, str]:
    """Numbers before text; states by how far a trial is."""
    if key == "state":
        return 0, _STATES.index(value), ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, value, ""
    if hasattr(value, "timestamp"):
        return 0, value.timestamp(), ""
    return 1, 0.0, str(value)


def _metric(name: str, kind: SummaryKind) -> Callable[[Trial], Any]:
    return lambda trial: trial.metrics[name].value(kind) if name in trial.metrics else MISSING


def _param(name: str) -> Callable[[Trial], Any]:
    return lambda trial: trial.params.get(name, MISSING)


def _of(sweep: Sweep, read: Callable[[Sweep, Trial], Any]) -> Callable[[Trial], Any]:
    return lambda trial: read(sweep, trial)


_NAMES = {"duration": "duration_s", "short": "cut_short"}
_OWN: Mapping[str, Callable[[Sweep, Trial], Any]] = {
    "number": lambda _, trial: trial.number,
    "state": lambda _, trial: trial.state.value,
    "duration": lambda _, trial: took(trial),
    "step": lambda sweep, trial: last_step(trial, sweep.goals),
    "started": lambda _, trial: trial.started,
    "finished": lambda _, trial: trial.finished,
    "feasible": lambda sweep, trial: feasible(trial, sweep),
    "short": lambda sweep, trial: is_cut_short(trial, sweep.goals),
    "agent": lambda _, trial: trial.agent,
    "origin": lambda _, trial: trial.origin,
    "error": lambda _, trial: trial.error,
    "attempts": lambda _, trial: trial.attempts,
}
