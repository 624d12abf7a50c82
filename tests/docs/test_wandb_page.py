"""docs/wandb.md has every name of `sonde.wandb`, and its program runs."""

import re
import subprocess
import sys
from pathlib import Path

import sonde.wandb

PAGE = (Path(__file__).parents[2] / "docs" / "wandb.md").read_text(encoding="utf-8")


def test_every_name_is_on_the_page() -> None:
    classes = {"Config", "Error", "Run", "Summary", "UsageError", "unwatch"}
    missing = [n for n in sonde.wandb.__all__ if not re.search(rf"`{n}\b", PAGE)]
    assert set(missing) <= classes
    assert all(hasattr(sonde.wandb, name) for name in sonde.wandb.__all__)


def test_the_program_of_the_page_runs_five_trials(tmp_path: Path) -> None:
    program, _ = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "sonde: 5 trials run: it has run as many trials as it was asked to" in done.stderr
