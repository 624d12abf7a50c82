"""What an earlier sweep teaches a new one."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.constraint import Constraint
from sonde.core.distributions import Float, Int
from sonde.core.earlier import Lesson, lesson_of, taught
from sonde.core.metric import Direction, Goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.testing.methods import ended

GOAL = Goal(metric="loss")
OLD = {"lr": Float(1e-5, 1e-1, log=True), "layers": Int(1, 8), "opt": ["adam", "sgd"]}


def sweep(parameters: Mapping[str, Any], *goals: Goal, **options: Any) -> Sweep:
    return Sweep(space=space_of(parameters), goals=goals or (GOAL,), **options)


def trials(*rows: tuple[Mapping[str, Any], float | None]) -> list[Trial]:
    return [ended(number, params, loss) for number, (params, loss) in enumerate(rows)]


def learnt(new: Sweep, rows: Sequence[Trial], old: Sweep | None = None) -> Lesson:
    return lesson_of(taught(old or sweep(OLD), "old", rows, new), new.space)


ROWS = trials(
    ({"lr": 1e-3, "layers": 3, "opt": "adam"}, 2.0),
    ({"lr": 1e-2, "layers": 8, "opt": "sgd"}, 1.0),
    ({"lr": 1e-5, "layers": 1, "opt": "adam"}, 3.0),
)


def test_the_same_space_has_all_results_in_the_order_of_their_trials() -> None:
    lesson = learnt(sweep(OLD), ROWS)
    assert [params for params, _ in lesson.results] == [trial.params for trial in ROWS]
    assert [losses for _, losses in lesson.results] == [(2.0,), (1.0,), (3.0,)]
    assert lesson.unknown == frozenset()
    assert lesson.best_first()[0] == ROWS[1].params


def test_trials_beyond_the_new_bounds_are_left_out() -> None:
    lesson = learnt(sweep(OLD | {"layers": Int(2, 4)}), ROWS)
    assert [params["layers"] for params, _ in lesson.results] == [3]


def test_trials_with_a_choice_that_is_not_offered_any_more_are_left_out() -> None:
    lesson = learnt(sweep(OLD | {"opt": ["adam", "lion"]}), ROWS)
    assert [params["opt"] for params, _ in lesson.results] == ["adam", "adam"]


def test_of_a_new_parameter_nothing_is_known() -> None:
    lesson = learnt(sweep(OLD | {"width": Int(1, 9)}), ROWS)
    assert lesson.unknown == {"width"}
    assert len(lesson.results) == 3
    assert all("width" not in params for params, _ in lesson.results)


@pytest.mark.parametrize("changed", [Float(10, 20), ["a", "b"], Int(100, 200)])
def test_a_parameter_none_of_whose_values_fits_is_as_good_as_new(changed: Any) -> None:
    lesson = learnt(sweep(OLD | {"layers": changed}), ROWS)
    assert lesson.unknown == {"layers"}
    assert len(lesson.results) == 3


def test_a_parameter_that_is_gone_plays_no_part() -> None:
    lesson = learnt(sweep({"lr": OLD["lr"]}), ROWS)
    assert [set(params) for params, _ in lesson.results] == [{"lr"}] * 3


def test_values_take_the_new_type() -> None:
    lesson = learnt(sweep(OLD | {"layers": Float(1, 8)}), ROWS)
    assert [type(params["layers"]) for params, _ in lesson.results] == [float] * 3


def test_failed_trials_and_those_without_a_finite_result_teach_nothing() -> None:
    params = ROWS[0].params
    others = [
        ended(3, params, 0.1, State.FAILED),
        ended(4, params, math.nan),
        ended(5, params, math.inf),
        ended(6, params, None),
    ]
    assert learnt(sweep(OLD), [*ROWS, *others]) == learnt(sweep(OLD), ROWS)


def test_what_breaks_a_new_constraint_is_passed_over() -> None:
    bound = Constraint(metric="loss", bound=1.5)
    lesson = learnt(sweep(OLD, constraints=(bound,)), ROWS)
    assert [losses for _, losses in lesson.results] == [(1.0,)]


def test_of_an_assignment_that_was_repeated_the_mean_counts() -> None:
    rows = trials(*((ROWS[0].params, loss) for loss in (1.0, 2.0, 6.0)), (ROWS[1].params, 2.5))
    lesson = learnt(sweep(OLD), rows)
    assert [losses for _, losses in lesson.results] == [(3.0,), (2.5,)]


def test_a_metric_that_was_no_goal_then_may_be_one_now() -> None:
    old = sweep(OLD, Goal(metric="accuracy", direction=Direction.MAXIMIZE))
    assert len(learnt(sweep(OLD), ROWS, old).results) == 3


@pytest.mark.parametrize(
    ("new", "rows", "message"),
    [
        (
            sweep(OLD, Goal(metric="loss", direction=Direction.MAXIMIZE)), ROWS,
            ("old: it is to minimize loss, and here it is to maximize; "
             "turn the goal, or leave the earlier sweep out"),
        ),
        (
            sweep(OLD, Goal(metric="error")), ROWS,
            "old: none of its trials has a result for error; its goal is loss; name that one",
        ),
        (
            sweep(OLD), trials((ROWS[0].params, None)),
            "old: none of its trials has a result for loss; let it run first",
        ),
        (
            sweep({"x": Float(0, 1)}), ROWS,
            ("old: no trial of it lies in this space; "
             "widen the parameters, name them alike, or leave the earlier sweep out"),
        ),
        (
            Sweep(space=space_of(OLD)), ROWS,
            ("old: without a goal nothing can be learnt from it; "
             "name the metric to improve, or leave the earlier sweep out"),
        ),
    ],
)  # fmt: skip
def test_a_sweep_that_teaches_nothing_is_refused(
    new: Sweep, rows: list[Trial], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        taught(sweep(OLD), "old", rows, new)
    assert str(refusal.value) == message


@given(st.integers(1, 700), st.integers(1, 2))
def test_of_many_trials_the_best_hundred_and_some_from_good_to_bad_are_kept(
    count: int, goals: int
) -> None:
    new = sweep({"x": Float(0, 1)}, *[Goal(metric="loss")][:goals])
    rows = [ended(i, {"x": i / count}, float(i * 7919 % count)) for i in range(count)]
    found = [losses[0] for _, losses in learnt(new, rows, new).results]
    assert len(found) == min(count, 200)
    assert sorted(found)[:100] == sorted(trial.value(GOAL) or 0.0 for trial in rows)[:100]
    if count > 200:
        assert max(found) >= count * 0.9


def test_of_several_goals_those_that_none_beats_come_first() -> None:
    lesson = Lesson(
        name="old",
        results=tuple(
            ({"x": i}, found) for i, found in enumerate([(2, 2), (1, 3), (3, 1), (3, 3)])
        ),
    )
    assert [params["x"] for params in lesson.best_first()] == [0, 1, 2, 3]


def test_it_is_kept_as_json() -> None:
    document = json.loads(taught(sweep(OLD), "old", ROWS, sweep(OLD)))
    assert document["trials"][1] == [{"lr": 0.01, "layers": 8, "opt": "sgd"}, [1.0]]
