"""W&B's tutorial runs with only the import changed.

The one with torch runs where torch is installed (`pip install torch`); it is too large for every
machine that runs these tests.
"""

import os
import subprocess
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from sonde.core.trial import State, Trial
from sonde.store import open_store
from sonde.store.protocol import SweepRecord

PROGRAMS = Path(__file__).parent / "programs"
HERE = ["scenario_numpy.py", *(["scenario_torch.py"] if find_spec("torch") else [])]


def run(program: str, folder: Path, *words: str) -> tuple[SweepRecord, list[Trial]]:
    done = subprocess.run(
        [sys.executable, str(PROGRAMS / program), *words],
        cwd=folder, capture_output=True, text=True, timeout=280, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with closing(open_store(str(folder / ".sonde" / "sonde.db"))) as store:
        changes = store.changes(done.stdout.strip())
    return changes.record, list(changes.trials)


@pytest.mark.timeout(300)  # torch alone takes seconds to be imported
@pytest.mark.parametrize("program", HERE)
@pytest.mark.parametrize("words", [(), ("here",)], ids=["in workers", "in this process"])
def test_the_tutorial_makes_exactly_five_trials_with_its_metric(
    program: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    record, trials = run(program, tmp_path, *words)
    assert [trial.state for trial in trials] == [State.DONE] * 5
    for trial in trials:
        batch_size = trial.params["batch_size"]
        assert type(batch_size) is int
        assert batch_size % 8 == 0
        assert 32 <= batch_size <= 256
        batches = -(-(2000 if "torch" in program else 1000) // batch_size)
        assert trial.metrics["batch loss"].count == batches
        assert trial.metrics["loss"].count == 1
        assert trial.metrics["loss"].last_step == batches  # `log` counts its calls
    assert record.sweep.project in {"numpy-sweeps-demo", "pytorch-sweeps-demo"}
