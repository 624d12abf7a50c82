"""What `hp` and `summary` write, as a real TensorBoard shows it; and as we read it back."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sonde.tensorboard.logdir import Logdir
from tensorboard_server import TensorBoard, tensorboard

# The script of TensorBoard's tutorial, with another import.
SCRIPT = """
import sonde.tensorboard as tf
from sonde.tensorboard import hparams as hp

HP_NUM_UNITS = hp.HParam("num_units", hp.Discrete([16, 32]))
HP_DROPOUT = hp.HParam("dropout", hp.RealInterval(0.1, 0.2))
HP_OPTIMIZER = hp.HParam("optimizer", hp.Discrete(["adam", "sgd"]))
METRIC_ACCURACY = "accuracy"

with tf.summary.create_file_writer("logs/hparam_tuning").as_default():
    hp.hparams_config(
        hparams=[HP_NUM_UNITS, HP_DROPOUT, HP_OPTIMIZER],
        metrics=[hp.Metric(METRIC_ACCURACY, display_name="Accuracy")],
    )


def train_test_model(hparams):
    return 0.8 + hparams[HP_NUM_UNITS] / 1000 - hparams[HP_DROPOUT] / 10


def run(run_dir, hparams):
    with tf.summary.create_file_writer(run_dir).as_default():
        hp.hparams(hparams)
        tf.summary.scalar(METRIC_ACCURACY, train_test_model(hparams), step=1)


session_num = 0
for num_units in HP_NUM_UNITS.domain.values:
    for dropout_rate in (HP_DROPOUT.domain.min_value, HP_DROPOUT.domain.max_value):
        for optimizer in HP_OPTIMIZER.domain.values:
            hparams = {HP_NUM_UNITS: num_units, HP_DROPOUT: dropout_rate, HP_OPTIMIZER: optimizer}
            run("logs/hparam_tuning/run-%d" % session_num, hparams)
            session_num += 1
"""


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "tune.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "tune.py"], cwd=folder, check=True)
    return folder / "logs" / "hparam_tuning"


@pytest.fixture(scope="module")
def board(logdir: Path) -> Iterator[TensorBoard]:
    with tensorboard(logdir, groups=8) as board:
        yield board


def test_the_experiment_has_its_hyperparameters_with_domains(board: TensorBoard) -> None:
    answer = board.experiment()
    infos = {info["name"]: info for info in answer["hparamInfos"]}
    assert infos["num_units"]["domainDiscrete"] == [16.0, 32.0]
    assert infos["dropout"]["domainInterval"] == {"minValue": 0.1, "maxValue": 0.2}
    assert infos["optimizer"]["domainDiscrete"] == ["adam", "sgd"]
    assert infos["optimizer"]["type"] == "DATA_TYPE_STRING"
    (metric,) = answer["metricInfos"]
    assert metric["name"] == {"tag": "accuracy", "group": ""}
    assert metric["displayName"] == "Accuracy"


def test_every_run_is_a_row_with_its_values_and_its_metric(
    board: TensorBoard, logdir: Path
) -> None:
    order = [{"metric": {"tag": "accuracy", "group": ""}, "order": "ORDER_DESC"}]
    rows = board.groups(colParams=order)
    assert len(rows) == 8
    best = rows[0]
    assert (best["hparams"]["num_units"], best["hparams"]["dropout"]) == (32.0, 0.1)
    assert best["metricValues"][0]["value"] == pytest.approx(0.822)
    ours = {group.name: group for group in read(logdir).groups()}
    for row in rows:
        group = ours.pop(row["name"])
        assert group.hparams == row["hparams"]
        assert group.value("accuracy") == pytest.approx(row["metricValues"][0]["value"])
    assert not ours


def test_curves_and_downloads_hold_what_was_written(board: TensorBoard) -> None:
    ((_, step, value),) = board.evals("run-4", "accuracy")
    assert step == 1
    assert value == pytest.approx(0.822)
    rows = list(csv.DictReader(io.StringIO(board.download("csv", 4))))
    assert len(rows) == 8
    assert {row["optimizer"] for row in rows} == {"adam", "sgd"}
    assert len(json.loads(board.download("json", 4))["rows"]) == 8
    assert "\\begin{table}" in board.download("latex", 4)


def read(logdir: Path) -> Logdir:
    found = Logdir(logdir)
    assert found.read()
    return found
