"""Goals and summaries."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.metric import Direction, Goal, Summary, SummaryKind, guess_direction, parse_goal
from sonde.errors import ConfigError

points = st.lists(st.tuples(st.integers(0, 10**9), st.floats(width=32)), min_size=1)


@given(points)
def test_a_summary_says_what_the_builtins_say_of_the_numbers(
    curve: list[tuple[int, float]],
) -> None:
    summary = Summary.of(curve)
    numbers = [value for _, value in curve if not math.isnan(value)]
    assert summary.count == len(curve)
    assert (summary.last, summary.last_step) == pytest.approx(
        (curve[-1][1], curve[-1][0]), nan_ok=True
    )
    if numbers:
        assert (summary.min, summary.max) == (min(numbers), max(numbers))
        assert (summary.min_step, summary.min) in curve
        assert (summary.max_step, summary.max) in curve
    else:
        assert all(math.isnan(x) for x in (summary.min, summary.max, summary.mean))


@given(points, points)
def test_a_summary_goes_on_where_an_earlier_one_ended(
    first: list[tuple[int, float]], then: list[tuple[int, float]]
) -> None:
    whole, parts = Summary.of(first + then), Summary.of(then, Summary.of(first))
    assert repr(whole) == repr(parts)  # NaN equals NaN in this form


def test_an_exact_zero_is_a_value_like_any_other() -> None:
    assert Summary.of([(0, 0.0), (1, 2.0)]).min == 0.0
    assert Summary.of([(0, -1.0), (1, 0.0)]).max == 0.0


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        Summary.of([])


@pytest.mark.parametrize(
    ("text", "metric", "direction", "summary"),
    [
        ("val_loss", "val_loss", "minimize", "last"),
        ("val_loss:min", "val_loss", "minimize", "min"),
        ("acc:max", "acc", "maximize", "max"),
        ("acc", "acc", "maximize", "last"),
        ("val_loss:last", "val_loss", "minimize", "last"),
        ("val_loss:final", "val_loss", "minimize", "last"),
        ("acc:mean:maximize", "acc", "maximize", "mean"),
        ("val_loss:min:maximize", "val_loss", "maximize", "min"),
        ("validation/epoch_loss:min", "validation/epoch_loss", "minimize", "min"),
        ("f1_score", "f1_score", "maximize", "last"),
        ("score_loss", "score_loss", "minimize", "last"),
        ("time", "time", "minimize", "last"),
    ],
)
def test_a_goal_reads_as_studioml_writes_it(
    text: str, metric: str, direction: str, summary: str
) -> None:
    assert parse_goal(text) == Goal(
        metric=metric, direction=Direction(direction), summary=SummaryKind(summary)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "val_loss:best",
            (
                "--metric=val_loss:best: 'best' is no summary of a metric; write TAG:min, TAG:max, "
                "TAG:last or TAG:mean, then :minimize or :maximize"
            ),
        ),
        (":min", "--metric=:min: the metric has no name; write for instance val_loss:min"),
        ("", "--metric=: the metric has no name; write for instance val_loss:min"),
    ],
)
def test_a_goal_that_says_nothing_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_goal(text)
    assert str(refusal.value) == message


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_lower_loss_is_a_better_value(one: float, other: float) -> None:
    goal = Goal(metric="m", direction=Direction.MAXIMIZE)
    assert (goal.loss(one) < goal.loss(other)) == (one > other)


def test_nan_is_the_worst_loss_in_both_directions() -> None:
    assert all(Goal(metric="m", direction=d).loss(math.nan) == math.inf for d in Direction)


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (parse_goal("val_loss:min"), "min val_loss"),
        (parse_goal("val_loss"), "min of the last val_loss"),
        (parse_goal("acc:max"), "max acc"),
    ],
)
def test_a_goal_is_said_in_words(goal: Goal, words: str) -> None:
    assert goal.describe() == words


def test_a_name_that_tells_nothing_is_minimised() -> None:
    assert guess_direction("zorp") is Direction.MINIMIZE
    assert guess_direction("val/accuracy") is Direction.MAXIMIZE


def test_a_target_is_said_and_reached_by_what_is_as_good() -> None:
    low = Goal(metric="loss", target=0.25)
    high = Goal(metric="acc", direction=Direction.MAXIMIZE, target=0.9)
    assert low.describe() == "min of the last loss, target 0.25"
    assert [low.is_reached(value) for value in (0.2, 0.25, 0.3, float("nan"))] == [1, 1, 0, 0]
    assert [high.is_reached(value) for value in (0.95, 0.9, 0.8)] == [1, 1, 0]
    assert not Goal(metric="loss").is_reached(-1.0)
