"""Objectives written for Optuna run as they are, with the import changed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna as real
import pytest

import postgres
import sonde.optuna as optuna
from sonde.core.trial import State
from sonde.errors import ConfigError, SweepExistsError
from sonde.optuna.studies import import_study
from sonde.store import open_store
from sonde.store.checking import check_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def parabola(trial: Any) -> float:
    x: float = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2


def branches(trial: Any) -> float:
    opt = trial.suggest_categorical("opt", ["adam", "sgd"])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 3)
    units = [trial.suggest_int(f"units_{place}", 4, 128, log=True) for place in range(layers)]
    momentum = trial.suggest_float("momentum", 0.0, 0.9, step=0.1) if opt == "sgd" else 0.0
    loss: float = (lr - 0.01) ** 2 * 100 + sum(units) / 1000 + momentum
    return loss


def test_the_quick_start_finds_what_it_looks_for(store: Store) -> None:
    study = optuna.create_study(storage=store, sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(parabola, n_trials=40)
    assert abs(study.best_params["x"] - 2) < 0.5
    assert study.best_value == (study.best_params["x"] - 2) ** 2
    assert [trial.number for trial in study.trials] == list(range(40))
    assert {trial.state for trial in study.trials} == {optuna.TrialState.COMPLETE}


def test_branches_become_conditions_and_every_trial_teaches_the_search(store: Store) -> None:
    study = optuna.create_study(storage=store, sampler=optuna.samplers.RandomSampler(seed=3))
    study.optimize(branches, n_trials=30)
    record = store.list_sweeps()[0]
    found = {p.name: p.when and p.when.text for p in record.sweep.space.parameters}
    assert found == {
        "opt": None,
        "lr": None,
        "layers": None,
        "units_0": None,
        "units_1": "layers >= 2",
        "units_2": "layers >= 3",
        "momentum": "opt == 'sgd'",
    }
    trials = store.changes(record.id).trials
    assert all(record.sweep.space.admits(trial.params) for trial in trials)
    for version in store.versions(record.id)[1:]:
        assert version.why.startswith(("the objective asked for ", "trials differ in what"))
    assert list(check_store(store, datetime.now(UTC))) == []


def test_what_changes_its_range_is_drawn_from_the_range_that_is_asked_for(store: Store) -> None:
    study = optuna.create_study(storage=store, sampler=optuna.samplers.TPESampler(seed=0))

    def objective(trial: optuna.Trial) -> float:
        top = 10 if trial.number % 2 else 1000
        n = trial.suggest_int("n", 5, top)
        assert 5 <= n <= top
        return float(n)

    study.optimize(objective, n_trials=24)
    (parameter,) = store.list_sweeps()[0].sweep.space.parameters
    assert parameter.distribution.describe() == "5..1000"
    assert study.best_value < 12


def test_values_are_those_of_the_kind_that_was_asked_for(store: Store) -> None:
    layers = (3, 3)

    def objective(trial: optuna.Trial) -> float:
        assert trial.suggest_categorical("layers", [None, layers, "x"]) in {None, layers, "x"}
        assert type(trial.suggest_int("even", 2, 8, step=2)) is int
        assert trial.suggest_int("even", 2, 8, step=2) % 2 == 0
        assert trial.suggest_float("half", 0, 2, step=0.5) * 2 in range(5)
        assert 0 <= trial.suggest_uniform("u", 0, 1) <= 1
        assert 0.1 <= trial.suggest_loguniform("l", 0.1, 1) <= 1
        assert trial.suggest_discrete_uniform("d", 0, 1, 0.25) * 4 in range(5)
        assert trial.suggest_float("model/one", 3, 3) == 3.0
        assert list(trial.params) == ["layers", "even", "half", "u", "l", "d", "model/one"]
        return 1.0

    optuna.create_study(storage=store).optimize(objective, n_trials=8)
    assert "model_one" in store.list_sweeps()[0].sweep.space


def test_the_pruner_ends_poor_trials_and_what_they_reported_is_kept(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(10):
            trial.report(x + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=2)
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=store, sampler=sampler, pruner=pruner)
    study.optimize(objective, n_trials=30)
    pruned = study.get_trials(states=[optuna.TrialState.PRUNED])
    assert 3 < len(pruned) < 27
    assert all(0 < len(trial.intermediate_values) < 10 for trial in pruned)
    complete = study.get_trials(states=[optuna.TrialState.COMPLETE])
    assert all(list(trial.intermediate_values) == list(range(10)) for trial in complete)
    assert all(trial.value == trial.params["x"] for trial in complete)
    reasons = {trial.why_stopped for trial in store.changes(study.sweep.id).trials}
    assert any(reason and reason.startswith("median") for reason in reasons)


@pytest.mark.parametrize("error", [optuna.TrialPruned, real.TrialPruned])
def test_an_objective_may_end_a_trial_early_by_either_exception(
    store: Store, error: type[Exception]
) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.report(trial.suggest_float("x", 0, 1), 3)
        raise error

    study = optuna.create_study(storage=store)
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert study.trials[0].last_step == 3


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (None, "it returned None, which is no number"),
        (float("nan"), "it returned NaN"),
        ((1.0, 2.0), "it returned 2 values for 1 directions"),
    ],
)
def test_what_is_no_result_fails_the_trial_and_not_the_study(
    store: Store, returned: Any, why: str
) -> None:
    study = optuna.create_study(storage=store)
    with pytest.warns(UserWarning, match=why):
        study.optimize(lambda _: returned, n_trials=2)
    assert [trial.error for trial in store.changes(study.sweep.id).trials] == [why, why]
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL"]
    with pytest.raises(ValueError, match="no trial has completed yet"):
        _ = study.best_trial


def test_an_exception_ends_the_study_unless_it_is_to_be_caught(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_float("x", 0, 1) >= 0:
            raise ZeroDivisionError("oh")
        return 0.0

    study = optuna.create_study(storage=store)
    with pytest.raises(ZeroDivisionError):
        study.optimize(objective, n_trials=9)
    study.optimize(objective, n_trials=2, catch=ZeroDivisionError)
    trials = store.changes(study.sweep.id).trials
    assert [trial.error for trial in trials] == ["ZeroDivisionError: oh"] * 3
    assert all("x" in trial.params for trial in trials)  # what it failed with is known


def test_several_directions_several_threads_and_callbacks_that_stop(store: Store) -> None:
    def objective(trial: optuna.Trial) -> tuple[float, int]:
        return trial.suggest_float("a", 0, 1), trial.suggest_int("b", 1, 9)

    heard: list[int] = []

    def callback(study: optuna.Study, trial: optuna.FrozenTrial) -> None:
        heard.append(trial.number)
        if len(heard) >= 12:
            study.stop()

    study = optuna.create_study(storage=store, directions=["minimize", "maximize"])
    study.optimize(objective, n_trials=100, n_jobs=3, callbacks=[callback])
    assert 12 <= len(study.trials) <= 15
    assert sorted(trial.number for trial in study.trials) == list(range(len(study.trials)))
    (best, *_) = study.best_trials
    assert best.values is not None
    assert len(best.values) == 2
    with pytest.raises(RuntimeError):
        _ = study.direction


def test_enqueued_values_are_tried_first_and_ask_and_tell_work(store: Store) -> None:
    study = optuna.create_study(storage=store, direction="maximize")
    study.enqueue_trial({"x": 0.25})
    trial = study.ask()
    assert trial.suggest_float("x", 0, 1) == 0.25
    assert study.tell(trial, 3.0).value == 3.0
    failed, pruned = study.ask(), study.ask()
    assert study.tell(failed, state=optuna.TrialState.FAIL).state is optuna.TrialState.FAIL
    pruned.report(9.0, 1)
    assert study.tell(pruned.number, state=optuna.TrialState.PRUNED).value == 9.0
    assert study.best_trial.number == 0


def test_attributes_are_facts_and_numbers_among_them_metrics(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("host", "gpu-1")
        trial.set_user_attr("params", 12_000)
        return trial.suggest_float("x", 0, 1)

    study = optuna.create_study(storage=store)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].user_attrs == {"host": "gpu-1", "params": 12_000}
    (trial,) = store.changes(study.sweep.id).trials
    assert trial.metrics["params"].last == 12_000


def test_a_study_is_gone_on_with_by_its_name(tmp_path: Path) -> None:
    place = str(tmp_path / "s.db")
    optuna.create_study(storage=place, study_name="p").optimize(parabola, n_trials=3)
    with pytest.raises(SweepExistsError):
        optuna.create_study(storage=place, study_name="p")
    again = optuna.create_study(storage=place, study_name="p", load_if_exists=True)
    again.optimize(parabola, n_trials=2)
    assert len(optuna.load_study(study_name="p", storage=place).trials) == 5
    with pytest.raises(ConfigError, match="it is there, and to minimize"):
        optuna.create_study(
            storage=place, study_name="p", load_if_exists=True, direction="maximize"
        )


def test_an_imported_study_is_gone_on_with(store: Store) -> None:
    theirs = real.create_study(study_name="theirs", sampler=real.samplers.RandomSampler(seed=0))
    theirs.optimize(parabola, n_trials=6)
    import_study(theirs, store, datetime.now(UTC), origin="memory")
    study = optuna.load_study(study_name="theirs", storage=store, pruner="median")
    assert study.best_value == theirs.best_value
    study.optimize(parabola, n_trials=4)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 10
    assert study.best_value <= theirs.best_value


def test_a_database_of_optuna_s_own_is_left_alone_and_how_to_take_it_in_is_said(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/theirs.db"
    real.create_study(storage=url, study_name="theirs")
    with pytest.raises(ConfigError, match=f"take it in .sonde optuna import {url}. and leave"):
        optuna.create_study(storage=url)
    assert real.get_all_study_names(url) == ["theirs"]


PROGRAM = """
import sys, time
import sonde.optuna as optuna

