"""One sweep with agents on several engines at once, those of this machine among them."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from dask_cluster import DaskCluster
from slurm_cluster import SlurmCluster
from sonde.core.trial import State
from sonde.store import open_store

# A trial ends when trials have begun at all four places, or after a minute.
SCRIPT = """\
kind=here
[ -z "$RAY_JOB_ID$RAY_WORKER_ID$RAY_RAYLET_PID" ] || kind=ray
[ -z "$DASK_KIND" ] || kind=$DASK_KIND
[ -z "$SLURMD_NODENAME" ] || kind=slurm
touch "KINDS/$kind"
n=0
while [ "$(ls KINDS | wc -l)" -lt 4 ] && [ "$n" -lt 600 ]; do sleep 0.1; n=$((n + 1)); done
echo '{"loss": 1}' >> "$SONDE_TRIAL_DIR/reports.jsonl"
echo "$SONDE_TRIAL $kind" >> ENDED
"""


def sonde(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sonde", *words], cwd=folder, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip


def test_one_sweep_has_agents_here_on_ray_on_dask_and_on_slurm(
    tmp_path: Path, cluster: Any, dask: DaskCluster, slurm: SlurmCluster
) -> None:
    kinds, ended, folder = tmp_path / "kinds", tmp_path / "ended", tmp_path / "project"
    kinds.mkdir()
    (folder / ".sonde").mkdir(parents=True)  # else one of a folder above would be used
    script = SCRIPT.replace("KINDS", str(kinds)).replace("ENDED", str(ended))
    (folder / "train.sh").write_text(script)
    begun = sonde(
        folder, "run", "--name", "mine", "-j", "1", "--hyperparam", "x=0:29", "--metric", "loss",
        "--progress", "plain", "sh", "train.sh", "{x}",
    )  # fmt: skip
    assert begun.stderr is not None
    assert "mine: 30 trials" in begun.stderr.readline()
    others = [
        sonde(folder, "agent", "mine", "-j", "2", *place)
        for place in (
            ("--on", "ray", "--address", cluster.address, "--cpus-per-trial", "0.5"),
            ("--on", "dask", "--address", dask.address),
            (
                "--on",
                "slurm(time='1h')",
            ),
        )
    ]
    said: list[str] = []
    for process in (begun, *others):
        _, words = process.communicate(timeout=250)
        said.append(words)
        assert process.returncode == 0, words
    store = open_store(str(folder / ".sonde" / "sonde.db"))
    trials = store.changes(store.find_sweep("mine").id).trials
    store.close()
    assert Counter(trial.state for trial in trials) == {State.DONE: 30}
    again = [(trial.number, trial.agent) for trial in trials if trial.attempts > 1]
    assert not again, (again, said)
    numbers, places = zip(*(line.split() for line in ended.read_text().splitlines()), strict=True)
    assert sorted(map(int, numbers)) == list(range(30))
    assert set(places) == {"here", "ray", "dask", "slurm"}
