"""`SondeSampler`: sonde's methods where a program asks Optuna."""

import pickle
import time
import warnings
from statistics import median
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from sonde.errors import ConfigError
from sonde.optuna import SondeSampler

optuna.logging.set_verbosity(optuna.logging.ERROR)


def bowl(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    y = trial.suggest_float("learning rate [1/s]", 1e-4, 1, log=True)
    kind = trial.suggest_categorical("kind", ["round", "flat", None])
    return (x - 1) ** 2 + (y - 0.1) ** 2 + (kind != "round")


def values(study: optuna.Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("method", ["tpe", "bayes", "cmaes", "evolution"])
def test_later_suggestions_are_better_than_chance(method: str) -> None:
    late = {}
    for name in (method, "random"):
        found = []
        for seed in range(2):
            study = optuna.create_study(sampler=SondeSampler(name, seed=seed))
            study.optimize(bowl, n_trials=30)
            found += [float(trial.value or 0.0) for trial in study.trials[15:]]
        late[name] = median(found)
    assert late[method] < late["random"]


def test_the_same_seed_suggests_the_same_and_another_one_something_else() -> None:
    runs = []
    for seed in (1, 1, 2):
        study = optuna.create_study(sampler=SondeSampler("tpe", seed=seed))
        study.optimize(bowl, n_trials=15)
        runs.append(values(study))
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("method", ["tpe", "cmaes"])
def test_a_sampler_that_was_pickled_or_made_anew_goes_on_as_the_old_one_would_have(
    method: str,
) -> None:
    study = optuna.create_study(sampler=SondeSampler(method, seed=1))
    study.optimize(bowl, n_trials=25)
    for make in (lambda s: pickle.loads(pickle.dumps(s)), lambda _: SondeSampler(method, seed=1)):
        again = optuna.create_study(sampler=SondeSampler(method, seed=1))
        for number in range(25):
            if number % 6 == 5:
                again.sampler = make(again.sampler)
            again.optimize(bowl, n_trials=1)
        assert values(again) == values(study)


def test_ask_tell_and_enqueued_trials_are_heeded() -> None:
    study = optuna.create_study(sampler=SondeSampler("tpe", seed=0))
    space = {"x": FloatDistribution(0, 1), "y": CategoricalDistribution(["a", "b"])}
    study.enqueue_trial({"x": 0.25, "y": "b"})
    first = study.ask(space)
    assert first.params == {"x": 0.25, "y": "b"}
    study.tell(first, 0.0)
    for _ in range(20):
        trial = study.ask(space)
        study.tell(trial, abs(trial.params["x"] - 0.25))
    # Enqueued, it is what the later ones follow.
    near = [abs(t.params["x"] - 0.25) for t in study.trials[11:]]
    assert sorted(near)[len(near) // 2] < 0.2


def test_parallel_trials_are_kept_apart() -> None:
    study = optuna.create_study(sampler=SondeSampler("bayes", seed=0))
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    for _ in range(8):
        trial = study.ask(space)
        study.tell(trial, (trial.params["x"] - 0.5) ** 2)
    running = [study.ask(space).params["x"] for _ in range(5)]
    assert len(set(running)) == 5


def test_with_several_jobs_no_point_of_a_small_space_comes_up_twice_by_one_asker() -> None:
    study = optuna.create_study(sampler=SondeSampler("random", seed=0))
    study.optimize(lambda t: t.suggest_int("x", 0, 5000) + t.suggest_int("y", 0, 1), 24, n_jobs=2)
    assert [t.state for t in study.trials] == [TrialState.COMPLETE] * 24

    alone = optuna.create_study(sampler=SondeSampler("random", seed=0))
    alone.optimize(lambda t: t.suggest_int("x", 0, 3) + t.suggest_int("y", 0, 3), 16)
    assert len({tuple(params.items()) for params in values(alone)}) == 16
    alone.optimize(lambda t: t.suggest_int("x", 0, 3) + t.suggest_int("y", 0, 3), 3)  # and goes on


def test_pruned_failed_and_nan_trials_are_taken_in() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 4 == 1:
            trial.report(x, 3)
            raise optuna.TrialPruned
        if trial.number % 4 == 2:
            raise RuntimeError
        return float("nan") if trial.number % 4 == 3 else x

    for method in ("tpe", "bayes", "cmaes", "evolution"):
        study = optuna.create_study(sampler=SondeSampler(method, seed=0))
        study.optimize(objective, 32, catch=RuntimeError)
        assert len(study.trials) == 32


def test_several_goals_are_searched_and_refused_where_a_method_has_one() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", -2, 2)
        y = trial.suggest_float("y", -2, 2)
        return x**2 + y**2, (x - 1) ** 2 + y**2

    late = {}
    for method in ("evolution", "random"):
        study = optuna.create_study(
            directions=["minimize", "minimize"], sampler=SondeSampler(method, seed=0)
        )
        study.optimize(objective, 80)
        late[method] = median(sum(trial.values) for trial in study.trials[40:])
    assert late["evolution"] < late["random"]
    study = optuna.create_study(directions=["minimize"] * 2, sampler=SondeSampler("tpe"))
    with pytest.raises(ValueError, match="it searches for one goal, not 2"):
        study.optimize(objective, 1)


@pytest.mark.parametrize("way", ["function", "in the objective"])
def test_constraints_reach_the_study_and_the_method(way: str) -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if way == "in the objective":
            trial.set_constraint("least", 0.5 - x)
        return x

    function = (lambda t: (0.5 - t.params["x"],)) if way == "function" else None
    sampler = SondeSampler("random", seed=0, constraints_func=function)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, 20)
    assert study.best_trial.params["x"] >= 0.5
    ((_, fold),) = [kept for name, kept in sampler._of(study)[0].items() if not name]
    assert len(fold.names) == 1


def test_parameters_of_a_branch_are_searched_by_themselves() -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("branch", ["a", "b"]) == "a":
            return abs(trial.suggest_float("only a", 0, 1) - 0.7)
        return 1 + trial.suggest_float("only b", 0, 1)

    study = optuna.create_study(sampler=SondeSampler("tpe", seed=0))
    study.optimize(objective, 60)
    late = [t.params["only a"] for t in study.trials[30:] if "only a" in t.params]
    assert len(late) > 15
    assert sum(abs(x - 0.7) < 0.15 for x in late) > 0.6 * len(late)


def test_a_name_that_is_no_method_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match=r"did you mean tpe\?"):
        SondeSampler("tpee")
    with pytest.raises(ConfigError, match="is no seed"):
        SondeSampler(seed=-1)


def test_the_cost_of_a_suggestion_hardly_grows_with_the_study() -> None:
    def cost(trials: int) -> float:
        study = optuna.create_study(sampler=SondeSampler("random", seed=0))
        space: dict[str, BaseDistribution] = {name: FloatDistribution(0, 1) for name in "xy"}
        known = [
            optuna.create_trial(
                params={"x": n / trials, "y": 0.5}, distributions=dict(space), value=0.0
            )
            for n in range(trials)
        ]
        study.add_trials(known)
        study.ask(space)  # takes them in
        began = time.process_time()
        for _ in range(20):
            study.tell(study.ask(space), 0.0)
        return time.process_time() - began

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cost(8000) < 5 * cost(500) + 0.2
