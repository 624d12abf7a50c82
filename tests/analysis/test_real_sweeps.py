"""Figures and exports of sweeps that agents ran: failed, stopped, running, under conditions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from real_sweeps import RealSweeps
from sonde.analysis.exports import FORMATS, export, table_of
from sonde.analysis.figures import KINDS, Asked, json_of
from sonde.analysis.figures.stored import figure_from
from sonde.analysis.pictures import text_of
from sonde.store.protocol import SweepRecord


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSweeps]:
    found = RealSweeps(tmp_path_factory.mktemp("real"))
    yield found
    found.close()


def seen(sweeps: RealSweeps, record: SweepRecord, kind: str, **asked: Any) -> Any:
    found = Asked(kind=kind, **asked)
    return figure_from(sweeps.lab.store, [record.name], found, datetime.now(UTC))


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_of_every_sweep_can_be_seen(sweeps: RealSweeps, kind: str) -> None:
    for record in (sweeps.mixed, sweeps.two, sweeps.live):
        goals = [goal.metric for goal in record.sweep.goals]
        params = [parameter.name for parameter in record.sweep.space.dimensions]
        if (kind == "pareto" and len(goals) < 2) or (kind == "contour" and len(params) < 2):
            continue
        figure = seen(sweeps, record, kind)
        json.dumps(json_of(figure), allow_nan=False)
        assert record.name in text_of(figure)


def test_a_parameter_under_a_condition_is_missing_where_it_does_not_exist(
    sweeps: RealSweeps,
) -> None:
    data = seen(sweeps, sweeps.mixed, "slice")
    momentum = next(one for one in data.columns if one.axis.name == "momentum")
    trials = sweeps.lab.trials(sweeps.mixed)
    assert momentum.missing == sum("momentum" not in trial.params for trial in trials) > 0
    assert momentum.values.has.tolist() == ["momentum" in trial.params for trial in trials]
    assert {"failed", "stopped", "done"} <= set(data.points.state)


def test_stopped_trials_have_their_curves_and_running_ones_theirs(sweeps: RealSweeps) -> None:
    (mixed,) = seen(sweeps, sweeps.mixed, "curves").runs
    lengths = [len(line.step) for line in mixed.lines]
    assert len(lengths) == len(mixed.points.trial)
    assert max(lengths) == 3
    (live,) = seen(sweeps, sweeps.live, "curves").runs
    assert (live.points.state, live.points.omitted) == (("running",), {"waiting": 1})
    assert live.lines[0].reports == 20


def test_the_front_of_two_goals_leaves_out_what_diverged(sweeps: RealSweeps) -> None:
    data = seen(sweeps, sweeps.two, "pareto")
    assert data.points.trial[data.front].tolist() == [0, 1, 2]
    assert json_of(data)["values"][0] == [0.5, 0.3, 0.2, "NaN", "Infinity"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_sweep_can_be_exported(sweeps: RealSweeps, form: str) -> None:
    for record in (sweeps.mixed, sweeps.two, sweeps.live):
        trials = sweeps.lab.trials(record)
        assert export(table_of(record.sweep, trials, range(len(trials))), form)
