"""Optuna's samplers as search methods: what they are shown, and what they refuse."""

import math
import sys
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from sonde import optuna as door
from sonde.core.constraint import parse_constraint
from sonde.core.distributions import Choice, Float, Int, Normal, QUniform
from sonde.core.metric import Goal, Summary
from sonde.core.search import Problem, Request
from sonde.core.space import space_of
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.optuna.suggesting import Suggested
from sonde.plugins.methods import method
from sonde.testing.methods import GOALS, Search, bowl, ended

UNIT = space_of({"x": Float(0, 1), "y": Float(0, 1)})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Float(1e-5, 0.1, log=True), "FloatDistribution(high=0.1, log=True, low=1e-05, step=None)"),
        (Float(0, 1, step=0.3), "FloatDistribution(high=0.9, log=False, low=0.0, step=0.3)"),
        (Float(1, 8, step=1.0, log=True), "FloatDistribution(high=1.0, log=False, low=0.0, step=None)"),  # noqa: E501
        (Int(1, 8), "IntDistribution(high=8, log=False, low=1, step=1)"),
        (Int(1, 9, log=True), "IntDistribution(high=9, log=True, low=1, step=1)"),
        (Int(1, 10, step=4), "IntDistribution(high=9, log=False, low=1, step=4)"),
        (Choice(("a", "b")), "CategoricalDistribution(choices=('a', 'b'))"),
        (Choice((1, 2, 4), ordered=True), "IntDistribution(high=2, log=False, low=0, step=1)"),
        (Choice((True, 1)), "CategoricalDistribution(choices=('0: True', '1: 1'))"),
        (Choice(("a", "b"), probabilities=(0.9, 0.1)), "FloatDistribution(high=1.0, log=False, low=0.0, step=None)"),  # noqa: E501
        (Normal(0, 1), "FloatDistribution(high=1.0, log=False, low=0.0, step=None)"),
    ],
)  # fmt: skip
def test_a_distribution_is_asked_for_as_what_is_nearest_to_it(ours: Any, theirs: str) -> None:
    assert str(Suggested(ours).theirs) == theirs


@pytest.mark.parametrize(
    "ours",
    [Float(0, 0.3, step=0.1), Int(1, 10, step=4), Choice((True, 1, "1", None, (1, 2))),
     Choice((8, 4, 2), ordered=True), Choice(("a", "b", "a")), QUniform(0, 6, 2)],
)  # fmt: skip
def test_every_value_goes_to_optuna_and_comes_back(ours: Any) -> None:
    suggested = Suggested(ours)
    for value in ours.grid():
        back = suggested.to_ours(suggested.to_theirs(value))
        assert (type(back), back) == (type(value), value)


def test_a_value_that_the_parameter_cannot_have_is_none_for_optuna_either() -> None:
    with pytest.raises(ValueError, match=r"7 is not in 1\.\.3"):
        Suggested(Int(1, 3)).to_theirs(7)


def test_what_ended_is_shown_as_it_ended_and_what_is_cancelled_not_at_all() -> None:
    made: Any = method("optuna:TPESampler")
    state = made.start(Problem(space=UNIT, goals=GOALS))
    params = {"x": 0.5, "y": 0.5}
    for number, (loss, how) in enumerate(
        [(0.5, State.DONE), (0.4, State.STOPPED), (None, State.FAILED), (math.nan, State.DONE),
         (0.1, State.CANCELLED)]
    ):  # fmt: skip
        state = made.observe(state, ended(number, params, loss, how))
    shown = state.ledger.get_all_trials(0)
    assert [(t.state, t.value) for t in shown] == [
        (TrialState.COMPLETE, 0.5), (TrialState.PRUNED, None), (TrialState.FAIL, None),
        (TrialState.FAIL, None),
    ]  # fmt: skip
    assert shown[1].intermediate_values == {0: 0.4}


def test_running_trials_are_shown_as_running_while_a_sampler_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from optuna.samplers import TPESampler

    seen: list[list[TrialState]] = []
    infer = TPESampler.infer_relative_search_space

    def watch(self: Any, study: Any, trial: Any) -> Any:
        seen.append([t.state for t in study.get_trials(deepcopy=False)])
        return infer(self, study, trial)

    search = Search(method("optuna:TPESampler"), UNIT).run(2)
    search.add({"x": 0.1, "y": 0.1})
    monkeypatch.setattr(TPESampler, "infer_relative_search_space", watch)
    search.propose()
    # The last is the one that is asked for.
    done, running = TrialState.COMPLETE, TrialState.RUNNING
    assert seen == [[done, done, running, running]]
    assert len(search.state.ledger.get_all_trials(0)) == 2


