"""Logdirs that PyTorch and Lightning write, as TensorBoard shows them and as we read them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sonde.tensorboard.logdir import Logdir
from tensorboard_server import tensorboard

TORCH = """
from torch.utils.tensorboard import SummaryWriter

for number in range(3):
    with SummaryWriter(f"logs/run-{number}") as writer:
        for step in range(4):
            writer.add_scalar("loss", 1 / (1 + step + number), step)
        values = {"lr": 0.1 * number, "opt": "adam", "wide": number > 1}
        writer.add_hparams(values, {"hparam/loss": float(number)}, run_name="chosen")
"""

LIGHTNING = """
import logging
import lightning.pytorch as pl
import torch
from lightning.pytorch.loggers import TensorBoardLogger

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

class Net(pl.LightningModule):
    def __init__(self, lr, units):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Linear(2, 1)

    def training_step(self, batch, _):
        loss = self.net(batch[0]).square().mean()
        self.log("loss", loss)
        self.log("hp_metric", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)

data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(8, 2)), batch_size=4)
for lr in (0.1, 0.01):
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=TensorBoardLogger(".", name="logs"),
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        log_every_n_steps=1,
    )
    trainer.fit(Net(lr, 16), data)
"""


@pytest.mark.parametrize(("script", "rows"), [(TORCH, 3), (LIGHTNING, 2)], ids=["torch", "pl"])
def test_the_table_is_the_one_that_tensorboard_shows(
    tmp_path: Path, script: str, rows: int
) -> None:
    (tmp_path / "train.py").write_text(script)
    subprocess.run([sys.executable, "-W", "ignore", "train.py"], cwd=tmp_path, check=True)
    logdir = Logdir(tmp_path / "logs")
    assert logdir.read()
    ours = {group.name: group for group in logdir.groups()}
    assert len(ours) == rows
    with tensorboard(tmp_path / "logs", groups=rows) as board:
        theirs = {row["name"]: row for row in board.groups()}
    assert set(ours) == set(theirs)
    for name, row in theirs.items():
        assert ours[name].hparams == row["hparams"]
        assert row["metricValues"]
        for value in row["metricValues"]:
            mine = ours[name].value(value["name"]["tag"], value["name"]["group"])
            assert mine == pytest.approx(value["value"])


KERAS = """
import numpy as np
import keras
import sonde.tensorboard as tf
from sonde.tensorboard import hparams as hp

class Scalars(keras.callbacks.Callback):
    def __init__(self, logdir):
        super().__init__()
        self.writer = tf.summary.create_file_writer(logdir + "/validation")

    def on_epoch_end(self, epoch, logs):
        self.writer.scalar("epoch_loss", logs["val_loss"], epoch)

x, y = np.ones((8, 2)), np.ones(8)
for number, units in enumerate([4, 8]):
    logdir = f"logs/run-{number}"
    model = keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(
        x, y, validation_data=(x, y), epochs=2, verbose=0,
        callbacks=[Scalars(logdir), hp.KerasCallback(logdir, {"units": units})],
    )
"""


@pytest.fixture
def on_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")


@pytest.mark.usefixtures("on_torch")
def test_the_callback_of_hparams_records_a_training_without_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(KERAS)
    subprocess.run([sys.executable, "-W", "ignore", "train.py"], cwd=tmp_path, check=True)
    with tensorboard(tmp_path / "logs", groups=2) as board:
        rows = board.groups()
    assert [row["hparams"] for row in rows] == [{"units": 4.0}, {"units": 8.0}]
    for row in rows:
        (session,) = row["sessions"]
        assert session["status"] == "STATUS_SUCCESS"
        (value,) = row["metricValues"]
        assert value["name"] == {"tag": "epoch_loss", "group": "validation"}


@pytest.mark.usefixtures("on_torch")
def test_the_callback_of_hparams_serves_one_training_and_needs_a_writer(tmp_path: Path) -> None:
    program = """
from sonde.tensorboard import hparams as hp

callback = hp.KerasCallback("logs", {"lr": 0.1})
callback.on_train_begin()
callback.on_train_end()
for wrong in (callback.on_train_begin, lambda: hp.KerasCallback(None, {"lr": 0.1})):
    try:
        wrong()
    except (RuntimeError, TypeError) as error:
        print(type(error).__name__)
"""
    argv = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["RuntimeError", "TypeError"]
