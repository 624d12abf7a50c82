"""The numbers behind figures, beside those that Optuna draws from the same trials."""

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.visualization._contour import _get_contour_info
from optuna.visualization._edf import _get_edf_info
from optuna.visualization._intermediate_values import _get_intermediate_plot_info
from optuna.visualization._optimization_history import _get_optimization_history_info_list
from optuna.visualization._parallel_coordinate import _get_parallel_coordinate_info
from optuna.visualization._pareto_front import _get_pareto_front_info
from optuna.visualization._rank import _get_rank_info
from optuna.visualization._slice import _get_slice_plot_info
from optuna.visualization._timeline import _get_timeline_info

from figured import GOALS, SPACE, draw, snapshot_of
from sonde.core.trial import State, Trial
from sonde.store.protocol import Curve
from trials import at, make

_STATES = {
    State.DONE: optuna.trial.TrialState.COMPLETE,
    State.FAILED: optuna.trial.TrialState.FAIL,
    State.RUNNING: optuna.trial.TrialState.RUNNING,
}
_DISTRIBUTIONS: dict[str, optuna.distributions.BaseDistribution] = {
    "lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
    "layers": optuna.distributions.IntDistribution(1, 8),
}


def _trials() -> list[Trial]:
    rng = np.random.default_rng(3)
    found = []
    for n in range(60):
        point = SPACE.at(rng.random(5).tolist())
        params = {name: point[name] for name in _DISTRIBUTIONS}
        values: dict[str, Any] = {
            "loss": round(float(rng.random()), 2),
            "speed": float(rng.integers(9)),
        }
        state = State.FAILED if n % 8 == 7 else State.DONE
        found.append(
            make(n, state, params, (n, n + 2), **({} if state is State.FAILED else values))
        )
    return found


def _study(trials: list[Trial], goals: int) -> optuna.Study:
    ways = [optuna.study.StudyDirection.MINIMIZE, optuna.study.StudyDirection.MAXIMIZE]
    study = optuna.create_study(directions=ways[:goals])
    for trial in trials:
        values = [trial.value(goal) for goal in GOALS[:goals]]
        frozen = optuna.trial.create_trial(
            state=_STATES[trial.state],
            params=dict(trial.params),
            distributions=_DISTRIBUTIONS,
            values=None if values[0] is None else values,  # type: ignore[arg-type]
        )
        frozen.datetime_start = trial.started
        frozen.datetime_complete = trial.finished
        study.add_trial(frozen)
    return study


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    return _trials()


@pytest.fixture(scope="module")
def study(trials: list[Trial]) -> optuna.Study:
    return _study(trials, 1)


def test_the_best_so_far_is_optunas(trials: list[Trial], study: optuna.Study) -> None:
    (theirs,) = _get_optimization_history_info_list(study, None, "loss", error_bar=False)
    assert theirs.best_values_info is not None
    (run,) = draw("history", snapshot_of(trials)).runs
    steps = dict(zip(run.best.trial.tolist(), run.best.value.tolist(), strict=True))
    best, ours = np.inf, []
    for number in theirs.trial_numbers:
        best = steps.get(number, best)
        ours.append(best)
    done = [
        value
        for value, trial in zip(theirs.best_values_info.values, trials, strict=True)
        if trial.state is State.DONE
    ]
    mine = [value for value, trial in zip(ours, trials, strict=True) if trial.state is State.DONE]
    assert mine == done


def test_the_edf_is_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = _get_edf_info(study)
    (run,) = draw("edf", snapshot_of(trials)).runs
    at_most = np.searchsorted(run.value, theirs.x_values, side="right")
    shares = np.concatenate([[0.0], run.share])[at_most]
    assert shares == pytest.approx(theirs.lines[0].y_values)


def test_the_front_is_optunas(trials: list[Trial]) -> None:
    theirs = _get_pareto_front_info(_study(trials, 2))
    data = draw("pareto", snapshot_of(trials))
    ours = data.points.trial[data.front].tolist()
    assert sorted(ours) == sorted(trial.number for trial, _ in theirs.best_trials_with_values)


