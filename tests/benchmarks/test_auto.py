"""The comparison of `auto` with each method by itself."""

import sys
from pathlib import Path

import pytest

import auto
from problems import members
from runs import have

BOWL = members()["bowl-5f"]


def test_auto_is_one_method_all_along_or_else_makes_runs_of_its_own() -> None:
    assert auto.same_as(BOWL.instance(0), 0, 50) == "bayes"
    assert auto.same_as(BOWL.instance(0), 0, 400) is None


def test_what_is_there_is_not_run_again_and_the_report_compares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = auto.Suite(problems="bowl-5f,valley-5f", trials=6)
    monkeypatch.setattr(auto, "SUITES", {"short": short})
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["auto.py", "run", "--seeds=1", f"--out={tmp_path}"])
        auto.main()
    assert set(have(tmp_path).values()) == {6}
    lines = sum(len(path.read_text().splitlines()) for path in tmp_path.glob("*.jsonl"))
    assert lines == 2 * len(auto.METHODS)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["auto.py", "report", str(tmp_path)])
    auto.main()
    told = capsys.readouterr().out
    assert "short: 2 runs of 2 problems, 6 trials" in told
    assert "bayes" in told
    assert "+0.000 [+0.000, +0.000]  0:0" in told
    assert "random" in told
