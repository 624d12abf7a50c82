"""The trials of a study as a pandas DataFrame, with Optuna's columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sonde.errors import ConfigError
from sonde.studies.frozen import FrozenTrial, TrialState

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "frame_of"]

COLUMNS = (
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params",
    "user_attrs",
    "system_attrs",
    "state",
)
"""Attributes of trials; what has several entries has a column for each."""


def frame_of(
    trials: Sequence[FrozenTrial],
    attrs: Sequence[str],
    metrics: Sequence[str] | None,
    directions: int,
    *,
    multi_index: bool = False,
) -> "pd.DataFrame":
    """Return a row for each trial.

    Args:
        attrs: Attributes of trials, such as `number` and `params`.
        metrics: What values are called; None: they have no names.
        directions: How many values a trial has.
        multi_index: Columns as pairs, `("params", "x")` in place of `params_x`.

    Raises:
        ConfigError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ConfigError(
            "trials_dataframe", "pandas is not installed", "pip install pandas, or use `trials`"
        ) from error
    # As Optuna does: a study of several directions has `values` where one has `value`.
    names = ["values" if name == "value" and directions > 1 else name for name in attrs]
    rows = [
        {pair: value for name in names for pair, value in _cells(trial, name, metrics, directions)}
        for trial in trials
    ]
    columns: list[tuple[str, str]] = []
    for name in names:
        found = {pair for row in rows for pair in row if pair[0] == name}
        if name == "values" and metrics is not None:
            columns += [pair for metric in metrics if (pair := (name, metric)) in found]
        else:
            columns += sorted(found)
    frame = pd.DataFrame(
        [[row.get(pair) for pair in columns] for row in rows],
        columns=pd.MultiIndex.from_tuples(columns) if columns else None,
    )
    if not multi_index and columns:
        frame.columns = pd.Index(["_".join(part for part in pair if part) for pair in columns])
    return frame


def _cells(
    trial: FrozenTrial, name: str, metrics: Sequence[str] | None, directions: int
) -> list[tuple[tuple[str, str], Any]]:
    value = getattr(trial, name)
    if isinstance(value, TrialState):
        return [((name, ""), value.name)]
    if name == "values":
        found = value or [None] * directions
        labels = metrics or [str(place) for place in range(directions)]
        return [((name, label), each) for label, each in zip(labels, found, strict=True)]
    if isinstance(value, Mapping):
        return [((name, str(key)), each) for key, each in value.items()]
    label = metrics[0] if name == "value" and metrics else ""
    return [((name, label), value)]
