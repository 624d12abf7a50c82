"""Random search draws each parameter from its own distribution, and repeats nothing."""

import pytest
from scipy import stats

from sonde.core.distributions import Choice, Float, Int
from sonde.core.search import Problem, Request, drawing, method
from sonde.core.space import space_of
from sonde.core.streams import uniforms
from sonde.errors import ConfigError
from sonde.testing.methods import Search

RANDOM = method("random")


def test_each_parameter_comes_from_its_own_distribution() -> None:
    space = space_of({"lr": Float(1e-5, 0.1, log=True), "x": Float(-2, 3), "opt": ["a", "b"]})
    params = RANDOM.propose(
        RANDOM.start(Problem(space=space, seed=5)), Request(first=0, count=5000)
    )
    assert stats.kstest([p["lr"] for p in params], stats.loguniform(1e-5, 0.1).cdf).pvalue > 0.001
    assert stats.kstest([p["x"] for p in params], stats.uniform(-2, 5).cdf).pvalue > 0.001
    assert 2300 < sum(p["opt"] == "a" for p in params) < 2700


def test_trial_n_comes_from_the_stream_of_seed_and_n() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)})
    state = RANDOM.start(Problem(space=space, seed=3))
    found = RANDOM.propose(state, Request(first=40, count=2))
    assert found == [space.at(uniforms(3, number, 0, 2)) for number in (40, 41)]


def test_the_last_points_of_a_space_are_found_however_rare_they_are() -> None:
    shares = (0.999998, 0.000001, 0.000001)
    space = space_of({"a": Choice(("x", "y", "z"), probabilities=shares)})
    assert {str(params["a"]) for params in Search(RANDOM, space).run(9).params} == {"x", "y", "z"}


def test_a_space_too_large_for_a_list_is_searched_to_its_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawing, "_MOST_LISTED", 10)
    monkeypatch.setattr(drawing, "_MOST_DRAWS", 5)
    space = space_of({"a": Int(1, 30)})
    found = [params["a"] for params in Search(RANDOM, space).run(99).params]
    assert sorted(found, key=str) == sorted(range(1, 31), key=str)


def test_relations_that_leave_one_point_in_2500_are_met() -> None:
    space = space_of({"a": Int(1, 50), "b": Int(1, 50)}, where="a == 17 and b == 31")
    assert Search(RANDOM, space).run(9).params == [{"a": 17, "b": 31}]


def test_relations_that_leave_little_of_a_space_without_end_are_met() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)}, where="x + y < 0.02")
    assert all(space.admits(params) for params in Search(RANDOM, space).run(20).params)


def test_a_relation_that_nothing_satisfies_is_named() -> None:
    space = space_of({"x": Float(0, 1)}, where=["x > 0.1", "x > 2"])
    with pytest.raises(ConfigError) as refusal:
        Search(RANDOM, space).propose()
    assert str(refusal.value) == (
        "where x > 0.1 and x > 2: none of 100,000 points satisfies it; "
        "loosen it, or widen the parameters"
    )


def test_a_seed_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="seed: -1 is no seed"):
        RANDOM.start(Problem(space=space_of({"x": Float(0, 1)}), seed=-1))
