"""What was typed is kept with the sweep, so that it can be made again."""

import subprocess
import sys
from pathlib import Path

from sonde.store import open_store


def test_the_command_that_made_a_sweep_is_recorded_as_it_was_typed(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text('echo "loss=$1"\n')
    words = [
        "run",
        "--trials=1",
        "-j1",
        "--name=x",
        "--metric=loss:min",
        "--metric-regex=loss=(.*)",
        "lr=0.4,0.5",
    ]
    command = [sys.executable, "-m", "sonde", *words, "sh", "train.sh", "{lr}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    assert store.find_sweep("x").facts["typed"] == ["sonde", *words, "sh", "train.sh", "{lr}"]
    store.close()
