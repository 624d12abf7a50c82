"""Scripts written for TensorFlow, with one import changed; `./dev tensorflow` runs them.

They stand apart as TensorFlow takes 1 GB. The scripts are TensorBoard's and StudioML's tutorials
on scikit-learn's digits.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sonde.tensorboard.logdir import Logdir
from tensorboard_server import tensorboard

SONDE = [sys.executable, "-m", "sonde"]

DATA = """
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

x, y = load_digits(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x / 16, y, test_size=0.3, random_state=0)
"""

HPARAMS = (
    DATA
    + """
from sonde.tensorboard import hparams as hp

HP_NUM_UNITS = hp.HParam('num_units', hp.Discrete([16, 32]))
HP_DROPOUT = hp.HParam('dropout', hp.RealInterval(0.1, 0.2))
HP_OPTIMIZER = hp.HParam('optimizer', hp.Discrete(['adam', 'sgd']))
HPARAMS = [HP_NUM_UNITS, HP_DROPOUT, HP_OPTIMIZER]

def model_of(hparams):
    model = tf.keras.models.Sequential([
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(hparams[HP_NUM_UNITS], activation=tf.nn.relu),
        tf.keras.layers.Dropout(hparams[HP_DROPOUT]),
        tf.keras.layers.Dense(10, activation=tf.nn.softmax),
    ])
    model.compile(
        optimizer=hparams[HP_OPTIMIZER], loss='sparse_categorical_crossentropy',
        metrics=['accuracy'],
    )
    return model

def sessions():
    for num_units in HP_NUM_UNITS.domain.values:
        for dropout in (HP_DROPOUT.domain.min_value, HP_DROPOUT.domain.max_value):
            for optimizer in HP_OPTIMIZER.domain.values:
                yield {HP_NUM_UNITS: num_units, HP_DROPOUT: dropout, HP_OPTIMIZER: optimizer}
"""
)

WRITTEN = (
    HPARAMS
    + """
METRICS = [hp.Metric('accuracy', display_name='Accuracy')]
with tf.summary.create_file_writer('logs').as_default():
    hp.hparams_config(hparams=HPARAMS, metrics=METRICS)
for number, hparams in enumerate(sessions()):
    with tf.summary.create_file_writer('logs/run-%d' % number).as_default():
        hp.hparams(hparams)
        model = model_of(hparams)
        model.fit(x_train, y_train, epochs=1, verbose=0)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        tf.summary.scalar('accuracy', accuracy, step=1)
"""
)

CALLBACKS = (
    HPARAMS
    + """
METRICS = [hp.Metric(tag='epoch_accuracy', group='validation', display_name='Accuracy')]
with tf.summary.create_file_writer('logs').as_default():
    hp.hparams_config(hparams=HPARAMS, metrics=METRICS)
for number, hparams in enumerate(sessions()):
    logdir = 'logs/run-%d' % number
    model_of(hparams).fit(
        x_train, y_train, validation_data=(x_test, y_test), verbose=0,
        callbacks=[tf.keras.callbacks.TensorBoard(logdir), hp.KerasCallback(logdir, hparams)],
    )
"""
)

STUDIOML = (
    DATA
    + """
import sys
from keras import layers, models, optimizers
from keras.callbacks import TensorBoard
from sonde.studio import fs_tracker

model = models.Sequential([layers.Dense(16, activation='relu'), layers.Dense(10, 'softmax')])
lr = 0.01
print('learning rate = {}'.format(lr))
model.compile(loss='sparse_categorical_crossentropy', optimizer=optimizers.SGD(learning_rate=lr))
tbcallback = TensorBoard(
    log_dir=fs_tracker.get_tensorboard_dir(), histogram_freq=0, write_graph=True,
    write_images=False,
)
model.fit(
    x_train, y_train, validation_data=(x_test, y_test), epochs=int(sys.argv[1]), verbose=0,
    callbacks=[tbcallback],
)
"""
)


def run(folder: Path, *argv: str) -> str:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run(
        argv, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("script", "tag", "part", "status"),
    [
        (WRITTEN, "accuracy", "", "STATUS_UNKNOWN"),
        (CALLBACKS, "epoch_accuracy", "validation", "STATUS_SUCCESS"),
    ],
    ids=["written", "callbacks"],
)
def test_the_tutorial_of_hparams_shows_the_same_in_tensorboard_and_here(
    tmp_path: Path, script: str, tag: str, part: str, status: str
) -> None:
    (tmp_path / "tune.py").write_text(script)
    run(tmp_path, sys.executable, "tune.py")
    logdir = Logdir(tmp_path / "logs")
    assert logdir.read()
    ours = {group.name: group for group in logdir.groups()}
    assert len(ours) == 8
    with tensorboard(tmp_path / "logs", groups=8) as board:
        experiment = board.experiment()
        rows = board.groups()
    assert {info["name"] for info in experiment["hparamInfos"]} == {
        "num_units", "dropout", "optimizer",
    }  # fmt: skip
    for row in rows:
        group = ours[row["name"]]
        assert group.hparams == row["hparams"]
        (value,) = row["metricValues"]
        assert value["name"] == {"tag": tag, "group": part}
        assert group.value(tag, part) == pytest.approx(value["value"])
        assert [one["status"] for one in row["sessions"]] == [status]
    run(tmp_path, *SONDE, "tensorboard", "import", "logs", "--name", "tutorial")
    trials = json.loads(run(tmp_path, *SONDE, "trials", "tutorial", "--format", "json"))
    assert len(trials) == 8
    assert {trial["params"]["num_units"] for trial in trials} == {16, 32}


def test_the_tutorial_of_studioml_finds_its_metric(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(STUDIOML)
    ranges = "--hyperparam=lr=0.01:0.09:0.1"
    given = ["--name", "x", "--metric=val_loss:min", "-j", "1", ranges]
    run(tmp_path, *SONDE, "run", *given, "train.py", "2")
    trials = json.loads(run(tmp_path, *SONDE, "trials", "x", "--format", "json"))
    assert [trial["state"] for trial in trials] == ["done"] * 2
    values = {trial["params"]["lr"]: trial["value"] for trial in trials}
    assert values[0.1] < values[0.01]
