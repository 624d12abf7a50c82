"""The Dask executor: the contract, a worker that is killed, and shared devices."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from dask_cluster import DaskCluster
from engines import Acting, Site
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.executors.dask import DaskExecutor
from sonde.executors.resources import Resources
from sonde.testing.executors import ExecutorContract, Silent, until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


class TestDaskExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _at(self, dask: DaskCluster) -> None:
        self.address = dask.address

    def make(self) -> DaskExecutor:
        return DaskExecutor(address=self.address)


def test_devices_are_shared_and_what_no_worker_has_is_refused(
    site: Site, dask: DaskCluster
) -> None:
    listener = Acting(1000, None, site.hold, together=4)
    place = DaskExecutor(address=dask.address)
    result = site.drive(site.sweep(24), place, Resources(gpus=0.5), listener)
    assert (result.code, listener.notes) == (0, [])
    assert {devices for _, _, devices, _ in site.ended} == {"0"}
    assert listener.most == 4  # two on the device of each worker
    place = DaskExecutor(address=dask.address)
    with pytest.raises(ConfigError, match=r"1 cpus, 2 gpus, and worker tcp://.* has"):
        place.room(Resources(gpus=2))
    place.close()


def test_a_worker_that_is_killed_costs_its_trials_an_attempt(site: Site, dask: DaskCluster) -> None:
    third = dask.worker("three")
    listener = Acting(15, third.kill)
    place = DaskExecutor(address=dask.address)
    result = site.drive(site.sweep(60, pause=0.3), place, Resources(cpus=2), listener)
    third.wait()
    assert result.code == 0
    assert Counter(trial.state for trial in result.history.trials) == {State.DONE: 60}
    again = [trial for trial in result.history.trials if trial.attempts > 1]
    site.check_ended(60, again)
    assert [note for note in listener.notes if "is gone" in note] or not again


def test_a_driver_that_is_killed_leaves_no_agent_and_a_sweep_that_resume_ends(
    site: Site, dask: DaskCluster
) -> None:
    site.script(pause=0.5)
    sonde = [sys.executable, "-m", "sonde"]
    there = ["--store", site.store.url, "--on", "dask", "--address", dask.address, "-j", "3"]
    words = ["--hyperparam", "x=0:11", "--metric", "loss", "--name", "mine", "--progress", "none",
             "sh", "train.sh", "{x}"]  # fmt: skip
    driver = subprocess.Popen(
        [*sonde, "run", *there, *words], cwd=site.base / "project", stdout=subprocess.DEVNULL
    )
    until(lambda: len(site.ended) >= 2)
    driver.kill()
    driver.wait()
    record = site.store.find_sweep("mine")
    until(lambda: not site.store.get_sweep(record.id).counts.get(State.RUNNING))
    done = subprocess.run(
        [*sonde, "resume", *there, "mine"], cwd=site.base / "project", capture_output=True,
        text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = site.store.changes(record.id).trials
    assert Counter(trial.state for trial in trials) == {State.DONE: 12}
    site.check_ended(12, [trial for trial in trials if trial.attempts > 1])


def test_without_an_address_one_is_started_here_and_ended(site: Site) -> None:
    before = children()
    result = site.drive(site.sweep(4), DaskExecutor(), Resources(cpus=0.5), Silent())
    assert result.code == 0
    until(lambda: not children() - before)


def children() -> set[psutil.Process]:
    """All processes below this one but the one that Python keeps for its semaphores."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.status() != "zombie" and "resource_tracker" not in str(process.cmdline()):
                found.add(process)
    return found


def test_where_no_scheduler_is_it_says_so() -> None:
    place = DaskExecutor(address="127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"address='127.0.0.1:9'\): nobody answers"):
        place.room(Resources())
    place.close()
