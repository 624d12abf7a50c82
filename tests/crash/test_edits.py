"""Edit a sweep while agents are at work, and kill who edits: nothing is lost or done twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from sonde.core.decision import Decision, NewTrial
from sonde.core.edit import Edit
from sonde.core.history import History
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import State
from sonde.editing import edit
from sonde.store import open_store
from sonde.store.protocol import Store, definition_of
from sonde.testing.stores import at

SCRIPT = """\
echo $(cat "$SONDE_PARAMS") >> "$1"
sleep 0.05
echo '{"step": 1, "loss": 1}' >> "$SONDE_TRIAL_DIR/reports.jsonl"
"""


def sweep(written: dict[str, Any], **given: Any) -> Sweep:
    return Sweep(space=space_of(written), method="grid", seed=1, **given)


def assert_whole(store: Store, key: str) -> None:
    """What must be true of a sweep whoever was killed when."""
    changes, versions = store.changes(key), store.versions(key)
    record = changes.record
    assert [version.number for version in versions] == list(range(1, len(versions) + 1))
    assert versions[-1].sweep == record.sweep
    assert record.sweep.version == len(versions)
    counts = Counter(trial.state for trial in changes.trials)
    assert counts == {state: n for state, n in record.counts.items() if n}
    for trial in changes.trials:
        assert definition_of(versions, trial.number).sweep.space.admits(trial.params)
        if trial.state is State.WAITING and not trial.attempts:
            assert record.sweep.space.admits(trial.params)


@pytest.mark.parametrize("seed", range(2))
def test_four_agents_run_each_point_of_the_edited_spaces_exactly_once(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    url, ran = str(tmp_path / "sonde.db"), tmp_path / "ran"
    (tmp_path / "train.sh").write_text(SCRIPT)
    work = Command(argv=("sh", "train.sh", str(ran)), folder=str(tmp_path), workspace="none")
    with closing(open_store(url)) as store:
        key = store.create_sweep(sweep({"x": "1..12"}, work=work), at(0)).id
        command = [sys.executable, "-m", "sonde", "--store", url, "agent", key]
        agents = [
            subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) for _ in range(4)
        ]
        edits = (
            Edit(parameters={"x": "1..9"}),
            Edit(parameters={"x": "1..15"}),
            Edit(parameters={"b": ["p", "q"]}, backfill={"b": "p"}),
            Edit(parameters={"b": "q"}),
        )
        for wish in edits:
            seen = store.get_sweep(key).counts[State.DONE]
            goal, until = seen + rng.randrange(1, 6), time.monotonic() + 10
            while store.get_sweep(key).counts[State.DONE] < goal and time.monotonic() < until:
                time.sleep(0.01)
            edit(store, key, wish.apply, at(1))
            assert_whole(store, key)
        for agent in agents:
            agent.wait(100)
        # Agents that found the sweep done before the last edit have left: one more sees to it.
        subprocess.run(command, cwd=tmp_path, stderr=subprocess.DEVNULL, check=True, timeout=100)
        assert_whole(store, key)
        changes = store.changes(key)
    done = [trial for trial in changes.trials if trial.state is State.DONE]
    assert all(trial.attempts == 1 for trial in done)
    assert {t.state for t in changes.trials} <= {State.DONE, State.CANCELLED}
    told = sorted(json.dumps(dict(trial.params), sort_keys=True) for trial in done)
    lines = ran.read_text().splitlines()
    assert sorted(json.dumps(json.loads(line), sort_keys=True) for line in lines) == told
    history = History(changes.record.sweep)
    history.add(changes.trials)
    assert Counter(t.params["x"] for t in history.told()) == dict.fromkeys(range(1, 16), 1)


def test_an_edit_whose_process_is_killed_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    rng = random.Random(7)
    url = str(tmp_path / "sonde.db")
    narrow = replace(sweep({"x": "1..20", "y": [1]}), method="random")
    wide = replace(sweep({"x": "1..40"}), method="random")
    with closing(open_store(url)) as store:
        key = store.create_sweep(wide, at(0)).id

    def edit_for_ever() -> None:
        with closing(open_store(url)) as own:
            while True:
                for definition in (narrow, wide):
                    record = own.update_sweep(key, at(1), definition=definition)
                    names = {p.name for p in definition.space.parameters}
                    add = [
                        NewTrial(params={n: v for n, v in (("x", x), ("y", 1)) if n in names})
                        for x in range(1, 21)
                    ]
                    own.commit(key, Decision(against=record.revision, add=add), at(1))

    made = 1
    for _ in range(12):
        process = get_context("fork").Process(target=edit_for_ever)
        process.start()
        assert process.pid is not None
        with closing(open_store(url)) as store:
            while len(store.versions(key)) == made:
                assert process.is_alive()
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.1))
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            assert_whole(store, key)
            made = len(store.versions(key))
