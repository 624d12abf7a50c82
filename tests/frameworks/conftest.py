"""Each framework trains for real, on data that it is given, in a trial of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "frameworks"
Train = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Run one of `examples/frameworks` as a trial and return what it reported.

    With `stop` the trial is asked to end before it begins.
    """

    def call(name: str, *, stop: bool = False) -> list[dict[str, Any]]:
        folder = tmp_path / "trial"
        folder.mkdir(exist_ok=True)
        (folder / "params.json").write_text("{}")
        journal = folder / "reports.jsonl"
        journal.unlink(missing_ok=True)
        if stop:
            (folder / "stop").touch()
        named = {"SONDE_TRIAL_DIR": str(folder), "KERAS_BACKEND": "torch", "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(EXAMPLES / name)],
            cwd=tmp_path,
            env=os.environ | named,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in journal.read_text().splitlines()]

    return call
