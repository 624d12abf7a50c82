"""The trials of a sweep as a table: for pandas, and for a notebook's page."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from sonde.api.trial import Trial
from sonde.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "html_of", "rows_of"]

_BOUNDS = "feasible"  # where there are constraints
_FIRST, _LAST = ("number", "state"), ("started", "finished", "seconds", "attempts", "error")
_SHOWN = 20


def rows_of(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return a row for each trial, all with the same columns.

    They are `number` and `state`, `feasible` where there are constraints, the parameters, the
    metrics (the number of the goal for goals, the last value for others), `started`,
    `finished`, `seconds`, `attempts`, `error`.
    A parameter that is called like one of these becomes `param.NAME`, a metric that is called
    like a parameter or one of these `metric.NAME`.
    """
    params = dict.fromkeys(name for trial in trials for name in trial.params)
    metrics = dict.fromkeys(name for trial in trials for name in trial.metrics)
    first = [*_FIRST, _BOUNDS] if any(trial.constraints for trial in trials) else _FIRST
    ours = {*first, *_LAST}
    as_param = {name: f"param.{name}" if name in ours else name for name in params}
    taken = {*ours, *as_param.values()}
    as_metric = {name: f"metric.{name}" if name in taken else name for name in metrics}
    rows = []
    for trial in trials:
        row: dict[str, Any] = {name: getattr(trial, name) for name in first}
        row |= {column: trial.params.get(name) for name, column in as_param.items()}
        values = trial.metrics | dict(
            zip((goal.metric for goal in trial.goals), trial.values, strict=True)
        )
        row |= {column: values.get(name) for name, column in as_metric.items()}
        rows.append(row | {name: getattr(trial, name) for name in _LAST})
    return rows


def frame_of(trials: Sequence[Trial]) -> "pd.DataFrame":
    """Return a pandas DataFrame of `rows_of`.

    Raises:
        ConfigError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ConfigError(
            "Sweep.frame", "pandas is not installed", "pip install pandas, or use Sweep.trials"
        ) from error
    rows = rows_of(trials)
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else [*_FIRST, *_LAST])


def html_of(title: str, trials: Sequence[Trial]) -> str:
    """Return a table of the first trials that are given, for a notebook."""
    rows = rows_of(trials[:_SHOWN])
    left = {"started", "finished", "attempts"}
    columns = [c for c in (rows[0] if rows else ()) if c not in left]
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_text(row[c]))}</td>" for c in columns) + "</tr>"
        for row in rows
    )
    more = len(trials) - len(rows)
    rest = f"<p>and {more} more</p>" if more > 0 else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<p>{escape(title)}</p>{table}{rest}"


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
