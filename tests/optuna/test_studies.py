"""Studies of Optuna become sweeps, and sweeps studies, with all that both know."""

import itertools
import json
import os
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import optuna
import psycopg
import pytest
from click.testing import CliRunner
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

import postgres
import sonde
from sonde.cli.group import sonde as command
from sonde.controller import utc_now
from sonde.core.distributions import Choice, Float, Int
from sonde.core.sweep import Budget, Control
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.optuna.studies import storage_of
from sonde.store import open_store
from sonde.store.protocol import SweepRecord

optuna.logging.set_verbosity(optuna.logging.ERROR)
_numbers = itertools.count()


def objective(trial: optuna.Trial) -> float:
    """Branch, report, prune and fail, each in a way that its number decides."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    optimiser = trial.suggest_categorical("model/opt", ["sgd", "adam", "none"])
    if optimiser == "sgd":
        trial.suggest_float("momentum", 0.0, 0.9, step=0.1)
    if optimiser != "none":
        trial.suggest_int("layers", 1, 8, log=True)
    trial.set_user_attr("accuracy", 1 - lr)
    trial.set_user_attr("note", "by hand")
    for step in range(3):
        trial.report(lr + 1 / (step + 1), step)
    if trial.number % 5 == 3:
        raise optuna.TrialPruned
    if trial.number % 5 == 4:
        raise ValueError("no luck")
    return lr


def studied(storage: Any, trials: int = 20) -> optuna.Study:
    study = optuna.create_study(
        storage=storage, study_name="s", load_if_exists=True,
        sampler=optuna.samplers.RandomSampler(seed=trials),
    )  # fmt: skip
    study.optimize(objective, n_trials=trials, catch=(ValueError,))
    return study


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SONDE_STORE", str(tmp_path / "sonde.db"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def taken(folder: Path, name: str = "s") -> tuple[SweepRecord, list[Any], Any]:
    with closing(open_store(str(folder / "sonde.db"))) as store:
        changes = store.changes(store.find_sweep(name).id)
        return changes.record, list(changes.trials), store.curves(changes.record.id)


def a_database() -> str:
    """Return the URL of a fresh database of the test server, as people write it."""
    name, server = f"optuna_{os.getpid()}_{next(_numbers)}", postgres.shared()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.url.replace("/postgres?", f"/{name}?").replace("//sonde@", "//sonde:secret@")


@pytest.mark.parametrize("kind", ["sqlite", "journal", "postgresql", "redis"])
def test_a_study_comes_with_its_trials_curves_times_and_ends(
    folder: Path, kind: str, redis_url: Callable[[], str]
) -> None:
    urls: dict[str, Callable[[], str]] = {
        "sqlite": lambda: "sqlite:///o.db",
        "journal": lambda: "journal:o.log",
        "postgresql": a_database,
        "redis": lambda: redis_url().partition("?")[0],
    }
    url = urls[kind]()
    storage = storage_of(url, new=True)
    study = studied(storage)
    run("optuna", "import", url)
    record, trials, curves = taken(folder)
    assert [goal.describe() for goal in record.sweep.goals] == ["min of the last value"]
    ends = {TrialState.COMPLETE: State.DONE, TrialState.PRUNED: State.STOPPED}
    for theirs, ours in zip(study.trials, trials, strict=True):
        assert ours.state is ends.get(theirs.state, State.FAILED)
        assert ours.params == {key.replace("/", "_"): v for key, v in theirs.params.items()}
        assert ours.finished - ours.started == theirs.duration
        curve = curves[ours.number]["value"]
        points = dict(zip(curve.steps, curve.values, strict=True))
        assert points.items() >= theirs.intermediate_values.items()
        assert ours.facts["optuna"] == theirs.number
        assert ours.facts["user_attrs"] == {"note": "by hand"}
        if theirs.state is TrialState.COMPLETE:
            assert ours.value(record.sweep.goals[0]) == theirs.value
            assert ours.metrics["accuracy"].last == theirs.user_attrs["accuracy"]
    assert "secret" not in str(record.facts)
    assert "s: 0 new trials" in run("optuna", "import", url)


def test_a_password_is_not_shown_where_a_database_does_not_answer(folder: Path) -> None:
    url = f"postgresql://me:secret@/none?host={folder}"
    outcome = CliRunner().invoke(command, ["optuna", "import", url])
    assert isinstance(outcome.exception, ConfigError)
    assert str(outcome.exception).startswith(f"postgresql://me@/none?host={folder}: Optuna cannot")
    assert "secret" not in str(outcome.exception)


def test_what_a_study_searched_is_one_space_with_its_conditions(folder: Path) -> None:
    studied("sqlite:///o.db", 40)
    run("optuna", "import", "o.db", "s", "--name", "mine", "--metric", "loss")
    space = taken(folder, "mine")[0].sweep.space
    assert space["lr"].distribution == Float(1e-5, 1e-1, log=True)
    assert space["model_opt"].distribution == Choice(("sgd", "adam", "none"))
    assert space["momentum"].distribution == Float(0.0, 0.9, step=0.1)
    assert space["layers"].distribution == Int(1, 8, log=True)
    assert str(space["momentum"].when) == "model_opt == 'sgd'"
    assert space["layers"].when is not None
    assert space["layers"].when.holds({"model_opt": "adam"})
    assert not space["layers"].when.holds({"model_opt": "none"})


def test_a_further_import_adds_what_is_new_and_widens_the_space(folder: Path) -> None:
    study = studied("sqlite:///o.db", 5)
    study.ask()  # and never told
    assert "5 new trials; 1 run or wait in Optuna" in run("optuna", "import", "o.db")
    study.enqueue_trial({"lr": 1.0})
    study.optimize(lambda trial: trial.suggest_float("lr", 1e-5, 1.0, log=True), n_trials=2)
    assert "2 new trials" in run("optuna", "import", "o.db")
    assert "0 new trials" in run("optuna", "import", "o.db")
    record, trials, _ = taken(folder)
    assert record.sweep.space["lr"].distribution == Float(1e-5, 1.0, log=True)
    assert [trial.facts["optuna"] for trial in trials] == [0, 1, 2, 3, 4, 6, 7]


def test_a_further_import_leaves_a_larger_budget_and_refuses_another_name(folder: Path) -> None:
    studied("sqlite:///o.db", 3)
    run("optuna", "import", "o.db")
    with closing(open_store(str(folder / "sonde.db"))) as store:
        sweep = store.find_sweep("s").id
        store.update_sweep(sweep, utc_now(), budget=Budget(trials=5), control=Control.RUNNING)
    run("optuna", "import", "o.db", "--name", "s", "--metric", "value")
    assert taken(folder)[0].budget.trials == 5
    assert taken(folder)[0].control is Control.RUNNING
    for words in (("--name", "other"), ("--metric", "loss")):
        with pytest.raises(sonde.ConfigError, match="was imported before, as s with value"):
            run("optuna", "import", "o.db", "s", *words)


def test_goals_of_several_directions_are_named(folder: Path) -> None:
    study = optuna.create_study(
        storage="sqlite:///o.db", study_name="two", directions=["minimize", "maximize"]
    )
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), 2.0), n_trials=3)
    run("optuna", "import", "o.db", "--metric", "loss", "--metric", "speed")
    record, trials, _ = taken(folder, "two")
    assert [goal.metric for goal in record.sweep.goals] == ["loss", "speed"]
    assert {trial.metrics["speed"].last for trial in trials} == {2.0}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("nothing.db",), "there is no file nothing.db"),
        (("sqlite:///nothing.db",), "there is no file nothing.db"),
        (("o.db", "other"), "it has no study 'other'; there are: s"),
        (("o.db", "s", "--metric", "a", "--metric", "b"), "the study has 1 directions"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_leaves_nothing(
    folder: Path, words: tuple[str, ...], found: str
) -> None:
    studied("sqlite:///o.db", 1)
    with pytest.raises(sonde.ConfigError, match=found):
        CliRunner().invoke(command, ["optuna", "import", *words], catch_exceptions=False)
    assert not (folder / "nothing.db").exists()


def test_a_sweep_is_read_by_optuna_as_it_was(folder: Path) -> None:
    space = sonde.Space(
        lr=sonde.Float(1e-4, 1.0, log=True), batch=[16, 32, 64], layers=sonde.Int(1, 3),
        shape=[[1, 2], [3]], noise="normal(0, 1)", opt=["sgd", "adam"],
        momentum=sonde.Float(0, 0.9, when="opt == 'sgd'"),
    )  # fmt: skip
    sweep = sonde.sweep(None, space, minimize="loss", name="mine", method="random", trials=12)
    for _ in range(12):
        with sweep.ask() as trial:
            for step in range(3):
                trial.report({"loss": trial.params["lr"] / (step + 1), "speed": 7.0}, step=step)
            if trial.number == 5:
                trial.fail("broke")
    run("optuna", "export", "mine", "sqlite:///back.db", "--study", "theirs")
    study = optuna.load_study(storage="sqlite:///back.db", study_name="theirs")
    assert study.metric_names == ["loss"]
    for ours, theirs in zip(sweep.trials, study.trials, strict=True):
        plain = ours.params | {"shape": json.dumps(ours.params["shape"])}
        assert theirs.params == plain
        assert theirs.user_attrs == {"sonde_trial": ours.number, "speed": 7.0}
        assert theirs.intermediate_values == {k: ours.params["lr"] / (k + 1) for k in range(3)}
        assert theirs.duration is not None
        assert ours.record.finished is not None
        assert theirs.duration - (ours.record.finished - ours.record.started) < timedelta(0.001)  # type: ignore[operator]
    assert study.trials[5].state is TrialState.FAIL
    assert study.trials[5].system_attrs == {"fail_reason": "broke"}
    assert study.best_trial.number == sweep.best.number
    kinds = study.best_trial.distributions
    assert kinds["lr"] == FloatDistribution(1e-4, 1.0, log=True)
    assert kinds["batch"] == CategoricalDistribution([16, 32, 64])
    assert kinds["layers"] == IntDistribution(1, 3)
    assert isinstance(kinds["noise"], FloatDistribution)
    study.sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=5)
    study.optimize(lambda t: t.suggest_float("lr", 1e-4, 1.0, log=True), n_trials=1)  # and goes on


def test_a_further_export_adds_what_has_ended_and_no_other_study_is_touched(folder: Path) -> None:
    sweep = sonde.sweep(None, {"x": [1, 2, 3, 4]}, minimize="y", name="mine")
    for count in (2, 0, 1):
        for _ in range(count):
            sweep.ask().tell(0.5)
        assert f"{count} new trials" in run("optuna", "export", "mine", "back.log")
    other = optuna.create_study(storage="sqlite:///b.db", study_name="mine")
    other.add_trial(optuna.trial.create_trial(value=1.0))
    with pytest.raises(sonde.ConfigError, match="of something else"):
        run("optuna", "export", "mine", "b.db")
