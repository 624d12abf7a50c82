"""`sonde agent --on PLACE`: agents of another place, for a sweep that is run already."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_programs import Place

# The first trial that runs waits for another one to run beside it.
TRAIN = """\
import os, time
import sonde
sonde.init()
open(f"{os.environ['BESIDE']}/{os.environ['SONDE_TRIAL']}", "w").close()
until = time.time() + 60
while len(os.listdir(os.environ["BESIDE"])) < 2 and time.time() < until:
    time.sleep(0.02)
sonde.log(loss=sonde.config["lr"])
"""
FILE = """\
program: train.py
method: grid
metric: {name: loss}
parameters: {lr: {values: [1, 2, 3, 4]}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("train.py", TRAIN)
    place.write("sweep.yaml", FILE)
    (tmp_path / "beside").mkdir()
    yield place
    place.close()


def test_agents_of_a_place_run_trials_beside_those_that_run_the_sweep(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESIDE", str(place.path / "beside"))
    first = place.start(
        "run", "lr=1,2,3,4", "--metric=loss", "--name", "x", "-j1", "--progress", "plain",
        "train.py",
    )  # fmt: skip
    place.wait("x", lambda counts: counts.get("running", 0) == 1)
    done = place.run("agent", "x", "--on", "local", "-j", "1", "--cpus-per-trial", "0.5", code=0)
    assert re.search(r"finished 4/4 in .* best=#0 loss=1; exit 0", done.stderr)
    assert first.wait(60) == 0
    assert {trial["state"] for trial in place.trials("x")} == {"done"}
    assert {trial["attempts"] for trial in place.trials("x")} == {1}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--on", "dask", "--count", "3"),
            "--count with --on dask: it is for an agent of this machine; leave it out",
        ),
        (
            ("--mem-per-trial", "4GB"),
            "--mem-per-trial: an agent counts cores and devices only; add --on PLACE",
        ),
        (("--on", "rya"), "--on rya: there is no such place; did you mean ray?"),
    ],
)
def test_what_an_agent_elsewhere_cannot_have_is_refused(
    place: Place, words: tuple[str, ...], message: str
) -> None:
    assert message in place.run("agent", "none", *words, code=2).stderr
