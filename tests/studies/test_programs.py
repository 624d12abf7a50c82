"""Programs in the style of Optuna's own examples, with the import line changed."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import sonde.optuna as optuna
from sonde.errors import ConfigError
from sonde.store import open_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store


@pytest.fixture
def store() -> Store:
    return MemoryStore()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


def plane(trial: Any) -> float:
    x: float = trial.suggest_float("x", -100, 100)
    y: int = trial.suggest_categorical("y", [-1, 0, 1])
    return x**2 + y


def curve(trial: Any) -> float:
    level: float = trial.suggest_float("level", 0, 1)
    for step in range(12):
        trial.report(level, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return level


def test_a_grid_is_tried_once_and_ends_by_itself(store: Store) -> None:
    grid = optuna.samplers.GridSampler({"x": [-50, 0, 50], "y": [-1, 0]})
    study = optuna.create_study(storage=store, sampler=grid)
    study.optimize(plane)
    tried = sorted((trial.params["x"], trial.params["y"]) for trial in study.trials)
    assert tried == [(x, y) for x in (-50, 0, 50) for y in (-1, 0)]
    space = store.list_sweeps()[0].sweep.space
    assert [p.distribution.describe() for p in space.parameters] == ["{-50, 0, 50}", "{-1, 0}"]


def test_some_parameters_may_be_fixed_whatever_samples_the_others(store: Store) -> None:
    base = optuna.samplers.RandomSampler(seed=1)
    sampler = optuna.samplers.PartialFixedSampler({"y": 1}, base)
    study = optuna.create_study(storage=store, sampler=sampler)
    study.optimize(plane, n_trials=5)
    assert {trial.params["y"] for trial in study.trials} == {1}
    assert len({trial.params["x"] for trial in study.trials}) == 5


def test_options_of_optuna_s_own_algorithm_are_taken_to_mean_that(store: Store) -> None:
    sampler = optuna.samplers.TPESampler(multivariate=True, n_startup_trials=3, seed=4)
    study = optuna.create_study(storage=store, sampler=sampler)
    study.optimize(plane, n_trials=6)
    assert study.sampler.method == "optuna:TPESampler(multivariate=True, n_startup_trials=3)"
    assert len(study.trials) == 6
    with pytest.raises(ConfigError, match="gamma is an object, and a study keeps its sampler as"):
        optuna.samplers.TPESampler(gamma=lambda n: n)
    with pytest.raises(AttributeError, match="sampler='optuna:MadeUpSampler'"):
        optuna.samplers.MadeUpSampler()


def test_a_constraint_that_is_broken_keeps_a_trial_from_being_the_best(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("room", 0.5 - x)
        return x

    study = optuna.create_study(storage=store)
    for x in (0.1, 0.9, 0.6, 0.4):
        study.enqueue_trial({"x": x})
    study.optimize(objective, n_trials=4)
    assert study.best_params == {"x": 0.6}
    assert study.trials[0].constraints == {"room": 0.4}
    assert study.sweep.best.params == {"x": 0.6}


def test_a_sampler_s_function_of_constraints_is_asked_about_each_trial(store: Store) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.set_user_attr("constraint", [0.5 - x])
        return x

    def constraints(trial: optuna.FrozenTrial) -> list[float]:
        assert trial.values == [trial.params["x"]]
        found: list[float] = trial.user_attrs["constraint"]
        return found

    sampler = optuna.samplers.TPESampler(constraints_func=constraints)
    study = optuna.create_study(storage=store, sampler=sampler)
    for x in (0.1, 0.7):
        study.enqueue_trial({"x": x})
    study.optimize(objective, n_trials=2)
    assert study.best_params == {"x": 0.7}


def test_define_and_run_by_ask_with_distributions(store: Store) -> None:
    study = optuna.create_study(storage=store, direction="maximize")
    distributions = {
        "lr": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
        "layers": optuna.distributions.IntDistribution(1, 3),
        "opt": optuna.distributions.CategoricalDistribution(("adam", ("sgd", 0.9))),
    }
    for _ in range(5):
        trial = study.ask(distributions)
        assert list(trial.params) == ["lr", "layers", "opt"]
        assert trial.params["opt"] in {"adam", ("sgd", 0.9)}
        assert trial.suggest_int("layers", 1, 3) == trial.params["layers"]
        study.tell(trial, trial.params["lr"])
    assert study.trials[0].distributions["lr"] == distributions["lr"]
    assert study.trials[0].distributions["layers"] == distributions["layers"]
    assert study.tell(0, 1.0, skip_if_finished=True).value == study.trials[0].value
    with pytest.raises(ValueError, match="trial 0 does not run in this program"):
        study.tell(0, 1.0)


def test_trials_that_were_made_elsewhere_are_taken_in(store: Store) -> None:
    study = optuna.create_study(storage=store)
    floats = {"x": optuna.distributions.FloatDistribution(0, 10)}
    study.add_trial(
        optuna.create_trial(
            value=2.0, params={"x": 2.0}, distributions=floats, user_attrs={"from": "a paper"},
            intermediate_values={0: 5.0, 1: 3.0},
        )
    )  # fmt: skip
    study.add_trials(
        [
            optuna.create_trial(
                state=optuna.TrialState.FAIL, params={"x": 1.0}, distributions=floats
            ),
            optuna.create_trial(
                state=optuna.TrialState.WAITING, params={"x": 7.5}, distributions=floats
            ),
        ]
    )
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL", "WAITING"]
    assert study.best_trial.intermediate_values == {0: 5.0, 1: 3.0}
    assert study.best_trial.user_attrs == {"from": "a paper"}
    study.optimize(lambda trial: float(trial.suggest_float("x", 0, 10)), n_trials=2)
    assert study.trials[2].params == {"x": 7.5}
    with pytest.raises(ValueError, match="has 2 values, and the study 1 directions"):
        study.add_trial(optuna.create_trial(values=[1.0, 2.0]))
    with pytest.raises(ValueError, match="params has x, and distributions has nothing"):
        optuna.create_trial(value=1.0, params={"x": 1})


def test_a_best_trial_and_a_fixed_one_can_be_given_to_the_objective_again(store: Store) -> None:
    study = optuna.create_study(storage=store)
    study.optimize(plane, n_trials=4)
    assert plane(study.best_trial) == study.best_value
    assert plane(optuna.trial.FixedTrial({"x": 2.0, "y": -1})) == 3.0
    with pytest.raises(ValueError, match="the trial has no value of 'y'"):
        plane(optuna.trial.FixedTrial({"x": 2.0}))


def test_what_waits_or_was_tried_is_not_queued_again_where_that_is_asked_for(store: Store) -> None:
    study = optuna.create_study(storage=store)
    for _ in range(2):
        study.enqueue_trial({"x": 1.0, "y": 0}, skip_if_exists=True)
    assert len(study.trials) == 1
    study.enqueue_trial({"x": 1.0, "y": 0})
    assert len(study.trials) == 2


def test_the_frame_has_the_columns_of_optuna(store: Store) -> None:
    study = optuna.create_study(storage=store)
    study.optimize(plane, n_trials=2)
    frame = study.trials_dataframe()
    assert list(frame.columns) == [
        "number", "value", "datetime_start", "datetime_complete", "duration", "params_x",
        "params_y", "state",
    ]  # fmt: skip
    assert list(frame["state"]) == ["COMPLETE"] * 2
    assert frame["params_x"][0] == study.trials[0].params["x"]
    narrow = study.trials_dataframe(attrs=("number", "params"), multi_index=True)
    assert list(narrow.columns) == [("number", ""), ("params", "x"), ("params", "y")]

    two = optuna.create_study(storage=store, directions=["minimize", "maximize"])
    two.set_metric_names(["loss", "accuracy"])
    two.add_trial(optuna.create_trial(values=[1.0, 0.5]))
    assert list(two.trials_dataframe(attrs=("value", "state")).columns) == [
        "values_loss", "values_accuracy", "state",
    ]  # fmt: skip


def test_names_of_values_are_those_of_the_sweep_s_metrics(store: Store) -> None:
    study = optuna.create_study(storage=store)
    assert study.metric_names is None
    study.set_metric_names(["val_loss"])
    study.optimize(curve, n_trials=2)
    assert study.metric_names == ["val_loss"]
    assert [goal.metric for goal in study.sweep.goals] == ["val_loss"]
    assert study.best_value == study.sweep.best.value
    with pytest.raises(ConfigError, match="the study has 2 trials; do so before the first one"):
        study.set_metric_names(["loss"])


def test_attributes_of_a_study_stand_in_the_sweep_s_notes(store: Store) -> None:
    study = optuna.create_study(storage=store, study_name="s")
    store.update_sweep(study.sweep.id, study.sweep.versions[0].version.made, notes="the first try")
    study.set_user_attr("dataset", "digits")
    study.set_user_attr("sizes", [1, 2])
    again = optuna.load_study(study_name="s", storage=store)
    assert again.user_attrs == {"dataset": "digits", "sizes": [1, 2]}
    notes = store.get_sweep(study.sweep.id).notes
    assert notes == 'the first try\nuser_attrs = {"dataset": "digits", "sizes": [1, 2]}'
    with pytest.raises(ConfigError, match="use numbers, texts, lists and dictionaries"):
        study.set_user_attr("what", object())


def test_studies_are_listed_summed_up_and_copied(store: Store) -> None:
    study = optuna.create_study(storage=store, study_name="one", direction="maximize")
    study.set_user_attr("dataset", "digits")
    study.optimize(plane, n_trials=3)
    optuna.copy_study(
        from_study_name="one", from_storage=store, to_storage=store, to_study_name="two"
    )
    assert optuna.get_all_study_names(storage=store) == ["one", "two"]
    first, second = optuna.get_all_study_summaries(storage=store)
    assert (first.n_trials, first.user_attrs) == (3, {"dataset": "digits"})
    assert first.direction is second.direction is study.direction
    assert first.best_trial is not None
    assert second.best_trial is not None
    assert first.best_trial.params == second.best_trial.params
    copy = optuna.load_study(study_name="two", storage=store)
    assert [(t.params, t.values) for t in copy.trials] == [
        (t.params, t.values) for t in study.trials
    ]


def test_a_callback_ends_the_study_at_so_many_complete_trials(store: Store) -> None:
    study = optuna.create_study(storage=store)
    study.optimize(plane, callbacks=[optuna.study.MaxTrialsCallback(4)])
    assert len(study.trials) == 4


def test_trials_are_written_as_they_end_and_less_where_that_is_asked_for(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    study = optuna.create_study(storage=store, study_name="digits")
    study.enqueue_trial({"x": 2.0, "y": 0})
    study.enqueue_trial({"x": 3.0, "y": 1})
    study.optimize(plane, n_trials=2)
    lines = capsys.readouterr().err.splitlines()
    best = "Best is trial 0 with value: 4.0."
    assert [line.split("] ")[1] for line in lines] == [
        f"A new study created in {store.url} with name: digits",
        f"Trial 0 finished with value: 4.0 and parameters: {{'x': 2.0, 'y': 0}}. {best}",
        f"Trial 1 finished with value: 10.0 and parameters: {{'x': 3.0, 'y': 1}}. {best}",
    ]
    assert all(line.startswith("[I 20") for line in lines)
    heard: list[str] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    optuna.logging.disable_default_handler()
    hearing = Hearing()
    optuna.logging.get_logger("optuna").addHandler(hearing)
    study.optimize(plane, n_trials=1)
    optuna.logging.get_logger("optuna").removeHandler(hearing)
    optuna.logging.enable_default_handler()
    assert capsys.readouterr().err == ""
    assert heard[0].startswith("Trial 2 finished with value: ")


def test_importances_are_shares_by_parameter(store: Store) -> None:
    study = optuna.create_study(storage=store, sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(plane, n_trials=20)
    found = optuna.importance.get_param_importances(study)
    assert list(found) == ["x", "y"]
    assert sum(found.values()) == pytest.approx(1.0)
    by_other = optuna.importance.PedAnovaImportanceEvaluator()
    (name,) = optuna.importance.get_param_importances(study, evaluator=by_other, params=["x"])
    assert name == "x"
    with pytest.raises(ConfigError, match="it is a function, and what is explained is a metric"):
        optuna.importance.get_param_importances(study, target=lambda trial: trial.value)


def test_a_journal_and_a_database_are_stores_in_files(tmp_path: Path) -> None:
    journal = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal.log"))
    )
    for storage, name in (
        (journal, "journal.log"),
        (optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/rdb.db"), "rdb.db"),
    ):
        optuna.create_study(storage=storage, study_name="s").optimize(plane, n_trials=1)
        storage.close()
        again = open_store(str(tmp_path / name))
        assert [record.name for record in again.list_sweeps()] == ["s"]
        again.close()
    assert optuna.create_study(storage=optuna.storages.InMemoryStorage()).trials == []


def test_a_trial_knows_its_times(store: Store) -> None:
    study = optuna.create_study(storage=store)
    study.optimize(plane, n_trials=1)
    (trial,) = study.get_trials(deepcopy=False, states=(optuna.TrialState.COMPLETE,))
    assert trial.datetime_start is not None
    assert trial.duration is not None
    assert timedelta(0) <= trial.duration < timedelta(minutes=1)
