"""`--repeats`: every assignment so many times, also if everything is killed on the way."""

import os
import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from cli_programs import Place

SCRIPT = """
import os, random, time
width = 8
random.seed(int(os.environ["SONDE_SEED"]))
time.sleep(0.05)
while width >= 64 and os.path.exists(os.environ.get("HELD", "")):
    time.sleep(0.02)
print(f"loss={1 + 1 / width + random.gauss(0, 0.01)}")
"""
RUN = (
    "run", "--hyperparam=width=8,16,32,64,128", "--metric=loss", r"--metric-regex=loss=(\S+)",
    "--repeats=3", "--name", "x",
)  # fmt: skip


@pytest.fixture
def place(desk: Place) -> Place:
    desk.write("noisy.py", SCRIPT)
    return desk


def test_the_best_has_the_best_mean_and_is_told_with_its_error_and_its_probability(
    place: Place,
) -> None:
    done = place.run(*RUN, "-j", "2", "noisy.py")
    assert "15 trials, each assignment 3 times" in done.stderr
    assert re.search(r"12 +✓ done +3/3 +1\.\d+ ± 0\.\d+", done.stdout)
    trials = place.trials("x")
    assert [t["params"]["width"] for t in trials] == [
        w for w in (8, 16, 32, 64, 128) for _ in "abc"
    ]
    assert [t["number"] for t in trials] == list(range(15))
    assert [t["origin"] for t in trials] == ["method", "repeat", "repeat"] * 5
    assert [t["repeat_of"] for t in trials[:4]] == [None, 0, 0, None]
    assert len({t["seed"] for t in trials}) == 15
    look = place.run("best", "x").stdout
    assert re.search(r"best of 5 with probability [01]\.\d\d; ", look)
    assert "only repeats measure noise" not in look
    (best,) = place.json("best", "x")
    values = [one["value"] for one in best["repeats"]]
    assert best["value"] == pytest.approx(sum(values) / 3)
    assert (best["n"], len(values)) == (3, 3)
    assert 0 < best["certainty"]["p_best"] <= 1
    low, high = best["certainty"]["interval"]
    assert low < best["value"] + 0.01
    assert high > best["value"] - 0.01
    folded = place.json("trials", "x", "--fold", "--sort", "value")
    assert [row["number"] for row in folded][-2:] == [3, 0]
    assert [len(row["repeats"]) for row in folded] == [3] * 5


def test_killed_and_gone_on_with_every_point_is_run_exactly_so_often(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = place.path.parent / "hold"
    hold.touch()
    monkeypatch.setenv("HELD", str(hold))
    process = place.start(*RUN, "-j", "4", "noisy.py")
    place.wait("x", lambda counts: counts.get("done", 0) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    hold.unlink()
    place.run(*RUN, "-j", "4", "noisy.py")
    trials = place.trials("x")
    assert Counter(t["params"]["width"] for t in trials) == dict.fromkeys((8, 16, 32, 64, 128), 3)
    assert {t["state"] for t in trials} == {"done"}
    assert [t["number"] for t in trials] == list(range(15))
    folders = {Path(f.path).name for f in os.scandir(next(place.path.glob(".sonde/trials/*")))}
    assert {str(n) for n in range(15)} <= folders


def test_the_budget_counts_trials_and_what_was_half_done_is_completed_with_more(
    place: Place,
) -> None:
    done = place.run(*RUN, "--trials=4", "-j", "1", "noisy.py")
    assert "4 are 1 assignments of 3 repeats, and 1 of a last one" in done.stderr
    assert [t["number"] for t in place.json("best", "x", "-n", "9")] == [0]
    place.run(*RUN, "--trials=6", "-j", "1", "noisy.py")
    counts = Counter(t["params"]["width"] for t in place.trials("x"))
    assert list(counts.values()) == [3, 3]
