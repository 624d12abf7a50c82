"""A server listens when it says so, and leaves cleanly."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sonde.errors import ConfigError
from sonde.server.app import create_app
from sonde.server.serving import Address, serving
from sonde.store.memory import MemoryStore


def test_it_answers_within_the_block_and_not_after_it() -> None:
    with serving(create_app(MemoryStore())) as url:
        assert httpx.get(f"{url}/api/v1/sweeps", timeout=60).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/v1/sweeps", timeout=60)


def test_a_port_that_is_taken_is_refused_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"port {port}: one cannot listen there.*--port 0"),
            serving(create_app(MemoryStore()), Address(port=port)),
        ):
            pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sonde_serve_says_where_and_ends_with_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "x.db"
    with subprocess.Popen(
        [sys.executable, "-m", "sonde", "serve", "--store", str(path), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.fullmatch(r"serving sqlite:///(\S+) at (http://127.0.0.1:\d+); .*\n", line)
        assert found is not None, line
        assert found[1] == str(path)
        assert httpx.get(f"{found[2]}/api/v1/sweeps", timeout=60).json() == []
        os.kill(process.pid, number)
        assert process.wait(100) == 0
        assert process.stderr.read() == ""
