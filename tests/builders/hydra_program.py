"""A Hydra program in a folder and with a store of its own, as a user would run it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

CONFIG = """
x: 1.0
y: 1
experiment: none
defaults: [_self_, {db: mysql}]
"""


class Program:
    """A Hydra program in a folder of its own."""

    def __init__(self, folder: Path, body: str) -> None:
        self.folder = folder
        self.store = f"sqlite:///{folder}/sonde.db"
        (folder / "conf" / "db").mkdir(parents=True)
        (folder / "conf" / "config.yaml").write_text(CONFIG)
        for name in ("mysql", "postgresql", "sqlite"):
            (folder / "conf" / "db" / f"{name}.yaml").write_text(f"name: {name}\n")
        head = (
            "import os, time, hydra, sonde\n"
            "@hydra.main(version_base=None, config_path='conf', config_name='config')\n"
            "def main(cfg):\n"
        )
        code = head + textwrap.indent(textwrap.dedent(body), "    ") + "\nmain()\n"
        (folder / "train.py").write_text(code)

    def command(self, *overrides: str) -> list[str]:
        """Return the words that run it as a sweep."""
        words = [
            "hydra/sweeper=sonde",
            f"hydra.sweeper.storage={self.store}",
            "hydra.sweep.dir=out",
        ]
        return [sys.executable, "train.py", "-m", *words, *overrides]

    def run(self, *overrides: str, fails: bool = False) -> str:
        """Run it to its end; return what it printed."""
        done = subprocess.run(
            self.command(*overrides),
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=250, check=False,
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def start(self, *overrides: str) -> "subprocess.Popen[str]":
        """Start it, in a process group of its own."""
        return subprocess.Popen(
            self.command(*overrides),
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip


def kill(process: "subprocess.Popen[str]") -> None:
    """End a program and all that it started, without a word."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(what: Callable[[], bool], seconds: float = 100) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
