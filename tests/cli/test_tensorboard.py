"""Sweeps written for TensorBoard, and its directories taken into the store."""

import json
import signal
import time
from pathlib import Path

import pytest

from cli_programs import Place
from cli_said import Sonde
from sonde.store.protocol import SweepRecord
from sonde.tensorboard import hparams as hp
from sonde.tensorboard import summary
from sonde.tensorboard.hparams.messages import FAILURE, SUCCESS, UNKNOWN
from sonde.tensorboard.logdir import Logdir, Session
from tensorboard_server import tensorboard

FAILS_ABOVE = """
import json, os, sys
lr = 0.1
with open(os.environ["SONDE_TRIAL_DIR"] + "/reports.jsonl", "a") as out:
    for step in range(3):
        print(json.dumps({"step": step, "val_loss": lr / (1 + step)}), file=out, flush=True)
sys.exit(lr > 2)
"""


def sessions(root: Path) -> list[Session]:
    logdir = Logdir(root)
    assert logdir.read()
    return logdir.sessions()


def test_a_sweep_is_written_while_it_runs_and_tensorboard_shows_it(desk: Place) -> None:
    desk.write("train.py", FAILS_ABOVE)
    desk.run(
        *("run", "--tensorboard", "tb", "--name", "x", "--metric=val_loss:min"),
        *("lr=1,2,3", "train.py"),
    )
    with tensorboard(desk.path / "tb", groups=3) as board:
        rows = {row["hparams"]["lr"]: row for row in board.groups()}
        (info,) = board.experiment()["hparamInfos"]
    assert info["domainDiscrete"] == [1.0, 2.0, 3.0]
    stood = {lr: row["sessions"][0]["status"] for lr, row in rows.items()}
    assert stood == {1.0: "STATUS_SUCCESS", 2.0: "STATUS_SUCCESS", 3.0: "STATUS_FAILURE"}
    assert rows[2.0]["metricValues"][0]["value"] == pytest.approx(2 / 3)


def test_a_sweep_can_be_written_afterwards_and_again(
    cli: Sonde, digits: SweepRecord, place: Path
) -> None:
    said = cli("tensorboard", "export", digits.name, "tb")
    assert "tensorboard --logdir tb shows them" in said.err
    found = sessions(place / "tb")
    assert {one.status for one in found} == {SUCCESS, FAILURE, UNKNOWN}
    before = {path: path.read_bytes() for path in (place / "tb").rglob("*tfevents*")}
    cli("tensorboard", "export", digits.name, "tb")
    trials = {path: data for path, data in before.items() if path.parent != place / "tb"}
    assert {path: path.read_bytes() for path in trials} == trials


def test_a_directory_that_cannot_be_made_is_refused_by_name(
    cli: Sonde, digits: SweepRecord, place: Path
) -> None:
    (place / "file").write_text("")
    said = cli("tensorboard", "export", digits.name, "file/tb", code=2)
    assert "file/tb" in said.err
    assert "name another directory" in said.err


def test_what_was_exported_comes_back_the_same(
    cli: Sonde, digits: SweepRecord, place: Path
) -> None:
    cli("tensorboard", "export", digits.name, "tb")
    shown = json.loads(cli("tensorboard", "import", "tb", "--format", "json").out)
    assert shown["best"]["params"] == {"lr": 0.001, "opt": "adam"}
    original, copy = (
        json.loads(cli("trials", name, "--format", "json").out) for name in (digits.name, "tb")
    )
    begun = [trial for trial in original if trial["started"]]
    assert [trial["params"] for trial in copy] == [trial["params"] for trial in begun]
    assert [trial["value"] for trial in copy] == [trial["value"] for trial in begun]


def test_an_import_goes_on_with_what_is_new_and_says_how_much(cli: Sonde, place: Path) -> None:
    for number in range(2):
        with summary.create_file_writer(place / "logs" / f"run-{number}").as_default():
            hp.hparams({"lr": 0.1 * number})
            summary.scalar("accuracy", 0.5, 0)
        said = cli("tensorboard", "import", "logs", "--name", "n", "--metric", "accuracy:max")
        assert "1 new trial, 1 new value;" in said.err
    assert "2 are still being written" in said.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("import", "absent"), "it is no directory"),
        (("import", "."), "no event file with a scalar or hyperparameters"),
        (("import", ".", "--metric", ":min"), "--metric"),
        (("import", ".", "--name", " "), "--name"),
        (("export", "absent", "tb"), "no sweep"),
    ],
)
def test_wrong_uses_say_what_to_do(
    cli: Sonde, digits: SweepRecord, argv: tuple[str, ...], words: str
) -> None:
    assert words in cli("tensorboard", *argv, code=2).err


def test_watching_follows_growing_files_until_ctrl_c(desk: Place) -> None:
    logs = desk.path / "logs"
    with summary.create_file_writer(logs / "a").as_default():
        hp.hparams({"lr": 0.1})
        summary.scalar("loss", 1.0, 0)
    process = desk.start("tensorboard", "import", "logs", "--watch")
    desk.wait("logs", lambda counts: counts["running"] == 1)
    with summary.create_file_writer(logs / "b").as_default():
        hp.hparams({"lr": 0.2})
        summary.scalar("loss", 0.5, 0)
    desk.wait("logs", lambda counts: counts["running"] == 2)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
