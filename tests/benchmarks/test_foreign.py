"""benchmarks/search/foreign.py runs the problems of another folder and reads its peers' runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "search" / "foreign.py"
PROBLEMS = """
from dataclasses import dataclass
from typing import Any

@dataclass(frozen=True)
class Param:
    name: str
    kind: str
    low: Any = None
    high: Any = None
    log: bool = False
    choices: tuple = ()
    parent: Any = None

@dataclass
class Problem:
    name: str
    suite: str
    noisy: Any
    split: str = "open"

    params = [Param("kind", "cat", choices=("a", "b")), Param("x", "float", -1.0, 1.0),
              Param("n", "int", 1, 9, True, (), ("kind", ("b",)))]

    def true(self, config, fidelity=None):
        assert ("n" in config) == (config["kind"] == "b")
        return config["x"] ** 2 + config.get("n", 5)

    def evaluate(self, config, fidelity=None, seed=0):
        return self.true(config) + seed[1]

def all_problems():
    return {p.name: p for p in (Problem("still", "one", None), Problem("loud", "two", True))}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "problems.py").write_text(PROBLEMS)
    units = {name: {"best": 1.0, "q20": 2.0} for name in ("still", "loud")}
    (tmp_path / "reference.json").write_text(json.dumps(units))
    kept = tmp_path / "results" / "seq" / "optuna-gp"
    kept.mkdir(parents=True)
    for name, suite in (("still", "one"), ("loud", "two")):
        run = {"problem": name, "suite": suite, "seed": 0, "n": 30, "incumbent": [1.5] * 30}
        (kept / f"{name}.json").write_text(json.dumps(run | {"step_cpu_ms": [2.0] * 30}))
    return tmp_path


def foreign(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, SCRIPT, folder, *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_methods_run_there_once_and_stand_beside_the_peers(folder: Path) -> None:
    order = ("run", "--methods", "random,tpe", "--seeds", "1", "--trials", "30", "--out")
    first = foreign(folder, *order, str(folder / "out"))
    assert first.count("seed 0") == 4
    assert foreign(folder, *order, str(folder / "out")) == ""
    told = foreign(folder, "report", str(folder / "out"), "--peers", "optuna-gp", "--problems")
    assert "## all suites: 2 problems, 2 runs at 25" in told
    assert "tpe - optuna:gp at 25" in told
    noisy = [json.loads(line) for line in (folder / "out" / "tpe.jsonl").read_text().splitlines()]
    still, loud = sorted(noisy, key=lambda run: len(run["true"]))
    assert (len(still["true"]), len(loud["true"])) == (0, 30)
    assert loud["observed"] != loud["true"]
