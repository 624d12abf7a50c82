"""What a newcomer is told when a script fails, or reports nothing that is looked for."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli_programs import Place
from sonde.store import open_store

BAD = "lr = 0.1\nprint('begin', lr)\nimport nosuchmodule\n"
FLAKY = """\
import sonde
sonde.init()
lr = sonde.config["lr"]
if lr > 2:
    raise ValueError(f"{lr} is too large")
sonde.log(loss=lr)
"""
FILE = """\
program: {program}
method: grid
metric: {{name: loss}}
{more}
parameters: {{lr: {{values: [1, 2, 3, 4, 5, 0]}}}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("bad.py", BAD)
    place.write("flaky.py", FLAKY)
    yield place
    place.close()


def made(place: Place, program: str, more: str = "") -> str:
    place.write("sweep.yaml", FILE.format(program=program, more=more))
    return place.run("sweep", "sweep.yaml").stdout.strip()


def states(place: Place, sweep: str) -> list[str]:
    """The states of a sweep's trials, read here: a command takes as long as a trial."""
    with closing(open_store(str(place.path / ".sonde" / "sonde.db"))) as store:
        return [str(trial.state) for trial in store.changes(store.find_sweep(sweep).id).trials]


def test_a_script_that_always_fails_is_stopped_after_five_with_its_last_words(place: Place) -> None:
    done = place.run("run", "lr=0..1000", "--name=x", "-j1", "bad.py", code=1)
    assert "(the first 5 trials all failed); exit 1" in done.stderr
    assert "  | ModuleNotFoundError: No module named 'nosuchmodule'" in done.stderr
    assert "go on all the same: sonde resume x; with the files as they are now:" in done.stderr
    place.write("bad.py", BAD.replace("nosuchmodule", "math"))
    place.run("resume", "x", "--update-code", "--trials", "8", code=0)
    found = states(place, "x")
    assert found[:5] == ["failed"] * 5
    assert set(found[5:]) == {"done"}


def test_a_limit_of_ones_own_counts_failures_in_a_row_and_says_how_to_go_on(place: Place) -> None:
    words = ["run", "lr=1,2,3,4,5,0", "--metric=loss", "--name", "x", "-j1", "--max-failures"]
    done = place.run(*words, "2", "flaky.py", code=3)
    assert "(2 trials in a row failed); exit 3" in done.stderr
    assert "x was stopped, as 2 trials in a row failed" in done.stderr
    assert "  | ValueError: 4 is too large" in done.stderr
    place.run("resume", "x", "-j1", code=0)
    assert states(place, "x") == ["done", "done", "failed", "failed", "failed", "done"]


def test_a_sweep_file_has_the_limit_too_and_an_agent_heeds_it(place: Place) -> None:
    sweep = made(place, "bad.py", "max_failures: 2")
    done = place.run("agent", sweep, code=1)
    assert "left: the sweep is stopped: the first 2 trials all failed; 2 trials run" in done.stderr
    assert "  | ModuleNotFoundError" in done.stderr


def test_an_agent_of_which_all_trials_failed_exits_with_1(place: Place) -> None:
    sweep = made(place, "bad.py", "max_failures: 0")
    done = place.run("agent", sweep, code=1)
    assert "left: the first 5 trials that it ran have all failed; 5 trials run" in done.stderr


def test_an_agent_that_leaves_as_too_many_fail_exits_with_3_if_some_did_not(place: Place) -> None:
    sweep = made(place, "flaky.py")
    done = place.run("agent", sweep, "--max-consecutive-failed", "2", code=3)
    assert "left: 2 trials in a row have failed; 4 trials run, 2 failed" in done.stderr


def test_an_agent_says_what_came_of_each_trial_and_which_is_best(place: Place) -> None:
    sweep = made(place, "flaky.py")
    done = place.run("agent", sweep, code=0)
    assert re.search(r"/5 done loss=0 best=#5 0$", done.stderr, re.MULTILINE)
    assert re.search(r"/4 failed: ValueError", done.stderr)


@pytest.mark.parametrize("front", ["run", "agent"])
def test_a_metric_that_never_comes_is_said_once_after_the_first_trial(
    place: Place, front: str
) -> None:
    place.write("prints.py", "lr = 0.1\nprint(f'epoch: 3, val loss: {lr}')\n")
    if front == "run":
        done = place.run("run", "lr=1,2,3", "-j1", "--metric", "val_loss", "prints.py", code=1)
        assert re.search(r"ended 3/3 in .* \(no value of val_loss\); exit 1", done.stderr)
    else:
        done = place.run("agent", made(place, "prints.py").replace("loss", "val_loss"))
    lines = done.stderr.splitlines()
    said = [i for i, line in enumerate(lines) if "never came" in line]
    (first,) = said
    assert any("done" in line for line in lines[:first])
    assert any("done" in line for line in lines[first + 1 :])
    assert "numbers that it printed: epoch: 3, val loss: " in lines[first]
