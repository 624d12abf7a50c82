"""Defaults of a metric."""

from copy import deepcopy
from typing import Any


def fill_validate_metric(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy whose metric has a goal, the default one where it has none that is known."""
    config = deepcopy(config)
    metric = config.get("metric")
    if metric is None:
        return config
    if not isinstance(metric, dict):
        raise ValueError("a metric is a dict")  # noqa: TRY004 - as there
    if metric.get("goal") not in {"minimize", "maximize"}:
        metric["goal"] = "minimize"
    if metric.get("impute") not in {"worst", "best", "latest"}:
        metric["impute"] = "worst"
    return config
