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
