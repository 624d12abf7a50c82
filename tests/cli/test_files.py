"""What a trial printed and left is had with the same commands, wherever it ran."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab, until
from served import served
from sonde.agent.loop import Options, run
from sonde.controller import utc_now
from sonde.core.sweep import Control
from sonde.store.protocol import SweepRecord

SCRIPT = """\
seq 1 3; echo odd >&2
mkdir "$SONDE_TRIAL_DIR/artifacts/plots"
echo picture > "$SONDE_TRIAL_DIR/artifacts/plots/loss.png"
head -c 6000000 /dev/zero > "$SONDE_TRIAL_DIR/artifacts/model.bin"
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "home")
    yield lab
    lab.close()


@pytest.fixture
def url(lab: Lab) -> Iterator[str]:
    with served(lab.store, decides=True) as client:
        yield str(client.base_url).rstrip("/")


def made(lab: Lab, text: str) -> SweepRecord:
    lab.script(text)
    return lab.sweep("sh", "train.sh", name="x")


def run_far(url: str, sweep: SweepRecord, far: Path) -> None:
    """Run the sweep's trials on another machine."""
    far.mkdir(exist_ok=True)
    options = Options(store_url=url, sweep=sweep.id, root=far / ".sonde", folder=far, allow=("*",))
    run(options)


def sonde(folder: Path, *argv: str, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    """Type a command in a folder."""
    line = [sys.executable, "-m", "sonde", *argv]
    done = subprocess.run(line, cwd=folder, capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("how", ["a file, run here", "a server, run elsewhere", "seen from there"])
def test_logs_and_artifacts_are_had_alike(lab: Lab, url: str, tmp_path: Path, how: str) -> None:
    sweep = made(lab, SCRIPT)
    third, far = tmp_path / "third", tmp_path / "far"
    third.mkdir()
    store = lab.store.url if how == "a file, run here" else url
    folder = far if how == "seen from there" else third
    if how == "a file, run here":
        lab.run(sweep)
    else:
        run_far(url, sweep, far)
    assert sonde(folder, "--store", store, "logs", "x/0").stdout == b"1\n2\n3\n"
    assert sonde(folder, "--store", store, "logs", "-f", "--stderr", "x/0").stdout == b"odd\n"
    listed = sonde(folder, "--store", store, "artifacts", "x/0", "--format", "json").stdout
    assert json.loads(listed) == [
        {"path": "model.bin", "size": 6_000_000},
        {"path": "plots/loss.png", "size": 8},
    ]
    assert b"6 MB" in sonde(folder, "--store", store, "artifacts", "x/0").stdout
    said = sonde(third, "--store", store, "artifacts", "x/0", "-o", "got").stderr
    assert said == b"2 files, 6 MB, are in got\n"
    assert (third / "got/model.bin").read_bytes() == bytes(6_000_000)
    sonde(third, "--store", store, "artifacts", "x/0", "plots/*", "-o", "some")
    assert [path.name for path in (third / "some").rglob("*") if path.is_file()] == ["loss.png"]
    said = sonde(folder, "--store", store, "artifacts", "x/0", "nothing", code=2).stderr
    assert said == b"sonde: x/0 left no nothing\n"


def test_a_log_on_a_server_is_followed_to_the_trials_end(
    lab: Lab, url: str, tmp_path: Path
) -> None:
    sweep = made(lab, "echo one; while [ ! -e go ]; do sleep 0.1; done; echo two\n")
    thread = threading.Thread(target=run_far, args=(url, sweep, tmp_path / "far"))
    thread.start()
    follow = subprocess.Popen(
        [sys.executable, "-m", "sonde", "--store", url, "logs", "-f", "x/0"],
        cwd=tmp_path, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert follow.stdout is not None
    with follow:
        assert follow.stdout.readline() == b"one\n"
        (work,) = (tmp_path / "far").rglob("0/work")
        (work / "go").touch()
        assert follow.stdout.read() == b"two\n"
    thread.join()


def test_of_a_trial_that_has_none_it_is_said(lab: Lab, url: str, tmp_path: Path) -> None:
    sweep = made(lab, "exec sleep 60\n")
    thread = threading.Thread(target=run_far, args=(url, sweep, tmp_path / "far"))
    thread.start()
    until(lambda: lab.trials(sweep))
    said = sonde(tmp_path, "--store", url, "artifacts", "x/0")
    assert (said.stdout, said.stderr) == (b"", b"x/0 left no artifacts\n")
    assert (
        b"stdout.log is not there" in sonde(tmp_path, "--store", url, "logs", "x/0", code=2).stderr
    )
    lab.store.update_sweep(sweep.id, utc_now(), control=Control.CANCELLED)
    thread.join()


@pytest.mark.parametrize("size", ["much", "5XB", "-1", "1e9"])
def test_a_size_that_is_none_is_refused(tmp_path: Path, size: str) -> None:
    said = sonde(tmp_path, "serve", f"--artifact-limit={size}", code=2).stderr.decode()
    assert said == f"sonde: --artifact-limit {size}: that is no size; write such as 500MB or 2GB\n"
