"""The plugin of examples/plugin, installed as its README says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugin_packages import install

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed") / "packages"
    install(EXAMPLE, target)
    return target


def run(words: list[str], packages: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if "SONDE" not in name}
    environment |= {
        "PYTHONPATH": str(packages),
        "SONDE_STORE": str(folder / ".sonde" / "sonde.db"),
    }
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_is_used_by_its_name_with_its_options_by_a_sweep_and_its_agents(
    packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text("x = 0.5\nprint(f'loss: {(x - 0.3) ** 2}')\n")
    method = "differential(population=4, f=0.5)"
    words = ["sonde", "run", "--method", method, "--hyperparam", "x=0.0..1.0", "--trials", "12"]
    words += ["-j", "2", "--metric", "loss:min", "--metric-regex", r"loss: (\S+)", "train.py"]
    dry = run([*words[:-1], "--dry-run", "train.py"], packages, tmp_path)
    assert f"method      {method}: as asked" in dry.stdout
    done = run(words, packages, tmp_path)
    assert done.returncode == 0, done.stderr
    shown = run(["sonde", "ls", "--format", "json"], packages, tmp_path)
    (listed,) = json.loads(shown.stdout)
    assert (listed["method"], listed["counts"]["done"]) == (method, 12)
    # Without the package the sweep is there to be looked at, and says what it lacks.
    name = listed["name"]
    assert f"{method}, seed" in run(["sonde", "show", name], tmp_path, tmp_path).stdout
    lacking = run(["sonde", "resume", name, "--trials", "15"], tmp_path, tmp_path)
    assert lacking.returncode == 2
    assert "there is no such search method" in lacking.stderr
    assert "Traceback" not in lacking.stderr


def test_its_rule_stops_trials_of_a_sweep_and_its_agents(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import time\nx = 0.5\nfor step in range(100):\n"
        "    print(f'loss: {1 / (step + 1) if x > 0 else 1}', flush=True)\n"
        "    time.sleep(0.02 if x > 0 else 0.1)\n"
    )
    words = ["sonde", "run", "--stop", "patience(steps=5)", "--hyperparam", "x=0,1", "-j", "1"]
    words += ["--metric", "loss:last", "--metric-regex", r"loss: (\S+)", "train.py"]
    done = run(words, packages, tmp_path)
    assert done.returncode == 0, done.stderr
    shown = run(["sonde", "ls", "--format", "json"], packages, tmp_path)
    trials = run(
        ["sonde", "trials", json.loads(shown.stdout)[0]["id"], "--format", "json"],
        packages, tmp_path,
    )  # fmt: skip
    first, second = json.loads(trials.stdout)
    assert (first["state"], second["state"]) == ("stopped", "done")
    assert first["why_stopped"].startswith("patience: nothing better for ")


def test_its_place_runs_the_trials_of_a_sweep(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import os\nx = 0.5\nprint(f'loss: {os.nice(0) + 0 * x}')\n")
    words = ["sonde", "run", "--on", "modest(niceness=4)", "--hyperparam", "x=0,1", "-j", "1"]
    words += ["--metric", "loss:min", "--metric-regex", r"loss: (\S+)", "train.py"]
    done = run(words, packages, tmp_path)
    assert done.returncode == 0, done.stderr
    (sweep,) = json.loads(run(["sonde", "ls", "--format", "json"], packages, tmp_path).stdout)
    trials = run(["sonde", "trials", sweep["id"], "--format", "json"], packages, tmp_path)
    assert [t["metrics"]["loss"]["last"] for t in json.loads(trials.stdout)] == [os.nice(0) + 4] * 2
    refused = run(words, tmp_path, tmp_path)
    assert refused.returncode == 2
    assert "--on modest(niceness=4): there is no such place; use --on local" in refused.stderr


def test_it_keeps_the_contract(packages: Path, tmp_path: Path) -> None:
    tests = EXAMPLE / "tests"
    done = run(
        ["pytest", str(tests), "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)],
        packages, tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout
