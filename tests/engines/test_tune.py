"""`sonde.ray.SondeSearch`: sonde's methods in Ray Tune, by itself and in real runs of it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ray import tune
from ray.tune.search import ConcurrencyLimiter, Searcher

from sonde.errors import ConfigError
from sonde.ray import SondeSearch
from sonde.ray.tune_space import TuneSpace

DOMAINS = {
    "uniform": tune.uniform(-1, 3),
    "loguniform": tune.loguniform(1e-5, 1e-1),
    "quniform": tune.quniform(0.2, 1, 0.2),
    "qloguniform": tune.qloguniform(0.05, 1, 0.05),
    "randn": tune.randn(1, 2),
    "qrandn": tune.qrandn(1, 2, 0.5),
    "randint": tune.randint(-2, 5),
    "qrandint": tune.qrandint(8, 64, 8),
    "qrandint of 1": tune.qrandint(1, 4, 1),
    "lograndint": tune.lograndint(1, 100),
    "qlograndint": tune.qlograndint(4, 100, 4),
    "choice of numbers": tune.choice([16, 32, 64]),
    "choice of anything": tune.choice([None, "adam", (1, 2), {"a": [1]}, len]),
    "grid_search": tune.grid_search(["a", "b"]),
}
NESTED = {
    "epochs": 30,
    "opt": {"name": tune.choice(["adam", "sgd"]), "lr": tune.loguniform(1e-4, 1)},
    "widths": [tune.randint(1, 9), 16],
}


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
def test_what_tune_could_draw_is_tried_and_all_of_it(domain: Any) -> None:
    space = TuneSpace({"x": domain})
    (ours,) = space.space.parameters
    at = ours.distribution.at
    tried = [space.to_theirs({ours.name: at(n / 400)})["x"] for n in range(401)]
    options = domain["grid_search"] if isinstance(domain, Mapping) else None
    drawn = [options[n % 2] if options else domain.sample() for n in range(800)]
    for value in drawn:
        assert space.space.validate(space.to_ours({"x": value}))
    if ours.distribution.size is not None and ours.distribution.size < 30:
        for value in tried:
            assert any(one is value or one == value or is_near(one, value) for one in drawn)
    assert {type(value) for value in tried} == {type(value) for value in drawn}


def is_near(one: Any, other: Any) -> bool:
    return isinstance(one, float) and isinstance(other, float) and abs(one - other) < 1e-9


def test_only_what_varies_is_changed_in_nested_configs() -> None:
    search = SondeSearch(NESTED, "loss", "min", seed=1)
    config = search.suggest("a")
    assert isinstance(config, dict)
    assert config["epochs"] == 30
    assert config["opt"].keys() == {"name", "lr"}
    assert config["widths"][1] == 16
    assert 1 <= config["widths"][0] < 9
    assert isinstance(NESTED["widths"], list)
    assert not isinstance(NESTED["widths"][0], int)  # the user's own is as it was


def told(search: Any, count: int, first: int = 0) -> list[Any]:
    """Suggest and complete some trials; return their configs."""
    configs = []
    for number in range(first, first + count):
        config = search.suggest(str(number))
        result = {"loss": abs(config["opt"]["lr"] - 0.1), "training_iteration": 1}
        search.on_trial_result(str(number), result)
        search.on_trial_complete(str(number), result)
        configs.append(config)
    return configs


@pytest.mark.parametrize("method", ["bayes", "tpe", "random"])
def test_one_that_is_restored_suggests_what_the_old_one_would_have(
    tmp_path: Path, method: str
) -> None:
    search = SondeSearch(NESTED, "loss", "min", method=method, seed=1)
    told(search, 8)
    search.suggest("running")
    search.save(str(tmp_path / "state"))
    other = SondeSearch()
    other.restore(str(tmp_path / "state"))
    other.on_trial_complete("running", {"loss": 1.0, "training_iteration": 1})
    search.on_trial_complete("running", {"loss": 1.0, "training_iteration": 1})
    assert told(other, 3, first=20) == told(search, 3, first=20)


def test_it_learns_from_results_nested_ones_and_failures_too() -> None:
    space = {"x": tune.uniform(0, 1)}
    search = SondeSearch(space, "eval/loss", "max", method="tpe", seed=3)
    for number in range(40):
        config = search.suggest(str(number))
        assert isinstance(config, dict)
        if config["x"] > 0.9:
            search.on_trial_complete(str(number), error=True)
        else:
            search.on_trial_complete(str(number), {"eval": {"loss": config["x"]}})
    late = [search.suggest(f"late {number}") for number in range(5)]
    assert all(config["x"] > 0.6 for config in late if isinstance(config, dict))


def test_points_to_evaluate_come_first_and_what_is_known_is_learnt_from() -> None:
    points: list[dict[str, Any]] = [{"x": 0.25, "opt": {"lr": 0.5}}, {"x": 0.75, "opt/lr": 0.125}]
    space = {"x": tune.uniform(0, 1), "opt": {"lr": tune.uniform(0, 1)}}
    search = SondeSearch(space, "loss", "min", points_to_evaluate=points)
    search.add_evaluated_point({"x": 0.1, "opt": {"lr": 0.1}}, 0.5)
    assert search.suggest("a") == {"x": 0.25, "opt": {"lr": 0.5}}
    assert search.suggest("b") == {"x": 0.75, "opt": {"lr": 0.125}}
    assert search.suggest("c") not in [None, Searcher.FINISHED]


def test_a_grid_comes_to_its_end() -> None:
    space = {"x": tune.grid_search([1, 2]), "y": tune.grid_search(["a", "b"])}
    search = SondeSearch(space, "loss", "min", method="grid")
    found = [search.suggest(str(number)) for number in range(5)]
    assert found[:4] == [{"x": x, "y": y} for x in (1, 2) for y in ("a", "b")]
    assert found[4] == Searcher.FINISHED


@pytest.mark.parametrize(
    ("space", "options", "message"),
    [
        (
            {"a": {"b": tune.sample_from(lambda config: 1)}}, {},
            (
                "param_space a/b: tune.sample_from cannot be searched; use tune.uniform, "
                "loguniform, randint, choice, ...; or fix it"
            ),
        ),
        (
            {"a": tune.choice([tune.uniform(0, 1), 3])}, {},
            "param_space a: there is a space inside of an option; name its parameters side by side",
        ),
        (
            {"a": tune.uniform(0, 1)}, {"points_to_evaluate": [{"a": 7}]},
            "param_space a: 7 is not of its domain; give one that Tune could have drawn",
        ),
        (
            {"a": tune.uniform(0, 1)}, {"points_to_evaluate": [{}]},
            "param_space a: there is no value for it; give one for each parameter",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_with_its_place(
    space: Any, options: Any, message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        SondeSearch(space, "loss", "min", **options)
    assert str(refusal.value) == message


def test_without_a_metric_or_a_space_it_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match="name them in TuneConfig"):
        SondeSearch({"x": tune.uniform(0, 1)}).suggest("a")
    with pytest.raises(ConfigError, match="give the Tuner a param_space"):
        SondeSearch(metric="loss", mode="min").suggest("a")


@pytest.fixture
def connected(cluster: Any) -> Iterator[None]:
    """This process uses the cluster."""
    import ray

    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def train(config: dict[str, Any]) -> None:
    for epoch in range(1, 4):
        tune.report({"loss": (np.log10(config["opt"]["lr"]) + 2) ** 2 + 1 / epoch})


def test_a_tuner_searches_with_it_and_keeps_what_it_knows(connected: None, tmp_path: Path) -> None:
    search = SondeSearch(method="bayes", seed=1)
    tuner = tune.Tuner(
        train,
        param_space={"opt": {"lr": tune.loguniform(1e-5, 1e-1), "name": "sgd"}},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", num_samples=10, reuse_actors=True,
            search_alg=ConcurrencyLimiter(search, max_concurrent=2),
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), name="run", verbose=0),
    )  # fmt: skip
    results = tuner.fit()
    assert len(results) == 10
    assert not results.errors
    configs = [result.config or {} for result in results]
    assert {config["opt"]["name"] for config in configs} == {"sgd"}
    assert len({config["opt"]["lr"] for config in configs}) == 10
    best = results.get_best_result().metrics
    assert best is not None
    assert best["loss"] < 0.75
    # Tune has saved it on its way: one that is restored has seen the same.
    other = SondeSearch()
    other.restore_from_dir(str(tmp_path / "run"))
    assert other.suggest("next") == search.suggest("next")


def test_sonde_ray_loads_no_ray_where_it_is_not_asked_for() -> None:
    code = "import sys, sonde.ray; assert 'ray' not in sys.modules; sonde.ray.SondeSearch"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)
