"""A place with a store, and the command line in this process."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_programs import Place
from cli_said import Said, Sonde
from cli_stores import add_sweep, add_trial
from sonde.cli import run_line
from sonde.core.trial import State
from sonde.store import open_store
from sonde.store.protocol import Store, SweepRecord


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, without a store above it."""
    monkeypatch.chdir(tmp_path)
    for name in ("SONDE_STORE", "COLUMNS", "NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".sonde").mkdir()
    return tmp_path


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """The store that commands find there."""
    store = open_store()
    yield store
    store.close()


@pytest.fixture
def cli(place: Path, capsys: pytest.CaptureFixture[str]) -> Sonde:
    """Run a command line in this process."""

    def call(*argv: str, code: int = 0) -> Said:
        capsys.readouterr()
        got = run_line(list(argv))
        captured = capsys.readouterr()
        assert got == code, (captured.out, captured.err)
        return Said(got, captured.out, captured.err)

    return call


@pytest.fixture
def digits(store: Store) -> SweepRecord:
    """A sweep with trials of each kind; #2 is best."""
    record = add_sweep(store)
    rows: list[tuple[dict[str, Any], list[float] | None, State | None]] = [
        ({"lr": 0.1, "opt": "adam"}, [0.9, 0.5], State.DONE),
        ({"lr": 0.01, "opt": "sgd"}, [math.nan], State.DONE),
        ({"lr": 0.001, "opt": "adam"}, [0.4, 0.25], State.DONE),
        ({"lr": 1e-5, "opt": "sgd"}, [0.1], State.FAILED),
        ({"lr": 0.02, "opt": "sgd"}, None, State.DONE),
        ({"lr": 0.5, "opt": "adam"}, [0.7], State.STOPPED),
        ({"lr": 0.3, "opt": "sgd"}, [math.inf], State.DONE),
        ({"lr": 0.05, "opt": "adam"}, [0.6], None),
    ]
    for i, (params, losses, state) in enumerate(rows):
        error = "RuntimeError: out of memory\nmore" if state is State.FAILED else None
        add_trial(store, record.id, params, losses, state, after=10.0 * i, error=error, acc=i / 10)
    return store.get_sweep(record.id)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Place]:
    """A folder with `train.py`, for `sonde` as a process of its own."""
    folder = tmp_path / "my project"
    (folder / ".sonde").mkdir(parents=True)
    desk = Place(folder)
    desk.write("train.py")
    yield desk
    desk.close()
