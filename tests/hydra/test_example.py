"""The example of docs/hydra.md, typed as it stands there."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import sonde

ROOT = Path(__file__).parents[2]


def test_the_page_s_command_sweeps_the_example(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "hydra.md").read_text()
    block = re.search(r"```sh\n(.*?)```", page, re.DOTALL)
    assert block is not None
    command = block[1].replace("\\\n", " ").splitlines()[-1]
    words = shlex.split(command)
    assert words[:2] == ["python", "train.py"]
    folder = shutil.copytree(ROOT / "examples" / "hydra", tmp_path / "hydra")
    short = ["epochs=1", "hydra.sweeper.n_trials=4"]
    subprocess.run([sys.executable, *words[1:], *short], cwd=folder, check=True)
    sweep = sonde.Sweep.open("digits", store=str(folder / "digits.db"))
    assert [trial.state for trial in sweep.trials] == ["done"] * 4
    assert {trial.params["loss"] for trial in sweep.trials} <= {
        "hinge",
        "log_loss",
        "modified_huber",
    }
