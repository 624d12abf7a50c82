"""`wandb.sweep` and `wandb.agent`."""

import gc
import os
import time
import weakref
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sonde.wandb as wandb
from sonde.core.sweep import Command, Function
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError, ConfigErrors, NotFoundError
from sonde.store import open_store
from sonde.store.protocol import SweepRecord

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}, "opt": {"parameters": {"b": {"value": 1}}}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("WANDB_", "SONDE_")):
            monkeypatch.delenv(name)
    (tmp_path / ".sonde").mkdir()
    return tmp_path


def stored(sweep: str) -> tuple[SweepRecord, list[Trial]]:
    with closing(open_store(None)) as store:
        changes = store.changes(sweep)
    return changes.record, list(changes.trials)


def train() -> None:
    with wandb.init(config={"lr": 9, "bs": 8}):
        config = wandb.config
        wandb.log({"loss": config.lr * config.opt["b"], "bs": config.bs})


@pytest.mark.parametrize("workers", [0, 2])
def test_a_function_is_called_once_for_each_point_with_nested_values(workers: int) -> None:
    sweep = wandb.sweep(GRID, project="p")
    wandb.agent(sweep, train, workers=workers)
    record, trials = stored(sweep)
    assert [(t.state, t.params["lr"], t.metrics["loss"].last) for t in trials] == [
        (State.DONE, 0.1, 0.1), (State.DONE, 0.2, 0.2), (State.DONE, 0.3, 0.3),
    ]  # fmt: skip
    assert record.state == "done"
    assert isinstance(record.sweep.work, Function)
    assert record.sweep.work.name == "train"


@pytest.mark.parametrize("workers", [0, 1])
def test_count_is_how_many_this_call_runs(workers: int) -> None:
    sweep = wandb.sweep(GRID)
    wandb.agent(f"anne/p/{sweep}", train, count=2, workers=workers)
    assert [t.state for t in stored(sweep)[1] if t.state is State.DONE] == [State.DONE] * 2
    wandb.agent(sweep, train, count=5, workers=workers)
    assert [t.state for t in stored(sweep)[1]] == [State.DONE] * 3


def test_what_a_function_returns_means_nothing_and_an_error_fails_its_trial_only() -> None:
    def fails_once() -> str:
        with wandb.init():
            if wandb.config.lr == 0.2:
                raise RuntimeError("no luck")
            wandb.log({"loss": 1.0})
        return "text"

    sweep = wandb.sweep(GRID)
    wandb.agent(sweep, fails_once, workers=0)
    states = [(t.state, t.error) for t in stored(sweep)[1]]
    assert states == [
        (State.DONE, None), (State.FAILED, "RuntimeError: no luck"), (State.DONE, None),
    ]  # fmt: skip


def test_an_exit_code_other_than_0_fails_the_trial() -> None:
    def gives_up() -> None:
        wandb.init()
        wandb.finish(exit_code=3)

    sweep = wandb.sweep(GRID)
    wandb.agent(sweep, gives_up, workers=0, count=1)
    (trial,) = (t for t in stored(sweep)[1] if t.state is not State.WAITING)
    assert trial.error == "RuntimeError: the run was finished with exit code 3"


def test_the_agent_leaves_when_trial_after_trial_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_AGENT_MAX_INITIAL_FAILURES", "2")

    def fails() -> None:
        raise RuntimeError("no luck")

    sweep = wandb.sweep(GRID)
    wandb.agent(sweep, fails)
    assert [t.state for t in stored(sweep)[1]].count(State.FAILED) == 2


def test_no_number_of_failures_ends_it_with_wandbs_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_AGENT_DISABLE_FLAPPING", "true")

    def fails() -> None:
        raise RuntimeError("no luck")

    sweep = wandb.sweep(GRID | {"parameters": {"lr": {"values": list(range(8))}}})
    wandb.agent(sweep, fails, workers=0)
    assert len(stored(sweep)[1]) == 8


