"""Kill an agent, and the server, in the middle of an upload: all of it arrives, once."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ports import free_port
from sonde.agent.folder import source_folder
from sonde.agent.snapshot import take
from sonde.controller import utc_now
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import State
from sonde.store import open_store

SCRIPT = """\
seq 1 100000
head -c 40000000 BASE/random > "$SONDE_TRIAL_DIR/artifacts/model.bin"
echo $SONDE_PARAM_X > "$SONDE_TRIAL_DIR/artifacts/x"
"""
LOG = b"".join(b"%d\n" % n for n in range(1, 100001))
DEADLINE_S = 200.0


class Site:
    """A server, an agent in a folder of its own, and the processes of both."""

    def __init__(self, base: Path) -> None:
        self.base, self.root = base, base / ".sonde"
        self.data = random.Random(1).randbytes(40_000_000)
        (base / "random").write_bytes(self.data)
        folder = base / "project"
        folder.mkdir()
        (folder / "train.sh").write_text(SCRIPT.replace("BASE", str(base)))
        self.store = open_store(str(self.root / "sonde.db"))
        command = Command(argv=("sh", "train.sh"), folder=str(folder))
        sweep = Sweep(space=space_of({"x": [7]}), method="grid", work=command)
        self.sweep = self.store.create_sweep(sweep, utc_now()).id
        take(command, source_folder(self.root, self.sweep))
        self.processes: list[subprocess.Popen[str]] = []
        self.port = free_port()
        self.server = self.serve()
        self.agent = self.start_agent()

    def serve(self) -> subprocess.Popen[str]:
        """Start the server, on its port."""
        server = self._start("serve", "--store", self.store.url, "--port", str(self.port))
        assert server.stderr is not None
        line = server.stderr.readline()
        assert f" at http://127.0.0.1:{self.port};" in line, line
        return server

    def start_agent(self) -> subprocess.Popen[str]:
        folder = self.base / "far"
        folder.mkdir(exist_ok=True)
        url = f"http://127.0.0.1:{self.port}/{self.sweep}"
        return self._start("agent", url, "--allow-command", "*", cwd=folder)

    def _start(self, *argv: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "sonde", *argv],
            cwd=cwd or self.base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if argv[0] == "serve" else subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        return process

    @property
    def come(self) -> int:
        """How many bytes of the file have come, while it is on its way."""
        parts = self.root.glob("uploads/*/*")
        return sum(size for part in parts if (size := _size(part)) is not None)

    @property
    def is_whole(self) -> bool:
        return any(self.root.glob("objects/*/*"))

    def wait_for(self, what: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not what():
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        self.store.close()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.mark.parametrize("seed", range(3))
def test_a_file_comes_whole_though_both_sides_are_killed_on_its_way(site: Site, seed: int) -> None:
    rng = random.Random(seed)
    victims = ["server", "agent"]
    rng.shuffle(victims)
    least = 0
    for victim in victims:
        site.wait_for(lambda least=least: site.come > least or site.is_whole)  # type: ignore[misc]
        time.sleep(rng.uniform(0, 0.05))
        process = site.server if victim == "server" else site.agent
        process.kill()
        process.wait()
        least = site.come
        assert least or site.is_whole  # what came is there still, and is gone on with
        if victim == "server":
            site.server = site.serve()
        else:
            # It had told how the trial ended before it sent the file: nothing is run again.
            site.agent = site.start_agent()
    assert site.agent.wait(DEADLINE_S) == 0
    (trial,) = site.store.changes(site.sweep).trials
    assert (trial.state, trial.attempts) == (State.DONE, 1)
    left = site.root / "trials" / site.sweep / "0"
    assert (left / "stdout.log").read_bytes() == LOG
    assert (left / "artifacts" / "model.bin").read_bytes() == site.data
    assert (left / "artifacts" / "x").read_text() == "7\n"
    assert not site.come
    assert not os.path.lexists(site.base / "far/.sonde/trials" / site.sweep / "0/unsent.json")