def test_the_ranks_are_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = _get_rank_info(study, ["lr", "layers"], None, "loss")
    (plot,) = theirs.sub_plot_infos[0]
    colours = {tuple(c) for c in plot.colors.tolist()}
    assert len(colours) > 10
    data = draw("rank", snapshot_of(trials), params=("lr", "layers"))
    mine = data.rank.values[data.rank.has]
    # Where theirs has equal colours ours has equal ranks, and the other way round.
    assert len(np.unique(mine)) == len(np.unique(plot.zs))
    order = np.argsort(plot.zs, kind="stable")
    assert (np.diff(mine[order]) >= 0).all()


def test_the_timeline_is_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = _get_timeline_info(study, n_recent_trials=None)
    data = draw("timeline", snapshot_of(trials))
    assert [bar.number for bar in theirs.bars] == data.points.trial.tolist()
    for bar, start, end in zip(theirs.bars, data.bars.start, data.bars.end, strict=True):
        assert (bar.start, bar.complete) == (at(start), at(end))


def _done(data: Any, values: Any) -> list[Any]:
    """What a figure has of trials with a result: theirs leave out the others."""
    return [v for v, kept in zip(values.tolist(), data.points.result.tolist(), strict=True) if kept]


def test_the_slices_are_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = {
        plot.param_name: plot for plot in _get_slice_plot_info(study, None, None, "").subplots
    }
    data = draw("slice", snapshot_of(trials), params=("lr", "layers"))
    for column in data.columns:
        plot = theirs[column.axis.name]
        assert _done(data, column.values.values) == plot.x
        assert _done(data, data.points.value.values) == plot.y
        assert _done(data, data.points.trial) == plot.trial_numbers
        assert column.axis.log is plot.is_log


def test_the_points_of_a_contour_are_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = _get_contour_info(study, ["layers", "lr"]).sub_plot_infos[0][0]
    data = draw("contour", snapshot_of(trials), params=("layers", "lr"))
    for axis, values, plot in (
        (data.x, data.values[0], theirs.xaxis),
        (data.y, data.values[1], theirs.yaxis),
    ):
        assert axis.name == plot.name
        assert axis.log is plot.is_log
        assert _done(data, values.values) == plot.values


def test_the_parallel_lines_are_optunas(trials: list[Trial], study: optuna.Study) -> None:
    theirs = _get_parallel_coordinate_info(study)
    by_name = {dimension.label: dimension for dimension in theirs.dims_params}
    data = draw("parallel", snapshot_of(trials), params=("lr", "layers"))
    (goal,) = theirs.dims_objectives
    losses = _done(data, data.points.value.values)
    for column in data.columns:
        plot = by_name[column.axis.name]
        assert column.axis.log is plot.is_log
        mine = np.array(_done(data, column.values.values))
        found = np.log10(mine) if plot.is_log else mine
        ours = sorted(zip(losses, found.tolist(), strict=True))
        lines = sorted(zip(goal.values, plot.values, strict=True))
        assert np.array(ours) == pytest.approx(np.array(lines))


def test_the_curves_are_optunas() -> None:
    curves = {n: Curve([0, 1, 2], [3.0, 2.0, 1.0 + n], [0.0] * 3) for n in range(0, 10, 2)}
    trials = [make(n, params={}, loss=1.0 + n) for n in range(10)]
    study = optuna.create_study()
    for trial in trials:
        curve = curves.get(trial.number)
        steps = {} if curve is None else dict(zip(curve.steps, curve.values, strict=True))
        value = trial.value(GOALS[0])
        study.add_trial(optuna.trial.create_trial(value=value, intermediate_values=steps))
    theirs = _get_intermediate_plot_info(study).trial_infos
    (run,) = draw("curves", snapshot_of(trials), curves=curves).runs
    mine = [
        (int(number), list(zip(line.step.tolist(), line.value.tolist(), strict=True)))
        for number, line in zip(run.points.trial, run.lines, strict=True)
        if len(line.step)
    ]
    assert mine == [(one.trial_number, one.sorted_intermediate_values) for one in theirs]