@pytest.mark.parametrize("workers", [0, 1])
def test_each_result_is_said_and_once_that_the_metric_has_another_name(
    workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    wandb.agent(wandb.sweep(GRID), train, workers=workers)
    assert "trial 1 done loss=0.2\n" in capsys.readouterr().err
    other = wandb.sweep(GRID | {"metric": {"name": "los", "goal": "minimize"}})
    wandb.agent(other, train, workers=workers)
    said = [line for line in capsys.readouterr().err.splitlines() if "never came" in line]
    text = "los never came; metrics that did: loss, bs; did you mean loss?"
    assert said == [f"sonde: trial 0: {text}"]


def test_a_function_that_always_fails_is_called_five_times_and_that_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails() -> None:
        raise RuntimeError("no luck")

    sweep = wandb.sweep(GRID | {"parameters": {"lr": {"values": list(range(8))}}})
    wandb.agent(sweep, fails, workers=0)
    assert f"{sweep} was stopped: the first 5 trials all failed" in capsys.readouterr().err


def test_a_trial_that_fails_after_it_was_marked_as_preempting_is_run_again() -> None:
    def preempted() -> None:
        with wandb.init():
            if not Path("again").exists():
                Path("again").touch()
                wandb.mark_preempting()
                raise RuntimeError("the machine goes away")
            wandb.log({"loss": 1.0})

    sweep = wandb.sweep(GRID)
    wandb.agent(sweep, preempted)
    trials = stored(sweep)[1]
    assert [t.state for t in trials] == [State.DONE] * 3
    assert (trials[0].attempts, trials[0].failures) == (2, 0)


@pytest.mark.parametrize("workers", [0, 1])
def test_early_terminate_ends_the_function_at_its_next_log(workers: int) -> None:
    def long() -> None:
        with wandb.init():
            good = wandb.config.lr == 0.1
            for _ in range(30 if good else 1000):
                wandb.log({"loss": wandb.config.lr})
                time.sleep(0.0 if good else 0.1)

    # One band, after three values: a trial is judged at the highest band that it has reached.
    rule = {"type": "hyperband", "max_iter": 300, "s": 1, "eta": 100}
    parameters = {"lr": {"values": [0.1, 0.2]}}
    sweep = wandb.sweep(GRID | {"early_terminate": rule, "parameters": parameters})
    wandb.agent(sweep, long, workers=workers)
    assert [t.state for t in stored(sweep)[1]] == [State.DONE, State.STOPPED]


def test_what_a_trial_held_is_freed_before_the_next_one_begins() -> None:
    class Model:
        def __init__(self) -> None:
            self.itself = self

    alive: list[weakref.ref[Model]] = []
    before: list[int] = []

    def builds() -> None:
        before.append(sum(model() is not None for model in alive))
        alive.append(weakref.ref(Model()))
        with wandb.init():
            wandb.log({"loss": 1.0})

    gc.disable()
    try:
        wandb.agent(wandb.sweep(GRID), builds, workers=0)
    finally:
        gc.enable()
    assert before == [0, 0, 0]


def test_a_sweep_with_a_program_needs_no_function(folder: Path) -> None:
    (folder / "train.py").write_text(
        "import sonde.wandb as wandb\nwith wandb.init():\n"
        "    wandb.log({'loss': wandb.config.lr})\n    assert wandb.config.opt == {'b': 1}\n"
    )
    sweep = wandb.sweep(GRID | {"program": "train.py"})
    wandb.agent(sweep)
    record, trials = stored(sweep)
    assert isinstance(record.sweep.work, Command)
    assert [t.metrics["loss"].last for t in trials] == [0.1, 0.2, 0.3]


def test_a_file_and_a_function_name_a_sweep_too(folder: Path) -> None:
    (folder / "s.yaml").write_text("method: random\nparameters: {x: {min: 0.0, max: 1.0}}\n")
    assert stored(wandb.sweep("s.yaml"))[0].sweep.method == "random"
    assert stored(wandb.sweep(lambda: GRID))[0].sweep.method == "grid"


def test_a_sweep_learns_from_prior_ones() -> None:
    first = wandb.sweep(GRID)
    wandb.agent(first, train, workers=0)
    second = wandb.sweep(GRID, prior_runs=[f"{first}/0"])
    assert [one.id for one in stored(second)[0].sweep.earlier] == [first]


def test_what_is_wrong_with_a_sweep_is_told_at_once_and_nothing_is_made() -> None:
    wrong = {"method": "randm", "parameters": {"x": {"min": 1}}}
    with pytest.raises(ConfigErrors) as refusal:
        wandb.sweep(wrong)
    assert str(refusal.value).splitlines() == [
        "method: there is no such search method; did you mean random?",
        "parameters.x: from min no distribution follows; add max",
    ]
    with pytest.raises(ConfigError, match="5 is no sweep"):
        wandb.sweep(5)  # type: ignore[arg-type]
    with closing(open_store(None)) as store:
        assert not store.list_sweeps()


def test_a_store_that_no_agent_would_find_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONDE_STORE", "memory:")
    with pytest.raises(ConfigError, match="an agent would not find the sweep there; name a file"):
        wandb.sweep(GRID)


def test_an_agent_without_anything_to_run_says_so() -> None:
    sweep = wandb.sweep(GRID)
    with pytest.raises(ConfigError, match="no program and no function was given"):
        wandb.agent(sweep)
    with pytest.raises(ConfigError, match="that is no number of trials"):
        wandb.agent(sweep, train, count=0)
    with pytest.raises(ConfigError, match="there is no function"):
        wandb.agent(wandb.sweep(GRID | {"command": ["true"]}), workers=0)
    with pytest.raises(NotFoundError, match="there is no sweep 'typo'"):
        wandb.agent("typo", train)
