"""The numbers behind figures, beside those that Optuna draws from the same trials."""

from typing import Any

import numpy as np
import optuna
import pytest
from optuna.visualization._edf import _get_edf_info
from optuna.visualization._optimization_history import _get_optimization_history_info_list
from optuna.visualization._pareto_front import _get_pareto_front_info
from optuna.visualization._rank import _get_rank_info
from optuna.visualization._timeline import _get_timeline_info

from figured import GOALS, SPACE, draw, snapshot_of
from sonde.core.trial import State, Trial
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
