"""What becomes of machines whose driver loses its connection, and then its life."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pretended_cloud import PretendedCloud
from sonde.core.trial import State
from sonde.store import open_store

TRAIN = "import time\nlr = 0.1\ntime.sleep(4)\nprint(f'loss={lr}')\n"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[PretendedCloud]:
    (tmp_path / "cloud").mkdir()
    cloud = PretendedCloud(tmp_path / "cloud")
    yield cloud
    cloud.close()


def test_a_connection_is_made_again_and_without_a_driver_the_watchdog_ends_all(
    cloud: PretendedCloud, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    words = ["run", "--cloud", cloud.place("20s"), "--num-workers=2", "--yes", "--hyperparam",
             "lr=0.1:0.1:3.0", "--metric", "loss:min", "--metric-regex", "loss=(.*)",
             "--progress", "plain", "--name", "far", "train.py"]  # fmt: skip
    said = tmp_path / "said"
    with said.open("w") as file:
        driver = subprocess.Popen(
            cloud.command(tmp_path, "-m", "sonde", *words), env=cloud.env, stderr=file,
            stdout=file, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    done = said.read_text
    _until(lambda: " done " in done(), 120, done)
    _of(driver, "-T").kill()
    _until(lambda: "trying again" in done(), 20, done)
    before = done().count(" done ")
    _until(lambda: done().count(" done ") > before + 1, 90, done)
    _of(driver, "run").send_signal(signal.SIGKILL)
    driver.wait(100)
    _until(lambda: _states(cloud) == {"terminated"}, 120, done)
    shown = cloud.run(tmp_path, "-m", "sonde", "cloud", "status", "--json")
    (found,) = json.loads(shown.stdout)
    assert (found["machines"], found["driven"]) == ([], False)
    again = cloud.run(tmp_path, "-m", "sonde", "resume", "far", "-j", "8", "--progress", "plain")
    assert again.returncode == 0, again.stderr
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    trials = store.changes(store.find_sweep("far").id).trials
    store.close()
    assert Counter(trial.state for trial in trials) == {State.DONE: 30}


def _until(holds: Callable[[], bool], timeout_s: float, said: Callable[[], str]) -> None:
    until = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < until, said()
        time.sleep(0.5)


def _of(driver: "subprocess.Popen[bytes]", word: str) -> psutil.Process:
    """Return the process below a driver that has a word."""
    found = [
        one for one in psutil.Process(driver.pid).children(recursive=True)
        if word in one.cmdline() and not {"nsenter", "env"} & set(one.cmdline())
    ]  # fmt: skip
    return found[0]


def _states(cloud: PretendedCloud) -> set[str]:
    return {one["State"]["Name"] for one in cloud.instances()}