def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_float("y", 0, 1) if x > 0 else 0
    time.sleep(float(sys.argv[3]))
    trial.report(x * x, 0)
    return x * x + y

study = optuna.create_study(storage=sys.argv[1], study_name="shared", load_if_exists=True)
study.optimize(objective, n_trials=int(sys.argv[2]))
"""


def start(storage: str, count: int, nap: float) -> "subprocess.Popen[bytes]":
    # Not from a file: one that is written again while the process before begins is empty to it,
    # which is a program without an error, and without trials.
    argv = [sys.executable, "-c", PROGRAM, storage, str(count), str(nap)]
    return subprocess.Popen(argv, env=os.environ | {"PYTHONWARNINGS": "error"})


@pytest.fixture
def storage(kind: str, tmp_path: Path, redis_url: Callable[[], str]) -> str:
    return {
        "file": lambda: str(tmp_path / "s.db"),
        "postgresql": postgres.fresh_url,
        "redis": redis_url,
    }[kind]()


@pytest.mark.parametrize("kind", ["file", "postgresql", "redis"])
def test_several_processes_share_a_study_without_doing_anything_twice(storage: str) -> None:
    processes = [start(storage, 8, 0.0) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with closing(open_store(storage)) as store:
        (record,) = store.list_sweeps()
        trials = store.changes(record.id).trials
    assert [(trial.state, trial.attempts) for trial in trials] == [(State.DONE, 1)] * 24
    assert {len(trial.params) for trial in trials} <= {1, 2}
    assert all(record.sweep.space.admits(trial.params) for trial in trials) or record.sweep.backfill


def test_a_trial_of_a_program_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    storage = str(tmp_path / "s.db")
    process = start(storage, 5, 30.0)
    with closing(open_store(storage)) as store:
        deadline = time.monotonic() + 60
        while not (records := store.list_sweeps()) or not records[0].counts[State.RUNNING]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert start(storage, 3, 0.0).wait(60) == 0
        trials = store.changes(records[0].id).trials
    assert [(trial.number, trial.attempts) for trial in trials] == [(0, 2), (1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"direction": "up"}, "direction='up': that is no direction; use 'minimize' or"),
        ({"sampler": 3}, "sampler=3: that is none of sonde's; use sonde.optuna.samplers"),
        ({"pruner": 3}, "pruner=3: that is none of sonde's; use sonde.optuna.pruners"),
        ({"direction": "minimize", "directions": ["minimize"]}, "there is a direction, too"),
        ({"pruner": "medin"}, "medin"),
        ({"sampler": "tpee"}, "tpee"),
    ],
)
def test_what_is_no_study_is_refused_and_nothing_is_made(
    store: Store, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        optuna.create_study(storage=store, **given)
    assert message in str(refusal.value)
    assert store.list_sweeps() == []
