"""Kill anything at any moment: every point is done exactly once, and nothing that was told is lost.

Each seed runs a grid of 30 points with four workers through the real `sonde run`; see `killing`.
"""

from pathlib import Path

import pytest

from killing import run_and_kill, terminal

SEEDS = 100


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_point_is_done_exactly_once_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    (tmp_path / ".sonde").mkdir()
    with terminal(tmp_path, f"{tmp_path}/.sonde/sonde.db") as typing:
        run_and_kill(typing, seed)
