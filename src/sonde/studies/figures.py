"""Optuna's `visualization`: the same kinds of figures, drawn by sonde."""

import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonde.analysis.pictures import Picture
from sonde.errors import ConfigError
from sonde.studies.importances import evaluator_of
from sonde.studies.study import Study

__all__ = [
    "Figure",
    "is_available",
    "plot_contour",
    "plot_edf",
    "plot_intermediate_values",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_pareto_front",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]


class Figure(Picture):
    """A picture of sonde's, with the names that programs call on a figure of plotly's."""

    def show(self) -> None:
        """Open it in a browser; where there is none, print it in letters."""
        path = Path(tempfile.mkdtemp(prefix="sonde-figure-")) / f"{self.kind}.html"
        self.save(path)
        if not webbrowser.open(path.as_uri()):
            sys.stdout.write(f"{self}\n{path}\n")

    def write_html(self, file: str | Path) -> None:
        """Save it as a page of its own."""
        _suffixed(file, "html")
        self.save(file)

    def write_image(self, file: str | Path) -> None:
        """Save it as a PNG, PDF or SVG file, as the suffix says."""
        self.save(file)

    def write_json(self, file: str | Path) -> None:
        """Save the numbers behind it."""
        _suffixed(file, "json")
        self.save(file)

    def to_html(self) -> str:
        """Return it as a page of its own."""
        return self.render("html").decode()


def is_available() -> bool:
    """Tell whether figures can be drawn: always, if only in letters without matplotlib."""
    return True


def plot_optimization_history(
    study: Study | Sequence[Study],
    *,
    target: Any = None,
    target_name: str | None = None,
    error_bar: bool = False,
) -> Figure:
    """Return the results and the best so far, of one study or several."""
    if error_bar:
        raise ConfigError("error_bar=True", "there are no bars", "give the studies alone")
    return _drawn("history", study, metric=target)


def plot_intermediate_values(study: Study) -> Figure:
    """Return the curves of the trials."""
    return _drawn("curves", study)


def plot_param_importances(
    study: Study,
    evaluator: Any = None,
    params: Sequence[str] | None = None,
    *,
    target: Any = None,
    target_name: str | None = None,
) -> Figure:
    """Return how much each parameter explains."""
    return _drawn("importance", study, metric=target, method=evaluator_of(evaluator), params=params)


def plot_parallel_coordinate(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Any = None,
    target_name: str | None = None,
) -> Figure:
    """Return a line for each trial, across an axis for each parameter."""
    return _drawn("parallel", study, metric=target, params=params)


def plot_slice(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Any = None,
    target_name: str | None = None,
) -> Figure:
    """Return the results over each parameter."""
    return _drawn("slice", study, metric=target, params=params)


def plot_contour(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Any = None,
    target_name: str | None = None,
) -> Figure:
    """Return the results over two parameters, by default the two that matter most."""
    if params is not None and len(params) != 2:
        remedy = "name two; plot_rank shows all pairs"
        raise ConfigError(f"params={list(params)!r:.60}", "a contour has two parameters", remedy)
    return _drawn("contour", study, metric=target, params=params)


def plot_rank(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    target: Any = None,
    target_name: str | None = None,
) -> Figure:
    """Return the ranks of results over pairs of parameters."""
    return _drawn("rank", study, metric=target, params=params)


def plot_edf(
    study: Study | Sequence[Study], *, target: Any = None, target_name: str | None = None
) -> Figure:
    """Return which share of the results is as good as each value, of one study or several."""
    return _drawn("edf", study, metric=target)


def plot_timeline(study: Study, n_recent_trials: int | None = None) -> Figure:
    """Return when each trial ran."""
    return _drawn("timeline", study, points=n_recent_trials)


def plot_pareto_front(
    study: Study, *, target_names: Sequence[str] | None = None, targets: Any = None
) -> Figure:
    """Return the trials of several directions, and which of them no other one beats."""
    return _drawn("pareto", study, metric=targets)


def _drawn(
    kind: str,
    study: Study | Sequence[Study],
    *,
    metric: Any = None,
    params: Sequence[str] | None = None,
    **options: Any,
) -> Figure:
    if callable(metric):
        raise ConfigError(
            "target=...",
            "it is a function, and what is drawn is a metric",
            "name a number that the objective gives to trial.set_user_attr: target='seconds'",
        )
    studies = [study] if isinstance(study, Study) else list(study)
    first, *others = [one.sweep for one in studies]
    picture = first.plot(kind, *others, metric=metric, params=tuple(params or ()), **options)
    return Figure(picture.data)


def _suffixed(file: str | Path, suffix: str) -> None:
    if Path(file).suffix.lower() != f".{suffix}":
        raise ConfigError(f"{file}", "its suffix is another one", f"call it NAME.{suffix}")