def test_constraints_keep_the_search_where_they_hold() -> None:
    made: Any = method("optuna:TPESampler")
    limit = parse_constraint("size <= 0.5")

    def run(constrained: bool) -> float:
        problem = Problem(
            space=UNIT, goals=(Goal(metric="loss"),), seed=3,
            constraints=(limit,) if constrained else (),
        )  # fmt: skip
        state, params = made.start(problem), list[Any]()
        seen = set[Any]()
        for number in range(40):
            (found,) = made.propose(state, Request(first=number, count=1, seen=seen))
            trial = ended(number, found, -found["x"])
            metrics = {**trial.metrics, "size": Summary.of([(0, found["x"])])}
            object.__setattr__(trial, "metrics", metrics)
            state = made.observe(state, trial)
            seen.add(UNIT.key(found))
            params.append(found)
        return float(sum(found["x"] <= 0.5 for found in params[20:]) / 20)

    assert run(constrained=True) > run(constrained=False) + 0.3


def test_several_goals_are_searched_by_those_that_can() -> None:
    goals = (Goal(metric="loss"), Goal(metric="size"))
    state = method("optuna:NSGAIISampler").start(Problem(space=UNIT, goals=goals))
    assert len(method("optuna:NSGAIISampler").propose(state, Request(first=0, count=3))) == 3
    with pytest.raises(ConfigError, match="CmaEsSampler cannot be used"):
        method("optuna:CmaEsSampler").start(Problem(space=UNIT, goals=goals))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optuna", "that names no sampler; use .*optuna:TPESampler"),
        ("optuna:TPESampeler", r"no sampler TPESampeler; did you mean optuna:TPESampler\?"),
        ("optuna:TPESampler(multivariat=true)", r"no option multivariat; did you mean multivariate\?"),  # noqa: E501
        ("optuna:TPESampler(seed=1)", "seed is no option here: the sweep has the seed; use --seed"),
        ("optuna:CmaEsSampler(with_margin=true)", "with_margin is no option here"),
        ("optuna:NSGAIISampler(crossover='Nope')", "there is no crossover Nope; use BLXAlpha"),
    ],
)  # fmt: skip
def test_what_optuna_does_not_have_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        method(text)


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("optuna:GPSampler", "torch"),
        ("optuna:CmaEsSampler(sigma0=0.2)", "cmaes"),
        ("optuna:PartialFixedSampler(fixed_params={'x': 0.5}, base_sampler='GPSampler')", "torch"),
    ],
)
def test_a_package_that_a_sampler_lacks_is_named_before_there_is_a_sweep(
    text: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it were not installed; that it is cannot be undone here.
    monkeypatch.setattr("sonde.optuna.building.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=f"{package} is not installed; pip install {package}"):
        method(text)


def test_a_sampler_that_refuses_its_options_is_quoted() -> None:
    made = method("optuna:NSGAIISampler(population_size=1)")
    with pytest.raises(ConfigError, match="`population_size` must be greater"):
        made.start(Problem(space=UNIT, goals=GOALS))


def test_a_constraint_is_refused_by_a_sampler_that_would_not_heed_it() -> None:
    problem = Problem(space=UNIT, goals=GOALS, constraints=(parse_constraint("size <= 1"),))
    with pytest.raises(ConfigError, match="CmaEsSampler knows no constraints; use one of"):
        method("optuna:CmaEsSampler").start(problem)


@pytest.mark.parametrize(
    "text",
    [
        "optuna:NSGAIISampler(population_size=4, crossover='UniformCrossover')",
        "optuna:NSGAIIISampler(population_size=4)",
        "optuna:CmaEsSampler(sigma0=0.2, popsize=4, independent_sampler='RandomSampler()')",
        "optuna:PartialFixedSampler(fixed_params={'x': 0.25}, base_sampler='TPESampler')",
        "optuna:TPESampler(multivariate=true, group=true, n_startup_trials=3)",
    ],
)
def test_samplers_and_their_parts_are_written_as_in_python(text: str) -> None:
    search = Search(method(text), UNIT).run(8)
    again = Search(method(text), UNIT).run(8, restart=True)
    assert search.params == again.params
    if "fixed_params" in text:
        assert sum(params["x"] == 0.25 for params in search.params) == 8


@pytest.mark.parametrize("text", ["optuna:GridSampler", "optuna:BruteForceSampler"])
def test_those_that_list_a_finite_space_reach_its_end(text: str) -> None:
    space = space_of({"a": ["x", "y"], "b": Int(1, 3)})
    assert len(Search(method(text), space).run(99).params) == 6


def test_cmaes_moves_towards_the_bottom() -> None:
    text = "optuna:CmaEsSampler(popsize=6)"
    search = Search(method(text), UNIT).run(60)
    losses = [bowl(params) for params in search.params]
    assert sum(losses[40:]) < 0.5 * sum(losses[:20])


def test_without_optuna_the_remedy_is_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As if it were not installed; that it is cannot be undone here.
    monkeypatch.setattr("sonde.optuna.samplers.find_spec", lambda name: None)
    with pytest.raises(ConfigError) as refusal:
        method("optuna:TPESampler")
    assert str(refusal.value) == (
        "method optuna:TPESampler: Optuna is not installed; pip install optuna cmaes"
    )
    monkeypatch.delitem(sys.modules, "sonde.optuna.sampler", raising=False)
    with pytest.raises(ConfigError, match=r"pip install optuna cmaes"):
        _ = door.SondeSampler
