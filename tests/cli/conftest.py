"""Stores for the commands to read, made through the protocol."""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sonde.cli.group import sonde
from sonde.core.decision import Decision, NewTrial
from sonde.core.distributions import Choice, Float
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.space import Parameter, Space
from sonde.core.sweep import Budget, Command, Control, Sweep
from sonde.core.trial import Outcome, Report, State
from sonde.store import open_store
from sonde.store.protocol import Ask, Store, SweepRecord

BEGIN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SPACE = Space(
    (Parameter("lr", Float(1e-5, 1.0, log=True)), Parameter("opt", Choice(["adam", "sgd"])))
)
GOAL = Goal(metric="loss", direction=Direction.MINIMIZE, summary=SummaryKind.MIN)
COMMAND = Command(argv=("train.py", "30"), folder="/home/anne/digits", script="train.py",
                  substitute="syntax")  # fmt: skip

Sonde = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, without a store above it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SONDE_STORE", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / ".sonde").mkdir()
    return tmp_path


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    """The store that commands find there."""
    store = open_store()
    yield store
    store.close()


@pytest.fixture
def cli(place: Path) -> Sonde:
    """Run a command line in this process, as `sonde.cli.main` would."""

    def run(*argv: str, env: Mapping[str, str] | None = None, code: int | None = 0) -> Result:
        result = CliRunner().invoke(sonde, list(argv), env=dict(env or {}), catch_exceptions=True)
        if code is not None:
            assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def add_sweep(store: Store, **changes: Any) -> SweepRecord:
    """Add a sweep of `train.py`."""
    given: dict[str, Any] = {
        "space": SPACE,
        "goals": (GOAL,),
        "method": "random",
        "budget": Budget(trials=10),
        "work": COMMAND,
        "name": "digits",
    }
    return store.create_sweep(Sweep(**(given | changes)), BEGIN)


def add_trial(
    store: Store,
    sweep: str,
    params: Mapping[str, Any],
    losses: list[float] | None = None,
    state: State | None = State.DONE,
    *,
    after: float = 0.0,
    took: float = 5.0,
    error: str | None = None,
    **others: float,
) -> int:
    """Add a trial, run it and end it; with `state=None` it goes on running."""
    now = BEGIN + timedelta(seconds=after)
    record = store.get_sweep(sweep)
    decision = Decision(against=record.revision, add=[NewTrial(params=params)])
    ask = Ask(agent="host/boot/ns/1/2", lease_s=1e9)
    _, (lease,) = store.commit(sweep, decision, now, ask)
    reports = [
        Report(step, {"loss": loss, **others}, now.timestamp() + step)
        for step, loss in enumerate(losses or [])
    ]
    if reports:
        store.report(lease, 1, reports, now)
    if state is not None:
        end = now + timedelta(seconds=took)
        store.finish(lease, Outcome(state=state, error=error), end)
    return lease.number


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


__all__ = ["BEGIN", "COMMAND", "GOAL", "SPACE", "Control", "Sonde", "add_sweep", "add_trial"]
