"""docs/optuna.md: the objective on the page runs, and is gone on with."""

import re
import subprocess
import sys
from pathlib import Path

from cli_programs import Place

PAGE = (Path(__file__).parents[2] / "docs" / "optuna.md").read_text(encoding="utf-8")


def test_the_objective_on_the_page_runs_and_the_same_line_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (program, *_) = re.findall(
        r"^```python\n(import sonde\.optuna.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    place.write("train.py", program.replace("n_trials=40", "n_trials=8"))
    for _ in range(2):
        subprocess.run([sys.executable, "-W", "error", "train.py"], cwd=tmp_path, check=True)
    assert [trial["number"] for trial in place.trials("digits")] == list(range(16))
    shown = place.run("show", "digits").stdout
    assert "the objective asked for" in shown
    refused = place.run("resume", "digits", code=2).stderr
    assert "sonde.optuna.load_study(study_name='digits').optimize(objective" in refused
