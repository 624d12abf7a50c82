"""Directories of event files as tables, against TensorBoard's own answers."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboardX import SummaryWriter

from sonde.core.metric import SummaryKind
from sonde.tensorboard import hparams as hp
from sonde.tensorboard import summary
from sonde.tensorboard.hparams.messages import (
    FAILURE,
    SUCCESS,
    UNKNOWN,
    encode_end,
)
from sonde.tensorboard.logdir import Logdir
from tensorboard_server import STATUSES, tensorboard


def read(root: Path, **options: Any) -> Logdir:
    logdir = Logdir(root, **options)
    assert logdir.read()
    return logdir


def session(
    root: Path, name: str, values: dict[str, Any], curve: list[float], trial_id: str | None = None
) -> summary.FileWriter:
    writer = summary.create_file_writer(root / name)
    with writer.as_default():
        hp.hparams(values, trial_id, start_time_secs=1000.0 + len(list(root.iterdir())))
        for step, value in enumerate(curve):
            summary.scalar("loss", value, step)
    return writer


def write_ours(root: Path) -> None:
    with summary.create_file_writer(root).as_default():
        hp.hparams_config([hp.HParam("lr")], [hp.Metric("loss"), hp.Metric("loss", "validation")])
    for number in range(6):
        writer = session(
            root, f"run-{number}", {"lr": 0.1 * (number % 3)}, [3.0, 1.0, 2.0 + number]
        )
        writer.write_summary(encode_end([SUCCESS, FAILURE][number % 2], 2000.0))
        if number != 4:
            with summary.create_file_writer(root / f"run-{number}" / "validation").as_default():
                summary.scalar("loss", float(number), 7)


def write_tensorboardx(root: Path) -> None:
    for number in range(4):
        with SummaryWriter(str(root / f"run-{number}")) as writer:
            for step in range(3):
                writer.add_scalar("loss", 1.0 / (1 + step + number), step)
            values = {"lr": 0.1 * number, "opt": "adam", "units": 8 * number, "bias": number > 1}
            writer.add_hparams(values, {"hparam/loss": float(number)}, name="chosen")


def write_odd(root: Path) -> None:
    session(root, "a", {"x": 1, "y": "text"}, [math.nan])
    session(root, "b/inner", {"x": 2, "later": True}, [math.inf, 1.0])
    session(root, "c", {"x": 3}, [])
    session(root, "d", {}, [5.0])


@pytest.mark.parametrize("write", [write_ours, write_tensorboardx, write_odd])
def test_the_table_is_the_one_that_tensorboard_shows(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    ours = read(tmp_path)
    groups = {group.name: group for group in ours.groups()}
    with tensorboard(tmp_path, groups=len(groups)) as board:
        columns = board.experiment()["metricInfos"]
        rows = board.groups()
    assert {row["name"] for row in rows} == set(groups)
    for row in rows:
        group = groups[row["name"]]
        assert group.hparams == row["hparams"]
        assert [one.path for one in group.sessions] == [one["name"] for one in row["sessions"]]
        for session, theirs in zip(group.sessions, row["sessions"], strict=True):
            assert STATUSES[session.status] == theirs["status"]
            # tensorboardX does not say when; we take the time of the first scalar then.
            assert session.started == pytest.approx(theirs["startTimeSecs"] or session.started)
            assert session.ended == theirs["endTimeSecs"]
        shown = {
            (value["name"]["tag"], value["name"]["group"]): float(value["value"])
            for value in row["metricValues"]
        }
        for name in ((one["name"]["tag"], one["name"]["group"]) for one in columns):
            mine = group.value(*name)
            if name in shown:
                assert mine == pytest.approx(shown[name], nan_ok=True)
            else:
                assert mine is None


def test_repeats_are_one_row_and_any_number_of_a_curve_may_be_asked_for(tmp_path: Path) -> None:
    session(tmp_path, "one", {"lr": 0.1}, [9.0, 1.0, 4.0], trial_id="same")
    session(tmp_path, "two", {"lr": 0.1}, [9.0, 3.0, 6.0], trial_id="same")
    (group,) = read(tmp_path).groups()
    assert group.value("loss") == 5.0
    assert group.value("loss", kind=SummaryKind.MIN) == 2.0
    assert group.value("loss", kind=SummaryKind.MAX, over="min") == 9.0
    assert group.value("loss", kind=SummaryKind.LAST, over="max") == 6.0
    assert group.value("loss", kind=SummaryKind.MEAN, over="median") == pytest.approx(16 / 3)
    assert group.value("accuracy") is None


def test_without_hyperparameters_each_training_is_a_session(tmp_path: Path) -> None:
    for name in ("keras", "other"):
        for part in ("train", "validation"):
            with summary.create_file_writer(tmp_path / name / part).as_default():
                summary.scalar("epoch_loss", 0.5, 0)
    found = read(tmp_path).sessions()
    assert [one.path for one in found] == ["keras", "other"]
    assert set(found[0].named()) == {"loss", "val_loss"}
    assert found[0].status == UNKNOWN


def test_reading_again_reads_only_what_is_new(tmp_path: Path) -> None:
    writer = session(tmp_path, "run", {"lr": 0.1}, [3.0, 2.0])
    logdir = read(tmp_path, keep_curves=True)
    writer.scalar("loss", 1.0, 2)
    writer.write_summary(encode_end(SUCCESS, 5.0))
    assert logdir.read()
    (one,) = logdir.sessions()
    assert (one.metrics["loss", ""].count, one.metrics["loss", ""].last) == (3, 1.0)
    assert [point.value for point in logdir.curves(one)["loss", ""]] == [3.0, 2.0, 1.0]
    assert one.status == SUCCESS


def test_a_part_of_the_answer_is_there_before_all_of_it(tmp_path: Path) -> None:
    for number in range(20):
        session(tmp_path, f"run-{number:02}", {"lr": float(number)}, [1.0])
    logdir = Logdir(tmp_path)
    rounds = 0
    while not logdir.read(limit_s=0.0):
        rounds += 1
        assert len(logdir.sessions()) == rounds
    assert rounds == 20
    assert len(logdir.groups()) == 20


def test_damage_costs_what_is_damaged(tmp_path: Path) -> None:
    writer = session(tmp_path, "run", {"lr": 0.1}, [3.0, 2.0, 1.0])
    writer.close()
    session(tmp_path, "whole", {"lr": 0.2}, [0.5])
    (file,) = (tmp_path / "run").iterdir()
    data = bytearray(file.read_bytes())
    at = data.rindex(b"loss")  # in the body of the last record
    data[at] ^= 0xFF
    file.write_bytes(bytes(data))
    logdir = read(tmp_path)
    assert [group.value("loss") for group in logdir.groups()] == [2.0, 0.5]
    (problem,) = logdir.problems
    assert problem.path == file


def test_a_cut_off_file_is_read_to_where_it_is_cut(tmp_path: Path) -> None:
    session(tmp_path, "run", {"lr": 0.1}, [3.0, 2.0, 1.0]).close()
    (file,) = (tmp_path / "run").iterdir()
    os.truncate(file, file.stat().st_size - 5)
    (group,) = read(tmp_path).groups()
    assert group.value("loss") == 2.0


def test_groups_stand_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    begun = time.time()
    for number, name in enumerate(["z", "a", "m"]):
        with summary.create_file_writer(tmp_path / name).as_default():
            hp.hparams({"n": number}, start_time_secs=begun + number)
    assert [group.hparams["n"] for group in read(tmp_path).groups()] == [0.0, 1.0, 2.0]
