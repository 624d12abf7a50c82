"""A cluster that is started for one sweep, at a terminal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engines import Site
from sonde.core.trial import State
from sonde.testing.executors import until


@pytest.mark.parametrize("place", ["ray", "dask"])
def test_ctrl_c_lets_trials_end_and_leaves_nothing_of_it(place: str, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.script(pause=1)
    words = ["run", "--store", site.store.url, "--on", place, "--cpus-per-trial", "0.5",
             "--hyperparam", "x=0:30", "--metric", "loss", "--progress", "plain",
             "sh", "train.sh", "{x}"]  # fmt: skip
    driver = subprocess.Popen(
        [sys.executable, "-m", "sonde", *words], cwd=tmp_path / "project", start_new_session=True,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: site.ended)
    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: all of its processes get it
    _, said = driver.communicate(timeout=150)
    assert driver.returncode == 3, said
    (record,) = site.store.list_sweeps()
    states = {trial.state for trial in site.store.changes(record.id).trials}
    assert State.DONE in states
    assert states <= {State.DONE, State.WAITING}
    until(lambda: not site.agents())
    site.store.close()
