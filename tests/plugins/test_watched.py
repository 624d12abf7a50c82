"""A plugin's method that does not keep the contract harms no sweep, and says whose it is."""

from typing import Any

import pytest

from sonde.core.distributions import Float
from sonde.core.search import Problem, Request, method
from sonde.core.search.protocol import Breeder
from sonde.core.search.random import Random
from sonde.core.space import space_of
from sonde.errors import ConfigError
from sonde.plugins.watched import watched
from sonde.testing.methods import GOALS, MethodContract, ended

PROBLEM = Problem(space=space_of({"x": Float(0, 1), "k": 3}), goals=GOALS)
REMEDY = "; repair sonde-bad (sonde.testing.methods has the contract), or use another method"


class TestWatched(MethodContract):
    method = watched(method("quasirandom"), "method bad", "sonde-bad 1.2")


class TestWatchedBreeder(MethodContract):
    method = watched(method("pbt(population=12)"), "method bad", "sonde-bad 1.2")
    goes_on = True


class Bad(Random):
    """One that proposes what it is given."""

    def __init__(self, found: Any = None) -> None:
        self.found = found

    def propose(self, state: Any, request: Request) -> Any:
        return self.found


def proposed(found: Any) -> Any:
    """Return what comes of a method that proposes this where one point is asked for."""
    one = watched(Bad(found), "method bad", "sonde-bad 1.2")
    return one.propose(one.start(PROBLEM), Request(first=0, count=1))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([{"x": 5.0, "k": 3}], "proposed {'x': 5.0, 'k': 3}, which is no point of the space"),
        ([{"k": 3}], "proposed {'k': 3}, which is no point of the space"),
        ([0.5], "proposed 0.5, which is no assignment"),
        ([{"x": 0.1}, {"x": 0.2}], "proposed 2 points where 1 were asked for"),
    ],
)
def test_what_is_no_proposal_is_refused_and_its_giver_named(found: Any, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        proposed(found)
    assert str(refusal.value) == f"method bad: that of sonde-bad 1.2 {said}{REMEDY}"


def test_constants_are_filled_in() -> None:
    assert proposed([{"x": 0.5}]) == [{"x": 0.5, "k": 3}]


def test_what_it_raises_says_where_and_whose_it_is() -> None:
    with pytest.raises(ConfigError, match=r"1\.2 raised TypeError: .*watched\.py:\d+\); repair"):
        proposed(None)

    class Broken(Bad):
        def observe(self, state: Any, trial: Any) -> Any:
            raise KeyError("lost")

    one = watched(Broken(), "method bad", "sonde-bad 1.2")
    with pytest.raises(ConfigError, match=r"raised KeyError: 'lost' \(.*test_watched\.py:\d+\)"):
        one.observe(one.start(PROBLEM), ended(0, {"x": 0.5, "k": 3}, 1.0))


def test_what_it_refuses_on_purpose_is_said_in_its_words() -> None:
    class Choosy(Bad):
        def start(self, problem: Problem) -> Any:
            raise ConfigError("method choosy", "not this one", "use another")

    with pytest.raises(ConfigError, match=r"^method choosy: not this one; use another$"):
        watched(Choosy(), "method bad", "sonde-bad 1.2").start(PROBLEM)


def test_only_one_whose_trials_go_on_from_others_is_asked_for_children() -> None:
    assert isinstance(TestWatchedBreeder.method, Breeder)
    assert not isinstance(TestWatched.method, Breeder)
