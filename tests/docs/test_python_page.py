"""The code of docs/python.md runs as it stands, and prints what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import sonde
from sonde import tracking

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
FILE = re.compile(r"# (\w+\.py)\n")
EXPECTED = re.compile(r"^ *print\(.*\)  # => (.*)$", re.MULTILINE)


def test_the_page_runs_from_top_to_bottom_and_prints_what_it_says(tmp_path: Path) -> None:
    program: list[str] = []
    for block in BLOCKS:
        name = FILE.match(block)
        if name:
            (tmp_path / name[1]).write_text(block)
        else:
            program.append(block)
    (tmp_path / "page.py").write_text("\n".join(program))
    env = os.environ | {"SONDE_STORE": str(tmp_path / "s.db")}
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = EXPECTED.findall("\n".join(program))
    assert done.stdout.splitlines()[: len(expected)] == expected
    assert len(expected) == "\n".join(program).count("# =>")


def test_the_script_of_the_page_runs_on_its_own(tmp_path: Path) -> None:
    (script,) = [block for block in BLOCKS if FILE.match(block)]
    (tmp_path / "inside.py").write_text(script)
    done = subprocess.run(
        [sys.executable, "inside.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "{'lr': 0.1, 'epochs': 3} True\n"


def test_every_name_for_the_inside_of_a_trial_has_its_row() -> None:
    inside = {name for name in sonde.__all__ if name in tracking.__all__}
    assert inside <= set(re.findall(r"^\| `sonde\.(\w+)", PAGE, re.MULTILINE))
