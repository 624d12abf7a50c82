"""Trials that run in the user's own folder, and the event files that they leave there."""

import sys
from contextlib import closing
from pathlib import Path

from lab import Lab, until
from sonde.agent.in_place import Claim, Surroundings
from sonde.core.trial import Trial
from sonde.tensorboard.summary import FileWriter

SCRIPT = """
import os, pathlib, sys, time
from sonde.tensorboard.summary import FileWriter
x = float(os.environ["SONDE_PARAM_X"])
meet = pathlib.Path(sys.argv[1])
writer = FileWriter(sys.argv[2].format(os.environ["SONDE_TRIAL_DIR"]))
writer.scalar("loss", x, step=0)
(meet / str(x)).touch()
while len(list(meet.iterdir())) < int(sys.argv[3]):
    time.sleep(0.01)
writer.scalar("loss", x * 2, step=1)
writer.close()
"""


def trials(lab: Lab, at_once: int = 1, where: str = "runs") -> list[Trial]:
    """Run a script that writes event files, so many at once."""
    lab.script(SCRIPT, "train.py")
    meet = lab.base / "meet"
    meet.mkdir()
    argv = (sys.executable, "train.py", str(meet), where, str(at_once))
    space = {"x": [1.0, 2.0]}
    sweep = lab.sweep(*argv, space=space, metric="loss", command={"workspace": "none"})
    lab.run(sweep, workers=at_once)
    return list(lab.trials(sweep))


def write(folder: Path, value: float) -> None:
    with closing(FileWriter(str(folder))) as writer:
        writer.scalar("loss", value, step=0)


def begun(surroundings: Surroundings) -> Claim:
    claim = surroundings.begin()
    assert claim is not None
    return claim


def test_event_files_that_a_trial_makes_or_makes_longer_in_the_folder_are_its_own(
    lab: Lab,
) -> None:
    write(lab.folder / "runs", 99.0)  # of the user, from before
    first, second = trials(lab)
    assert (first.metrics["loss"].last, first.metrics["loss"].count) == (2.0, 2)
    assert (second.metrics["loss"].last, second.metrics["loss"].count) == (4.0, 2)
    assert "notes" not in first.facts


def test_those_of_trials_that_run_at_once_are_left_out_and_it_is_said(lab: Lab) -> None:
    for trial in trials(lab, at_once=2):
        assert trial.state == "done"
        assert not trial.metrics or trial.metrics["loss"].last == trial.params["x"]
        assert "write them under SONDE_TRIAL_DIR" in trial.facts["notes"][0]


def test_those_under_the_trials_own_folder_count_however_many_run_at_once(lab: Lab) -> None:
    found = trials(lab, at_once=2, where="{}/logs")
    assert [trial.metrics["loss"].last for trial in found] == [2.0, 4.0]


def test_a_folder_is_one_trials_until_another_joins_and_again_when_all_have_left(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    here, there = (Surroundings(folder, tmp_path / ".sonde") for _ in range(2))
    one = begun(here)
    write(folder / "a", 1.0)
    assert [scalar.value for scalar in one.poll()] == [1.0]
    two = begun(there)
    assert not two.is_alone
    write(folder / "b", 2.0)
    assert (one.poll(), two.poll(), one.is_alone) == ([], [], False)
    one.close()
    three = begun(here)  # beside the second one
    assert not three.is_alone
    two.close()
    three.close()
    write(folder / "c", 3.0)
    four = begun(here)
    write(folder / "d", 4.0)
    assert [scalar.value for scalar in four.poll()] == [4.0]
    four.close()


def test_a_trial_of_an_agent_that_died_holds_nothing(lab: Lab) -> None:
    lab.script(f"echo $$ >> {str(lab.base)!r}/pids; sleep 60")
    sweep = lab.sweep("sh", "train.sh", command={"workspace": "none"})
    agent = lab.spawn(sweep)
    until(lab.pids)
    for is_alone in (False, True):
        claim = begun(Surroundings(lab.folder, lab.root))
        assert claim.is_alone == is_alone
        claim.close()
        agent.kill()
        agent.wait()
