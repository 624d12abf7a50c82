"""Every example does what its README says: each command is run, in a copy of its folder."""

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin_packages import install

EXAMPLES = Path(__file__).parents[2] / "examples"
# What needs a training framework is run by tests/frameworks.
FOLDERS = sorted(
    {folder for folder in EXAMPLES.iterdir() if folder.is_dir()} - {EXAMPLES / "frameworks"}
)
SONDE = [sys.executable, "-m", "sonde"]


def commands(folder: Path) -> list[str]:
    """Return the `sonde run` lines of the README's shell blocks."""
    blocks = re.findall(
        r"^```sh\n(.*?)^```", (folder / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    return [line for block in blocks for line in block.splitlines() if line.startswith("sonde run")]


SWEEPS = [
    pytest.param(folder, line, id=f"{folder.name}-{position}")
    for folder in FOLDERS
    for position, line in enumerate(commands(folder))
    if "--dry-run" not in line
]


@pytest.fixture
def copy(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    target = tmp_path / "example"
    shutil.copytree(request.param, target, ignore=shutil.ignore_patterns("runs", ".sonde"))
    if (target / "pyproject.toml").exists():  # it is to be installed before it is used
        packages = tmp_path / "packages"
        install(target, packages)
        monkeypatch.setenv("PYTHONPATH", str(packages))
    return target


def sonde(*arguments: str, folder: Path) -> str:
    """Run the command line in a folder and return what it printed on stdout."""
    environment = {name: text for name, text in os.environ.items() if "SONDE" not in name}
    environment["SONDE_STORE"] = str(folder / ".sonde" / "sonde.db")
    # As after `. .venv/bin/activate`: scripts that ask for python get this one.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    outcome = subprocess.run(
        [*SONDE, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_shows_what_to_type_and_never_imports_sonde(folder: Path) -> None:
    assert commands(folder)
    scripts = [path for path in folder.iterdir() if path.suffix in {".py", ".sh"}]
    assert scripts
    assert not [path.name for path in scripts if "import sonde" in path.read_text()]


@pytest.mark.parametrize(("copy", "line"), SWEEPS, indirect=["copy"])
def test_the_command_of_a_readme_runs_all_its_trials_and_finds_a_best(
    copy: Path, line: str
) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    sonde(*_without_comment(line), folder=copy)
    (listed,) = json.loads(sonde("ls", "--format", "json", folder=copy))
    trials: list[dict[str, Any]] = json.loads(
        sonde("trials", listed["id"], "--format", "json", folder=copy)
    )
    assert [trial["state"] for trial in trials].count("done") == len(trials) > 2
    values = {trial["value"] for trial in trials if isinstance(trial["value"], int | float)}
    assert len(values) > 2  # the trials differ: the values did arrive
    assert listed["best"]["value"] == min(value for value in values if math.isfinite(value))
    after = {name: (copy / name).read_bytes() for name in before}
    assert after == before


def _without_comment(line: str) -> list[str]:
    return shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("copy", FOLDERS, indirect=True, ids=lambda folder: folder.name)
def test_an_example_runs_by_itself_too(copy: Path) -> None:
    script = next(path for path in sorted(copy.iterdir()) if path.suffix in {".py", ".sh"})
    program = [sys.executable] if script.suffix == ".py" else ["bash"]
    outcome = subprocess.run([*program, script.name], cwd=copy, capture_output=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
