"""Sweeps as directories for TensorBoard."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sonde import Float, Int
from sonde.core.distributions import Choice, Distribution
from sonde.core.metric import Goal, Summary
from sonde.core.notation.short import parse_short
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.tensorboard.export import Export, domain_of
from sonde.tensorboard.hparams.messages import FAILURE, SUCCESS, UNKNOWN
from sonde.tensorboard.logdir import Logdir, Session
from tensorboard_server import tensorboard

START = datetime(2026, 1, 1, tzinfo=UTC)
SWEEP = Sweep(
    space=space_of(
        {"lr": Float(1e-5, 1e-1, log=True), "units": Int(8, 512), "opt": ["adam", "sgd", None]}
    ),
    goals=(Goal(metric="loss"),),
)


@dataclass(frozen=True)
class Points:
    values: Sequence[float]

    @property
    def steps(self) -> Sequence[int]:
        return range(len(self.values))

    @property
    def times(self) -> Sequence[float]:
        return [START.timestamp() + step for step in self.steps]


def trial(number: int, state: State = State.DONE, **params: Any) -> Trial:
    given = {"lr": 0.01, "units": 64, "opt": "adam"} | params
    ended = state not in {State.WAITING, State.RUNNING}
    return Trial(
        number=number,
        state=state,
        params=given,
        metrics={"loss": Summary.of([(0, 1.0)])},
        created=START,
        started=None if state is State.WAITING else START,
        finished=START if ended else None,
    )


def export(root: Path) -> Export:
    return Export(root, SWEEP, "abcdefgh", "digits")


def sessions(root: Path) -> dict[str, Session]:
    logdir = Logdir(root)
    assert logdir.read()
    return {one.path: one for one in logdir.sessions()}


def curves(**values: Sequence[float]) -> Mapping[int, Mapping[str, Points]]:
    return {0: {name: Points(points) for name, points in values.items()}}


def test_a_trial_has_its_values_its_curves_and_how_it_ended(tmp_path: Path) -> None:
    trials = [
        trial(0, lr=0.1),
        trial(1, State.FAILED),
        trial(2, State.STOPPED, opt=None),
        trial(3, State.RUNNING, units=8),
        trial(4, State.WAITING),
    ]
    export(tmp_path).update(trials, curves(loss=[0.5, math.nan, 0.25]))
    found = sessions(tmp_path)
    assert list(found) == ["00000", "00001", "00002", "00003"]
    assert found["00000"].hparams == {"lr": 0.1, "units": 64.0, "opt": "adam"}
    assert found["00002"].hparams["opt"] == "None"
    assert [one.status for one in found.values()] == [SUCCESS, FAILURE, SUCCESS, UNKNOWN]
    assert found["00000"].metrics["loss", ""].last == 0.25
    assert found["00000"].metrics["loss", ""].count == 3
    assert found["00000"].started == START.timestamp()


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    first = export(tmp_path)
    first.update([trial(0, State.RUNNING)], curves(loss=[0.5]))
    first.update([trial(0, State.RUNNING)], curves(loss=[0.5, 0.4]))
    again = export(tmp_path)
    again.update([trial(0)], curves(loss=[0.5, 0.4, 0.3], accuracy=[0.9]))
    (file,) = (tmp_path / "00000").iterdir()
    written = file.read_bytes()
    export(tmp_path).update([trial(0)], curves(loss=[0.5, 0.4, 0.3], accuracy=[0.9]))
    assert file.read_bytes() == written
    (one,) = sessions(tmp_path).values()
    assert one.metrics["loss", ""].count == 3
    assert one.metrics["accuracy", ""].count == 1
    assert one.status == SUCCESS


def test_a_trial_that_began_again_is_written_anew(tmp_path: Path) -> None:
    one = export(tmp_path)
    one.update([trial(0, State.RUNNING)], curves(loss=[0.5, 0.4, 0.3]))
    one.update([trial(0)], curves(loss=[0.7, 0.6]))
    (found,) = sessions(tmp_path).values()
    assert (found.metrics["loss", ""].count, found.metrics["loss", ""].max) == (2, 0.7)
    assert len(list((tmp_path / "00000").iterdir())) == 1


def test_what_a_crash_cut_off_is_written_whole(tmp_path: Path) -> None:
    export(tmp_path).update([trial(0, State.RUNNING)], curves(loss=[0.5, 0.4]))
    (file,) = (tmp_path / "00000").iterdir()
    with file.open("r+b") as half:
        half.truncate(file.stat().st_size - 3)
    export(tmp_path).update([trial(0)], curves(loss=[0.5, 0.4]))
    (found,) = sessions(tmp_path).values()
    assert (found.metrics["loss", ""].count, found.status) == (2, SUCCESS)


def test_repeats_are_one_group(tmp_path: Path) -> None:
    export(tmp_path).update([trial(0), trial(1, lr=0.1), trial(2)], {})
    assert [one.group for one in sessions(tmp_path).values()] == ["trial 0", "trial 1", "trial 0"]


def test_a_metric_that_comes_later_is_described_too(tmp_path: Path) -> None:
    one = export(tmp_path)
    one.update([trial(0)], {})
    late = replace(trial(1), metrics={"accuracy": Summary.of([(0, 0.9)])})
    one.update([late], {})
    logdir = Logdir(tmp_path)
    logdir.read()
    assert logdir.experiment is not None
    assert [metric.tag for metric in logdir.experiment.metrics] == ["loss", "accuracy"]
    assert logdir.experiment.name == "digits"


@pytest.mark.parametrize(
    ("distribution", "domain"),
    [
        (Choice(("b", "a")), "Discrete(['a', 'b'])"),
        (Choice((True, False)), "Discrete([False, True])"),
        (Choice((1, 2.5)), "Discrete([1.0, 2.5])"),
        (Choice((1, "a", None)), "Discrete(['1', 'None', 'a'])"),
        (Int(1, 3), "Discrete([1, 2, 3])"),
        (Int(1, 1000, log=True), "IntInterval(1, 1000)"),
        (Float(0, 1), "RealInterval(0.0, 1.0)"),
        (Float(0, 1, step=0.5), "Discrete([0.0, 0.5, 1.0])"),
        (parse_short("x=uniform(0, 2)", flag="x").distribution, "RealInterval(0.0, 2.0)"),
    ],
)
def test_domains_are_what_tensorboard_has_for_them(distribution: Distribution, domain: str) -> None:
    assert repr(domain_of(distribution)) == domain


def test_tensorboard_shows_every_trial(tmp_path: Path) -> None:
    trials = [trial(0), trial(1, State.FAILED, lr=0.1), trial(2, units=8), trial(3)]
    some = {number: {"loss": Points([1.0, 0.5 + number])} for number in (0, 2, 3)}
    export(tmp_path).update(trials, some)
    with tensorboard(tmp_path, groups=3) as board:
        answer = board.experiment()
        rows = {row["name"]: row for row in board.groups()}
        failed = board.groups(allowedStatuses=["STATUS_FAILURE"])
        evals = board.evals("00002", "loss")
    infos = {info["name"]: info for info in answer["hparamInfos"]}
    assert infos["lr"]["domainInterval"] == {"minValue": 1e-5, "maxValue": 0.1}
    assert infos["units"]["domainInterval"] == {"minValue": 8.0, "maxValue": 512.0}
    assert infos["opt"]["domainDiscrete"] == ["None", "adam", "sgd"]
    assert infos["lr"]["description"] == "1e-05..0.1 log"
    (metric,) = answer["metricInfos"]
    assert metric["name"]["tag"] == "loss"
    assert metric["description"] == "goal: min of the last loss"
    assert set(rows) == {"trial 0", "trial 1", "trial 2"}
    assert [one["name"] for one in rows["trial 0"]["sessions"]] == ["00000", "00003"]
    assert rows["trial 0"]["metricValues"][0]["value"] == 2.0  # the mean of 0.5 and 3.5
    assert rows["trial 1"]["metricValues"] == []
    assert [row["name"] for row in failed] == ["trial 1"]
    assert [(step, value) for _, step, value in evals] == [(0, 1.0), (1, 2.5)]
