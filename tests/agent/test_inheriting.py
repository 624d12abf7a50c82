"""A trial that goes on from another begins with its checkpoint: with all of it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sonde.agent.folder import TrialFolder
from sonde.agent.inheriting import inherit
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Command, Sweep
from sonde.core.trial import Lease, State, Trial
from sonde.errors import ConfigError
from sonde.store import open_store

FILES = 800
SCRIPT = f"""\
import json, os, pathlib
kept = pathlib.Path(os.environ["SONDE_CHECKPOINT_DIR"])
parts = len(list(kept.glob("part-*")))
line = (kept / "line").read_text().split() if (kept / "line").exists() else []
parent = os.environ.get("SONDE_PARENT", "-")
with open(os.environ["SONDE_TRIAL_DIR"] + "/reports.jsonl", "a") as out:
    out.write(json.dumps({{"loss": float(os.environ["SONDE_PARAM_X"]), "parts": parts}}) + "\\n")
if os.environ["SONDE_TRIAL"] not in line:
    line.append(os.environ["SONDE_TRIAL"])
if not parts:
    for number in range({FILES}):
        (kept / f"part-{{number}}").write_text("x")
(kept / "line").write_text(" ".join(line))
"""


def lease(number: int, origin: str) -> Lease:
    now = datetime.now(UTC)
    return Lease(
        sweep="s", number=number, attempt=1, agent="a", until=now, params={}, origin=origin
    )


def test_the_whole_checkpoint_is_there_at_once(tmp_path: Path) -> None:
    parent, child = (TrialFolder(tmp_path, "s", number, 1) for number in (3, 8))
    parent.create({})
    (parent.checkpoint / "deep").mkdir()
    (parent.checkpoint / "deep" / "weights").write_text("42")
    for _ in inherit(child, lease(8, "from 3 instead of 5")):
        assert not child.checkpoint.exists()
    child.create({})
    assert (child.checkpoint / "deep" / "weights").read_text() == "42"
    assert [path.name for path in child.path.iterdir() if "checkpoint" in path.name] == [
        "checkpoint"
    ]


def test_a_further_attempt_goes_on_from_its_own(tmp_path: Path) -> None:
    parent, child = (TrialFolder(tmp_path, "s", number, 1) for number in (3, 8))
    parent.create({})
    (parent.checkpoint / "weights").write_text("parent's")
    child.create({})
    (child.checkpoint / "weights").write_text("its own")
    list(inherit(TrialFolder(tmp_path, "s", 8, 2), lease(8, "from 3")))
    assert (child.checkpoint / "weights").read_text() == "its own"


def test_what_a_killed_attempt_left_half_copied_is_removed(tmp_path: Path) -> None:
    parent, child = (TrialFolder(tmp_path, "s", number, 1) for number in (3, 8))
    parent.create({})
    (parent.checkpoint / "weights").write_text("parent's")
    half = child.path / "checkpoint.0123abcd.part"
    half.mkdir(parents=True)
    (half / "weights").write_text("hal")
    list(inherit(child, lease(8, "from 3")))
    assert not half.exists()
    assert (child.checkpoint / "weights").read_text() == "parent's"


def test_a_checkpoint_that_is_on_another_machine_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="goes on from trial 3, whose checkpoint is not here"):
        list(inherit(TrialFolder(tmp_path, "s", 8, 1), lease(8, "from 3")))


def test_a_script_that_leaves_no_checkpoint_is_told_to(tmp_path: Path) -> None:
    TrialFolder(tmp_path, "s", 3, 1).create({})
    with pytest.raises(ConfigError, match=r"trial 3, which left no checkpoint .*save one"):
        list(inherit(TrialFolder(tmp_path, "s", 8, 1), lease(8, "from 3")))


def test_a_trial_that_comes_from_none_begins_with_nothing(tmp_path: Path) -> None:
    child = TrialFolder(tmp_path, "s", 8, 1)
    list(inherit(child, lease(8, "instead of 3")))
    assert not child.path.exists()


def line_of(trials: list[Trial], number: int) -> list[int]:
    """Return a trial's ancestors and itself, as the store has them."""
    line = [number]
    while (lineage := trials[line[0]].lineage) is not None and lineage.parent is not None:
        line.insert(0, lineage.parent)
    return line


def test_agents_killed_amid_a_copy_leave_nothing_that_is_trained_from(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    url = str(tmp_path / ".sonde" / "sonde.db")
    (tmp_path / ".sonde").mkdir()
    work = Command(argv=(sys.executable, "train.py"), folder=str(tmp_path), workspace="none")
    sweep = Sweep(
        space=space_of({"x": "uniform(0, 1)"}),
        goals=(Goal(metric="loss"),),
        method="pbt(population=3)",
        budget=Budget(trials=9),
        work=work,
        lease_s=600.0,
    )
    with closing(open_store(url)) as store:
        key = store.create_sweep(sweep, datetime.now(UTC)).id
        command = [sys.executable, "-m", "sonde", "--store", url, "agent", key]
        trials = tmp_path / ".sonde" / "trials" / key
        killed = 0
        while killed < 2:
            agent = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
            while agent.poll() is None:
                if any(trials.glob("*/checkpoint.*.part")):
                    os.kill(agent.pid, signal.SIGKILL)
                    agent.wait()
                    killed += 1
                time.sleep(0.001)
            if agent.wait() == 0:
                break
        assert killed == 2
        agents = [
            subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) for _ in range(2)
        ]
        assert [agent.wait(100) for agent in agents] == [0, 0]
        found = list(store.changes(key).trials)
    assert [trial.state for trial in found] == [State.DONE] * 9
    for trial in found:
        line = line_of(found, trial.number)
        kept = (trials / str(trial.number) / "checkpoint" / "line").read_text()
        assert kept == " ".join(map(str, line))
        parts = trial.metrics["parts"]
        assert {parts.min, parts.max} == {0 if len(line) == 1 else FILES}
    assert not list(trials.glob("*/checkpoint.*.part"))
