"""Directories of event files as sweeps in a store."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sonde import Float, Int
from sonde.core.distributions import Choice, Constant
from sonde.core.metric import Direction, Goal
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.importing import LogdirImport
from sonde.store import open_store
from sonde.store.protocol import Store
from sonde.tensorboard import hparams as hp
from sonde.tensorboard import summary
from sonde.tensorboard.hparams.messages import FAILURE, RUNNING, SUCCESS, encode_end

LATER = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with_path = open_store(str(tmp_path / "store.db"))
    yield with_path
    with_path.close()


def now() -> datetime:
    return datetime.now(UTC)


def written(
    root: Path, name: str, curve: Sequence[float], status: int | None = SUCCESS, **values: Any
) -> summary.FileWriter:
    writer = summary.create_file_writer(root / name)
    with writer.as_default():
        if values:
            hp.hparams(values, start_time_secs=1000.0)
        for step, value in enumerate(curve):
            summary.scalar("loss", value, step)
    if status is not None:
        writer.write_summary(encode_end(status, 1060.0))
    return writer


def trials(store: Store, sweep: str) -> Sequence[Trial]:
    return store.changes(store.find_sweep(sweep).id).trials


def test_a_session_becomes_a_trial_with_values_curve_times_and_state(
    tmp_path: Path, store: Store
) -> None:
    logs = tmp_path / "logs"
    written(logs, "a", [3.0, 1.0, 2.0], lr=0.1, units=16, opt="adam")
    written(logs, "b", [4.0], FAILURE, lr=0.2, units=32, opt="sgd")
    result = LogdirImport(store, logs).update(now())
    assert (result.added, result.ended, result.running, result.points) == (2, 2, 0, 4)
    first, second = trials(store, "logs")
    assert first.params == {"lr": 0.1, "units": 16, "opt": "adam"}
    assert type(first.params["units"]) is int
    assert (first.state, second.state) == (State.DONE, State.FAILED)
    assert first.started == datetime.fromtimestamp(1000, UTC)
    assert first.finished == datetime.fromtimestamp(1060, UTC)
    curve = store.curves(result.record.id)[0]["loss"]
    assert (list(curve.steps), list(curve.values)) == ([0, 1, 2], [3.0, 1.0, 2.0])
    assert result.record.state == "done"


def test_the_space_is_what_was_declared_else_what_occurs(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    declared = [
        hp.HParam("lr", hp.RealInterval(0.0, 1.0)),
        hp.HParam("units", hp.IntInterval(8, 64)),
        hp.HParam("opt", hp.Discrete(["adam", "sgd"])),
    ]
    with summary.create_file_writer(logs).as_default():
        hp.hparams_config(declared, [hp.Metric("accuracy"), hp.Metric("loss")])
    written(logs, "a", [1.0], lr=0.1, units=16, opt="adam", free=1.5, flag=True)
    written(logs, "b", [1.0], lr=0.1, units=16, opt="adam", free=0.5, late=7)
    record = LogdirImport(store, logs).update(now()).record
    found = {p.name: p.distribution for p in record.sweep.space.parameters}
    assert found == {
        "lr": Float(0.0, 1.0),
        "units": Int(8, 64),
        "opt": Choice(("adam", "sgd")),
        "free": Float(0.5, 1.5),
        "flag": Constant(True),
        "late": Constant(7),
    }
    assert record.sweep.goals == (Goal(metric="loss"),)  # no session has an accuracy
    assert "late" not in trials(store, "logs")[0].params


def test_importing_again_adds_only_what_is_new(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    written(logs, "a", [1.0, 2.0], lr=0.1)
    LogdirImport(store, logs).update(now())
    written(logs, "0-before-a", [5.0], lr=0.3)
    result = LogdirImport(store, logs).update(now())
    assert (result.added, result.points) == (1, 1)
    assert [trial.params["lr"] for trial in trials(store, "logs")] == [0.1, 0.3]
    assert LogdirImport(store, logs).update(now()).added == 0
    assert len(store.list_sweeps()) == 1


@pytest.mark.parametrize("status", [None, RUNNING])
def test_what_is_still_written_is_gone_on_with(
    tmp_path: Path, store: Store, status: int | None
) -> None:
    logs = tmp_path / "logs"
    writer = written(logs, "a", [3.0, 2.0], status, lr=0.1)
    first = LogdirImport(store, logs).update(now())
    assert (first.running, first.points, first.record.state) == (1, 2, "running")
    writer.scalar("loss", 1.0, 2)
    with summary.create_file_writer(logs / "a" / "validation").as_default():
        summary.scalar("loss", 7.0, 0)
    writer.write_summary(encode_end(SUCCESS, 1060.0))
    second = LogdirImport(store, logs).update(now())
    assert (second.added, second.ended, second.running, second.points) == (0, 1, 0, 2)
    (trial,) = trials(store, "logs")
    assert trial.metrics["loss"].count == 3
    assert trial.metrics["val_loss"].last == 7.0
    assert second.record.state == "done"


def test_silence_ends_a_session_of_which_nobody_says_how_it_stands(
    tmp_path: Path, store: Store
) -> None:
    logs = tmp_path / "logs"
    written(logs, "a", [1.0], None, lr=0.1)
    source = LogdirImport(store, logs)
    assert source.update(now()).running == 1
    assert source.update(now() + LATER).running == 0
    assert trials(store, "logs")[0].state is State.DONE


def test_sessions_may_lie_years_apart(tmp_path: Path, store: Store) -> None:
    for number in range(3):
        with summary.create_file_writer(tmp_path / "logs" / str(number)).as_default():
            hp.hparams({"lr": 0.1}, start_time_secs=1e9 + number * 1e8)
            summary.scalar("loss", 1.0, 0)
    result = LogdirImport(store, tmp_path / "logs").update(now() + LATER)
    assert (result.added, result.ended) == (3, 3)
    assert {trial.attempts for trial in trials(store, "logs")} == {1}


def test_a_long_import_says_how_far_it_is(tmp_path: Path, store: Store) -> None:
    for number in range(3):
        written(tmp_path / "logs", str(number), [1.0])
    said: list[tuple[int, int]] = []
    LogdirImport(store, tmp_path / "logs").update(now(), lambda *far: said.append(far))
    assert said == [(0, 3), (1, 3), (2, 3)]


def test_a_logdir_without_hyperparameters_is_a_sweep_of_its_runs(
    tmp_path: Path, store: Store
) -> None:
    logs = tmp_path / "logs"
    for name in ("one", "two"):
        for part in ("train", "validation"):
            written(logs, f"{name}/{part}", [0.5, 0.25], None)
    record = LogdirImport(store, logs).update(now() + LATER).record
    assert record.sweep.goals == (Goal(metric="val_loss", direction=Direction.MINIMIZE),)
    assert [set(trial.metrics) for trial in trials(store, "logs")] == [{"loss", "val_loss"}] * 2
    assert [trial.facts["session"] for trial in trials(store, "logs")] == ["one", "two"]


def test_names_that_no_parameter_may_have_are_made_plain(tmp_path: Path, store: Store) -> None:
    odd: dict[str, Any] = {"optim/lr": 0.1, "2nd layer": 3}
    written(tmp_path / "logs", "a", [1.0], **odd)
    record = LogdirImport(store, tmp_path / "logs", name="named").update(now()).record
    assert record.name == "named"
    assert trials(store, "named")[0].params == {"optim_lr": 0.1, "_2nd_layer": 3}


def test_what_is_no_logdir_is_refused_and_no_sweep_is_made(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ConfigError, match="no directory"):
        LogdirImport(store, tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="--logdir"):
        LogdirImport(store, tmp_path / "empty").update(now())
    assert not store.list_sweeps()


def test_later_parameters_and_wider_ranges_of_a_growing_directory_enter_the_space(
    tmp_path: Path, store: Store
) -> None:
    logs = tmp_path / "logs"
    written(logs, "a", [3.0], lr=0.1, units=16.0, opt="adam")
    written(logs, "b", [2.0], lr=0.2, units=32.0, opt="adam")
    source = LogdirImport(store, logs)
    first = source.update(now()).record
    assert first.sweep.space["lr"].distribution == Float(0.1, 0.2)
    written(logs, "c", [1.0], lr=0.7, units=8.5, opt="sgd", beta=0.9)
    grown = source.update(now()).record
    space = grown.sweep.space
    names = [p.name for p in space.parameters]
    assert (sorted(names[:3]), names[3:]) == (["lr", "opt", "units"], ["beta"])
    assert space["lr"].distribution == Float(0.1, 0.7)
    assert space["units"].distribution == Float(8.5, 32.0)
    assert space["opt"].distribution == Choice(("adam", "sgd"))
    assert space["beta"].distribution == Constant(0.9)
    assert [dict(t.params) for t in trials(store, "logs")] == [
        {"lr": 0.1, "units": 16, "opt": "adam"},
        {"lr": 0.2, "units": 32, "opt": "adam"},
        {"lr": 0.7, "units": 8.5, "opt": "sgd", "beta": 0.9},
    ]
    versions = store.versions(grown.id)
    assert [(v.number, v.first, v.why) for v in versions] == [
        (1, 0, ""), (2, 2, "its directory has grown"),
    ]  # fmt: skip
    again = LogdirImport(store, logs).update(now()).record
    assert (again.sweep.version, again.sweep.space) == (2, space)


def test_nothing_of_a_space_is_lost_when_sessions_are_deleted(tmp_path: Path, store: Store) -> None:
    logs = tmp_path / "logs"
    written(logs, "a", [3.0], lr=0.1, opt="adam")
    written(logs, "b", [2.0], lr=0.9, opt="sgd")
    before = LogdirImport(store, logs).update(now()).record.sweep
    shutil.rmtree(logs / "b")
    assert LogdirImport(store, logs).update(now()).record.sweep == before


@pytest.mark.parametrize("is_anew", [False, True])
def test_hyperparameters_that_are_written_after_the_curve_are_those_of_the_trial(
    tmp_path: Path, store: Store, is_anew: bool
) -> None:
    logs = tmp_path / "logs"
    writer = written(logs, "a", [3.0, 1.0], status=None)
    source = LogdirImport(store, logs)
    assert source.update(now()).running == 1
    with writer.as_default():
        hp.hparams({"lr": 0.5}, start_time_secs=1000.0)
        summary.scalar("loss", 0.5, 2)
    writer.write_summary(encode_end(SUCCESS, 1060.0))
    result = (LogdirImport(store, logs) if is_anew else source).update(now())
    assert (result.added, result.ended, result.running) == (0, 1, 0)
    first, second = trials(store, "logs")
    assert (first.state, first.params) == (State.CANCELLED, {})
    assert (second.state, second.params) == (State.DONE, {"lr": 0.5})
    curve = store.curves(result.record.id)[second.number]["loss"]
    assert list(curve.values) == [3.0, 1.0, 0.5]
