"""Importances on functions whose variance is known, and beside Optuna's."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde import Float, Int
from sonde.core.importance import FEWEST, METHODS, Importance, importances
from sonde.core.importance.ranks import mid_ranks
from sonde.core.metric import Direction, Goal, Summary
from sonde.core.space import Space, space_of
from sonde.core.surrogates.forest import grow, main_effects
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError

GOAL = Goal(metric="loss")
SPACE = space_of(
    {
        "a": Float(0, 1),
        "b": Float(1e-4, 1, log=True),
        "c": ["x", "y", "z", "w"],
        "d": Int(1, 8),
        "fixed": 3,
    }
)
LEVELS = {"x": 0.0, "y": 1.0, "z": 0.2, "w": 1.2}
# The variances of 4 a^2, of the four levels, and of 0.3 log10(b); then the noise of 0.1.
VARIANCES = {"a": 16 * (1 / 5 - 1 / 9), "c": 0.26, "b": 0.09 * 16 / 12, "d": 0.0}
TOTAL = sum(VARIANCES.values()) + 0.01


def loss_of(params: Mapping[str, Any]) -> float:
    level = LEVELS[params["c"]]
    return float(4 * params["a"] ** 2 + level + 0.3 * math.log10(params["b"]))


def trial(number: int, params: Mapping[str, Any], value: float, state: State = State.DONE) -> Trial:
    metrics = {"loss": Summary.of([(0, value)])}
    now = datetime.now(UTC)
    return Trial(number=number, state=state, params=params, metrics=metrics, created=now)


def tried(
    space: Space, loss: Callable[[Mapping[str, Any]], float], n: int, noise: float = 0.0
) -> list[Trial]:
    rng = np.random.default_rng(0)
    found = []
    for number in range(n):
        params = space.at(rng.random(len(space.dimensions)).tolist())
        found.append(trial(number, params, loss(params) + noise * rng.normal()))
    return found


def by_name(rows: list[Importance]) -> dict[str, Importance]:
    return {row.name: row for row in rows}


def test_shares_come_near_the_variance_that_each_parameter_explains() -> None:
    rows = importances(tried(SPACE, loss_of, 800, noise=0.1), SPACE, GOAL)
    assert [row.name for row in rows] == ["a", "c", "b", "d"]  # a constant explains nothing
    for row in rows:
        assert row.share == pytest.approx(VARIANCES[row.name] / TOTAL, abs=0.04)
        assert 0 <= row.low <= row.share <= row.high <= 1
    found = by_name(rows)
    assert found["a"].correlation == pytest.approx(0.86, abs=0.05)
    assert found["c"].correlation is None
    assert found["a"].trials == 800


def test_they_are_as_near_as_optunas_and_in_its_order() -> None:
    trials = tried(SPACE, loss_of, 300, noise=0.1)
    study = study_of(trials)
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0, n_trees=24)
    theirs = evaluator.evaluate(study)
    ours = by_name(importances(trials, SPACE, GOAL))

    def error(shares: Mapping[str, float]) -> float:
        return sum(abs(shares[name] - VARIANCES[name] / TOTAL) for name in VARIANCES)

    assert list(ours)[:2] == list(theirs)[:2] == ["a", "c"]
    assert error({name: row.share for name, row in ours.items()}) <= error(theirs) + 0.02


def test_a_parameter_matters_only_where_it_exists() -> None:
    space = space_of({"opt": ["adam", "sgd"], "momentum": Float(0, 1, when="opt == 'sgd'")})
    rows = importances(tried(space, lambda p: 3 * p.get("momentum", 0.5), 400), space, GOAL)
    found = by_name(rows)
    # Half of the trials have it: of the variance 3^2/12/2, all is its own where it exists.
    assert 0.4 < found["momentum"].share < 1
    assert found["opt"].share < 0.1
    assert found["momentum"].trials < 400
    assert found["momentum"].correlation == pytest.approx(1.0, abs=0.01)


def test_interactions_are_nobodys_alone() -> None:
    space = space_of({"a": Float(-1, 1), "b": Float(-1, 1)})
    rows = importances(tried(space, lambda p: p["a"] * p["b"], 500), space, GOAL)
    assert sum(row.share for row in rows) < 0.25


def test_one_wild_result_does_not_hide_the_others() -> None:
    trials = tried(SPACE, loss_of, 200)
    trials.append(trial(200, trials[0].params, 1e12))
    assert importances(trials, SPACE, GOAL)[0].name == "a"


def test_only_finite_results_of_finished_trials_count() -> None:
    trials = tried(SPACE, loss_of, 50)
    worse = [
        trial(50, trials[0].params, math.nan),
        trial(51, trials[1].params, math.inf),
        trial(52, trials[2].params, 1e9, State.FAILED),
        trial(53, trials[3].params, 1e9, State.STOPPED),
    ]
    assert importances([*trials, *worse], SPACE, GOAL) == importances(trials, SPACE, GOAL)


def test_the_same_seed_gives_the_same_answer_and_few_trials_none() -> None:
    trials = tried(SPACE, loss_of, 30)
    assert importances(trials, SPACE, GOAL, seed=1) == importances(trials, SPACE, GOAL, seed=1)
    assert importances(trials, SPACE, GOAL, seed=1) != importances(trials, SPACE, GOAL, seed=2)
    assert importances(trials[: FEWEST - 1], SPACE, GOAL) == []
    assert importances(trials, space_of({"fixed": 1}), GOAL) == []


@pytest.mark.parametrize("n", [FEWEST, 6, 10])
def test_with_few_trials_the_share_lies_in_its_interval(n: int) -> None:
    for row in importances(tried(SPACE, loss_of, n), SPACE, GOAL):
        assert 0 <= row.low <= row.share <= row.high <= 1


def test_where_all_results_are_alike_nothing_matters() -> None:
    rows = importances(tried(SPACE, lambda p: 1.0, 20), SPACE, GOAL)
    assert [row.share for row in rows] == [0.0] * 4
    assert all(row.correlation is None for row in rows)


def test_of_thousands_of_trials_each_tree_sees_some() -> None:
    rows = importances(tried(SPACE, loss_of, 5000), SPACE, GOAL)
    assert rows[0].share == pytest.approx(VARIANCES["a"] / (TOTAL - 0.01), abs=0.05)


@given(
    x=st.lists(st.tuples(*[st.sampled_from([0.1, 0.3, 0.6, 0.9])] * 3), min_size=2, max_size=30),
    seed=st.integers(0, 99),
)
def test_the_boxes_of_a_tree_fill_the_cube_and_shares_are_shares(
    x: list[tuple[float, float, float]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    tree = grow(np.array(x), rng.normal(size=len(x)), rng, smallest=1)
    assert (tree.high - tree.low).prod(axis=1).sum() == pytest.approx(1.0)
    shares = main_effects(tree)
    assert (shares >= 0).all()
    assert shares.sum() <= 1 + 1e-9


@pytest.fixture(scope="module")
def three_hundred() -> list[Trial]:
    return tried(SPACE, loss_of, 300, noise=0.1)


@pytest.fixture(scope="module")
def study(three_hundred: list[Trial]) -> optuna.Study:
    return study_of(three_hundred)


def study_of(trials: list[Trial]) -> optuna.Study:
    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        "a": optuna.distributions.FloatDistribution(0, 1),
        "b": optuna.distributions.FloatDistribution(1e-4, 1, log=True),
        "c": optuna.distributions.CategoricalDistribution(list(LEVELS)),
        "d": optuna.distributions.IntDistribution(1, 8),
    }
    study = optuna.create_study()
    for one in trials:
        params = {name: one.params[name] for name in distributions}
        study.add_trial(
            optuna.trial.create_trial(
                params=params, distributions=distributions, value=one.value(GOAL)
            )
        )
    return study


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_matters_and_keeps_its_share_in_its_interval(
    three_hundred: list[Trial], method: str
) -> None:
    rows = importances(three_hundred, SPACE, GOAL, method=method)
    assert {row.name for row in rows} == {"a", "b", "c", "d"}
    assert rows[0].name == "a"
    found = by_name(rows)
    assert found["d"].share < 0.1  # it plays no part
    for row in rows:
        assert 0 <= row.low <= row.share <= row.high <= 1


@pytest.mark.parametrize("method", METHODS)
def test_it_matters_not_whether_a_goal_is_turned_round(
    three_hundred: list[Trial], method: str
) -> None:
    turned = [trial(t.number, t.params, -(t.value(GOAL) or 0.0)) for t in three_hundred]
    up = Goal(metric="loss", direction=Direction.MAXIMIZE)
    rows = importances(turned, SPACE, up, method=method)
    others = importances(three_hundred, SPACE, GOAL, method=method)
    for row, other in zip(rows, others, strict=True):
        assert row.name == other.name
        assert row.share == pytest.approx(other.share)
        if row.correlation is not None:
            assert row.correlation == pytest.approx(-(other.correlation or 0.0))


def test_permutation_halves_what_scikit_learn_measures(three_hundred: list[Trial]) -> None:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    unseen = tried(SPACE, loss_of, 700, noise=0.1)[300:]

    def table(trials: list[Trial]) -> tuple[Any, Any]:
        rows = [[t.params["a"], math.log10(t.params["b"]), LEVELS[t.params["c"]],
                 t.params["d"]] for t in trials]  # fmt: skip
        return np.array(rows), np.array([t.value(GOAL) for t in trials])

    forest = RandomForestRegressor(100, random_state=0).fit(*table(three_hundred))
    theirs = permutation_importance(forest, *table(unseen), n_repeats=5, random_state=0)
    ours = by_name(importances(three_hundred, SPACE, GOAL, method="permutation"))
    for name, drop in zip("abcd", theirs.importances_mean, strict=True):
        assert ours[name].share == pytest.approx(drop / 2, abs=0.08)


def test_ped_anova_weighs_numbers_as_optunas_does(
    study: optuna.Study, three_hundred: list[Trial]
) -> None:
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    theirs = evaluator.evaluate(study)
    ours = by_name(importances(three_hundred, SPACE, GOAL, method="ped-anova"))
    numbers = "abd"  # Optuna blurs choices; ours are counted as they are
    for name in numbers:
        their_share = theirs[name] / sum(theirs[n] for n in numbers)
        our_share = ours[name].share / sum(ours[n].share for n in numbers)
        assert our_share == pytest.approx(their_share, abs=0.05)


def test_ped_anova_says_what_matters_for_being_good() -> None:
    # Among the good trials only `b` tells them apart; `a` makes the bad ones bad.
    space = space_of({"a": Float(0, 1), "b": Float(0, 1)})

    def loss(p: Mapping[str, Any]) -> float:
        return float((10.0 if p["a"] > 0.6 else 0.0) + abs(p["b"] - 0.3))

    trials = tried(space, loss, 400)
    assert importances(trials, space, GOAL)[0].name == "a"
    assert importances(trials, space, GOAL, method="ped-anova")[0].name == "b"


def test_correlation_explains_the_square_and_choices_by_their_means() -> None:
    space = space_of({"a": Float(0, 1), "c": ["x", "y", "z"], "u": Float(0, 1)})
    rows = importances(
        tried(space, lambda p: p["a"] + {"x": 1.0, "y": 0.0, "z": 1.0}[p["c"]], 500),
        space, GOAL, method="correlation",
    )  # fmt: skip
    found = by_name(rows)
    assert found["a"].share == pytest.approx((found["a"].correlation or 0) ** 2, abs=0.03)
    assert found["c"].share == pytest.approx(0.7, abs=0.1)  # of two groups of one and two thirds
    assert found["u"].share < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_a_condition_is_heeded_by_every_method(method: str) -> None:
    space = space_of({"opt": ["adam", "sgd"], "momentum": Float(0, 1, when="opt == 'sgd'"),
                      "lr": Float(0, 1), "never": Float(0, 1, when="opt == 'no'")})  # fmt: skip
    trials = tried(space, lambda p: 3 * p.get("momentum", 0.5) + p["lr"], 400)
    found = by_name(importances(trials, space, GOAL, method=method))
    assert found["momentum"].share > 0.25
    assert found["never"].trials == 0
    assert found["never"].share < 0.02
    assert found["momentum"].trials == sum("momentum" in t.params for t in trials)


@pytest.mark.parametrize("method", METHODS)
def test_one_diverged_trial_changes_little(method: str) -> None:
    trials = tried(SPACE, loss_of, 60, noise=0.1)
    best = min(trials, key=lambda one: one.value(GOAL) or 0.0)
    before = by_name(importances(trials, SPACE, GOAL, method=method))
    after = by_name(importances([*trials, trial(60, best.params, 1e9)], SPACE, GOAL, method=method))
    for name, row in before.items():
        assert after[name].share == pytest.approx(row.share, abs=0.2)
    assert max(after, key=lambda name: after[name].share) == "a"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="method=mdi: there is no such method; choose from fanova"
    ):
        importances(tried(SPACE, loss_of, 5), SPACE, GOAL, method="mdi")


@given(st.lists(st.floats(-5, 5).map(lambda x: round(x, 1)), min_size=1, max_size=30))
def test_mid_ranks_are_scipy_s(values: list[float]) -> None:
    from scipy.stats import rankdata

    assert mid_ranks(np.array(values)).tolist() == rankdata(values).tolist()
