"""`sonde ui`: one command, and the dashboard is there."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from lab import until
from sonde.cli import run_line
from sonde.cli.ui import PORT
from sonde.tensorboard import hparams as hp
from sonde.tensorboard import summary


@contextmanager
def shown(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run it in a folder; gives the address that it prints."""
    command = [sys.executable, "-m", "sonde", "ui", "--no-browser", *options]
    ui = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert ui.stdout is not None
        yield ui.stdout.readline().strip(), ui
    finally:
        ui.kill()
        ui.communicate()


def test_it_prints_its_address_and_answers_there_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    (tmp_path / ".sonde").mkdir()
    with shown(tmp_path, "--port", "0") as (url, ui):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert "<title>sonde</title>" in httpx.get(url, timeout=60).text
        assert httpx.get(f"{url}/api/v1/view/sweeps", timeout=60).json()["sweeps"] == []
        ui.send_signal(signal.SIGINT)
        assert ui.wait(60) == 0
        assert ui.stderr is not None
        assert "Ctrl-C ends it" in ui.stderr.read()


def test_where_its_port_is_taken_it_takes_a_free_one(tmp_path: Path) -> None:
    (tmp_path / ".sonde").mkdir()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # somebody has it already: taken it is
            other.bind(("127.0.0.1", PORT))
            other.listen()
        with shown(tmp_path) as (url, _):
            assert int(url.rpartition(":")[2]) != PORT
            assert httpx.get(url, timeout=60).status_code == 200


def test_a_second_one_says_where_the_first_one_is(tmp_path: Path) -> None:
    (tmp_path / ".sonde").mkdir()
    with (
        shown(tmp_path, "--port", "0") as (first, _),
        shown(tmp_path, "--port", "0") as (url, second),
    ):
        assert url != first
        second.send_signal(signal.SIGINT)
        assert second.wait(60) == 0
        assert second.stderr is not None
        said = f"a dashboard of this store runs already, at {first}; this is another one"
        assert said in second.stderr.read()


def test_one_that_makes_the_store_says_so_and_the_next_does_not(tmp_path: Path) -> None:
    (tmp_path / ".sonde").mkdir()

    def said() -> str:
        with shown(tmp_path, "--port", "0") as (url, ui):
            httpx.get(url)
            ui.send_signal(signal.SIGINT)
            ui.wait(10)
            assert ui.stderr is not None
            return ui.stderr.read()

    assert "no store was here, so it is new" in said()
    assert "so it is new" not in said()


@pytest.mark.parametrize("command", [["ui"], ["serve"]])
def test_a_busy_port_is_refused_and_no_folder_is_left_behind(
    tmp_path: Path, command: list[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "sonde", *command, "--port", port],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "use another port, or --port 0" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_server_for_all_without_a_token_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_line(["serve", "--host", "0.0.0.0"]) == 2
    assert "make one first: sonde token add NAME" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_logdir_that_is_not_there_is_refused_before_the_server_is_imported(
    tmp_path: Path,
) -> None:
    code = (
        "import sys; from sonde.cli import run_line; code = run_line(['ui', 'nowhere']); "
        "sys.exit(9 if 'fastapi' in sys.modules else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nowhere: there is no such directory; name one with event files" in done.stderr


@pytest.mark.parametrize("port", ["70000", "x"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    command = [sys.executable, "-m", "sonde", "ui", "--port", port]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--port" in done.stderr


def test_a_logdir_is_shown_as_it_grows_and_nothing_is_kept(tmp_path: Path) -> None:
    def write(name: str, lr: float) -> None:
        with summary.create_file_writer(tmp_path / "logs" / name).as_default():
            hp.hparams({"lr": lr})
            summary.scalar("loss", lr, 0)

    def trials(url: str) -> int:
        return len(httpx.get(f"{url}/api/v1/sweeps/logs/trials", timeout=60).json()["trials"])

    write("a", 0.1)
    with shown(tmp_path, "--port", "0", "logs") as (url, ui):
        assert trials(url) == 1
        write("b", 0.2)
        until(lambda: trials(url) == 2)
        ui.send_signal(signal.SIGINT)
        assert ui.wait(60) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_directory_without_event_files_is_refused(tmp_path: Path) -> None:
    with shown(tmp_path, "--port", "0", ".") as (url, ui):
        assert url == ""
        assert ui.wait(60) == 2
        assert ui.stderr is not None
        assert "no event file" in ui.stderr.read()
