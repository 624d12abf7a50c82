"""A grid goes through every point once, in the order in which it was declared."""

import itertools
import time
from collections.abc import Hashable

import pytest

from sonde.core.distributions import Choice, Float, Int
from sonde.core.search import Problem, Request, method
from sonde.core.space import Params, Space, space_of
from sonde.errors import ConfigError
from sonde.testing.methods import Search

GRID = method("grid")


def test_it_goes_in_declared_order_with_the_last_parameter_fastest() -> None:
    space = space_of({"b": [2, 1], "a": ["y", "x"], "c": Int(1, 3)})
    found = [tuple(params.values()) for params in Search(GRID, space).run(99).params]
    assert found == list(itertools.product((2, 1), ("y", "x"), (1, 2, 3)))


@pytest.mark.parametrize("batch", [1, 2, 5, 12, 13])
def test_batches_of_any_size_give_each_point_once(batch: int) -> None:
    space = space_of({"b": [2, 1], "a": ["y", "x"], "c": Int(1, 3)})
    assert Search(GRID, space).run(99, batch=batch).params == list(space.lattice())


def test_values_listed_twice_are_tried_once() -> None:
    assert [p["a"] for p in Search(GRID, space_of({"a": [3, 4, 3.0, 3]})).run(9).params] == [3, 4]


def test_conditions_leave_out_what_does_not_exist() -> None:
    space = space_of({"opt": ["adam", "sgd"], "m": Float(0, 0.4, step=0.2, when="opt == 'sgd'")})
    assert Search(GRID, space).run(9).params == [
        {"opt": "adam"},
        {"opt": "sgd", "m": 0.0},
        {"opt": "sgd", "m": 0.2},
        {"opt": "sgd", "m": 0.4},
    ]


def test_a_point_whose_proposal_came_to_nothing_is_proposed_again() -> None:
    space = space_of({"a": Int(1, 4)})
    search = Search(GRID, space)
    first, second, third = search.propose(3)
    search.add(second)  # the first was lost with the controller that asked for it
    assert search.propose(3) == [first, third, {"a": 4}]


def test_a_parameter_without_end_is_named_with_what_to_write() -> None:
    space = space_of({"opt": ["adam"], "lr": Float(0, 1)})
    with pytest.raises(ConfigError) as refusal:
        GRID.start(Problem(space=space))
    assert str(refusal.value) == (
        "parameters.lr: 0.0..1.0 has no end of values, so it has no grid; "
        "give it a step, list its values, or use another method, such as quasirandom"
    )


def test_what_has_no_probability_is_left_out() -> None:
    space = space_of({"a": Choice(("x", "y", "z"), probabilities=(0.5, 0, 0.5))})
    assert [params["a"] for params in Search(GRID, space).run(9).params] == ["x", "z"]


def test_100_000_points_one_by_one_take_little_time() -> None:
    space = space_of({"a": Int(1, 1000), "b": Int(1, 100)})
    state = GRID.start(Problem(space=space))
    seen: set[Hashable] = set()
    began = time.process_time()
    for number in range(100_000):
        (params,) = GRID.propose(state, Request(first=number, count=1, seen=seen))
        seen.add(space.key(params))
    assert GRID.propose(state, Request(first=100_000, count=1, seen=seen)) == []
    assert len(seen) == 100_000
    assert time.process_time() - began < 10


def lost(space: Space, keep: int) -> list[Params]:
    """The points that a new controller proposes after the first `keep` are done."""
    search = Search(GRID, space).run(keep)
    search.restart()
    return search.propose(2)


def test_a_new_controller_goes_on_where_the_old_one_ended() -> None:
    space = space_of({"a": Int(1, 9)})
    assert lost(space, 4) == [{"a": 5}, {"a": 6}]
    assert lost(space, 8) == [{"a": 9}]
