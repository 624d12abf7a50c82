"""Pareto layers and crowding distances."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from sonde.core.dominance import crowding, dominates, layers

points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), max_size=30)


def test_a_point_dominates_what_is_nowhere_better_and_somewhere_worse() -> None:
    assert dominates((1, 2), (1, 3))
    assert not dominates((1, 2), (1, 2))
    assert not dominates((1, 3), (2, 2))


@given(points)
def test_each_layer_is_the_front_of_what_the_layers_above_leave(
    given: list[tuple[int, int, int]],
) -> None:
    left = list(range(len(given)))
    for layer in layers(given):
        front = [i for i in left if not any(dominates(given[j], given[i]) for j in left)]
        assert layer == front
        left = [i for i in left if i not in front]
    assert not left


def test_crowding_is_the_distance_between_neighbours_in_units_of_the_extent() -> None:
    assert crowding([(0.0, 4.0), (1.0, 2.0), (4.0, 0.0)]) == [inf, 2.0, inf]
    assert crowding([(0.0,), (10.0,), (2.0,), (3.0,)]) == [inf, inf, 0.3, 0.8]
    assert crowding([]) == []


def test_points_that_are_all_alike_have_no_room() -> None:
    assert crowding([(1.0, 1.0)] * 4) == [inf, 0.0, 0.0, inf]
