"""How much later several workers are where one is."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest

import late
from problems import members
from runs import keep, perform


def test_a_curve_that_is_seven_trials_late_takes_seven_trials_more() -> None:
    curve = 1.0 / np.arange(1, 101)
    behind = np.append(np.full(7, 2.0), curve[:-7])
    one, several = np.tile(curve, (3, 1)), np.tile(behind, (3, 1))
    assert late.shares(one, several, [15, 25, 50]) == pytest.approx([22 / 15, 32 / 25, 57 / 50])
    assert late.shares(one, one) == pytest.approx([1.0] * len(late.MARKS))


def test_a_regret_that_is_never_reached_takes_for_ever() -> None:
    assert late.reaches([3.0, 2.0, 2.0], 1.0) == math.inf
    assert late.reaches([3.0, 2.0, 2.0], 2.5) == 1.5
    assert late.reaches([3.0, 2.0], 4.0) == 1.0


def test_runs_of_one_worker_and_of_several_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bowl = members()["bowl-5f"]
    for workers in (1, 2):
        keep(perform(bowl.instance(0), "tune", "random", seed=0, trials=16, workers=workers),
             tmp_path)  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["late.py", "--workers=2", str(tmp_path)])
    late.main()
    told = capsys.readouterr().out
    assert "random, all: 1 runs" in told
    assert "15 trials:" in told
    assert "25 trials:" not in told
    assert told.rstrip().endswith(f"{16 / 15:.2f}")
