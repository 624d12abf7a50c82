"""Optuna's figures by name: which kind of sonde's each is, and how programs save it."""

import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sonde.optuna as optuna
from sonde.errors import ConfigError
from sonde.optuna import visualization
from sonde.store.memory import MemoryStore


@pytest.fixture(scope="module")
def study() -> Any:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 1e-4, 1, log=True)
        for step in range(3):
            trial.report(x + y / (step + 1), step)
        return x + y

    store = MemoryStore()
    study = optuna.create_study(
        storage=store, sampler=optuna.samplers.RandomSampler(seed=0), pruner="median"
    )
    study.optimize(objective, n_trials=12)
    return study


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (visualization.plot_optimization_history, "history"),
        (visualization.plot_intermediate_values, "curves"),
        (visualization.plot_param_importances, "importance"),
        (visualization.plot_parallel_coordinate, "parallel"),
        (visualization.plot_slice, "slice"),
        (visualization.plot_contour, "contour"),
        (visualization.plot_rank, "rank"),
        (visualization.plot_edf, "edf"),
        (visualization.plot_timeline, "timeline"),
    ],
)
def test_a_figure_is_sonde_s_of_its_kind(study: Any, draw: Callable[[Any], Any], kind: str) -> None:
    figure = draw(study)
    assert figure.kind == kind
    assert figure.to_json() == study.sweep.plot(kind).to_json() | (
        {"now": figure.to_json()["now"]} if "now" in figure.to_json() else {}
    )


def test_figures_are_saved_and_shown_as_programs_do(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = visualization.plot_slice(study, params=["y"])
    figure.write_html(tmp_path / "f.html")
    figure.write_image(tmp_path / "f.svg")
    figure.write_json(tmp_path / "f.json")
    assert (tmp_path / "f.html").read_text().startswith("<!doctype html>")
    assert "<svg" in (tmp_path / "f.svg").read_text()
    assert figure.to_html().startswith("<!doctype html>")
    with pytest.raises(ConfigError, match=r"call it NAME\.html"):
        figure.write_html(tmp_path / "f.txt")
    monkeypatch.setenv("BROWSER", "true")
    webbrowser.register("true", None, webbrowser.GenericBrowser("true"), preferred=True)
    figure.show()
    assert capsys.readouterr().out == ""


def test_several_studies_are_drawn_together(study: Any) -> None:
    other = optuna.create_study(storage=study.store)
    other.optimize(lambda trial: float(trial.suggest_float("x", 0, 1)), n_trials=3)
    figure = visualization.plot_optimization_history([study, other])
    assert study.study_name in str(figure.to_json())
    assert other.study_name in str(figure.to_json())


def test_what_a_function_would_draw_is_a_metric(study: Any) -> None:
    with pytest.raises(ConfigError, match="name a number that the objective gives"):
        visualization.plot_slice(study, target=lambda trial: trial.params["x"])
    with pytest.raises(ConfigError, match="a contour has two parameters"):
        visualization.plot_contour(study, params=["x"])
