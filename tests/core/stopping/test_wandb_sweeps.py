"""`hyperband` against the rule that it follows: wandb/sweeps, on histories at random."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wandb_sweeps
from sonde.core.metric import Direction, Goal
from sonde.core.stopping import rule
from sonde.core.stopping.protocol import Heard, Point
from sonde.core.trial import State
from sonde.core.wanted import written
from sonde.errors import ConfigError

STATES = {
    "running": State.RUNNING,
    "finished": State.DONE,
    "failed": State.FAILED,
    "crashed": State.FAILED,
    "killed": State.STOPPED,
}
# Few different values, so that many tie; what W&B does not count, and rows without the metric.
values = st.one_of(
    st.integers(-3, 3).map(float), st.sampled_from([math.nan, math.inf, -math.inf, None])
)
runs = st.lists(
    st.tuples(st.sampled_from(["running", "running", *STATES]), st.lists(values, max_size=30)),
    max_size=14,
)
etas = st.one_of(st.integers(2, 5), st.sampled_from([1.5, 2.5, 3.7]))
options = st.one_of(
    st.fixed_dictionaries(
        {"max_iter": st.integers(1, 30), "s": st.integers(1, 5)},
        optional={"eta": etas, "strict": st.booleans(), "min_iter": st.integers(1, 9)},
    ),
    st.fixed_dictionaries(
        {"min_iter": st.integers(1, 9)}, optional={"eta": etas, "strict": st.booleans()}
    ),
)


def ours(
    text: str, histories: Sequence[tuple[str, Sequence[float | None]]], goal: Goal
) -> set[int]:
    made = rule(text)
    state = made.start()
    longest = max((len(history) for _, history in histories), default=0)
    for step in range(longest):  # as if all ran at once
        for number, (_, history) in enumerate(histories):
            value = history[step] if step < len(history) else None
            if value is not None:
                point = Point(goal.loss(value), goal.loss(value), float(step))
                state = made.hear(state, Heard(number=number, points=[point]))
    for number, (word, _) in enumerate(histories):
        state = made.hear(state, Heard(number=number, state=STATES[word]))
    running = [n for n, (word, _) in enumerate(histories) if word == "running"]
    return {number for number in running if made.judge(state, number) is not None}


@settings(max_examples=400)
@given(options, runs, st.sampled_from(Direction))
def test_stops_whom_wandb_stops(
    config: Mapping[str, Any],
    histories: list[tuple[str, list[float | None]]],
    direction: Direction,
) -> None:
    try:
        expected = wandb_sweeps.to_stop(config, histories, goal=direction.value)
    except ValueError:  # without a band
        with pytest.raises(ConfigError, match="no band"):
            rule(written("hyperband", config))
        return
    goal = Goal(metric="loss", direction=direction)
    assert ours(written("hyperband", config), histories, goal) == expected


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "neither max_iter nor min_iter"),
        ({"max_iter": 27}, "max_iter stands without s"),
        ({"min_iter": 0}, "min_iter=0 is no whole number from 1 on"),
        ({"min_iter": 1.5}, "min_iter=1.5 is no whole number from 1 on"),
        ({"max_iter": 27, "s": 2.5}, "s=2.5 is no whole number from 1 on"),
        ({"max_iter": 2, "s": 3}, "there is no band"),
        ({"min_iter": 3, "eta": 1}, "eta=1 is not above 1"),
        ({"min_iter": 3, "strict": 1}, "strict=1 is no answer"),
    ],
)
def test_what_wandb_cannot_run_is_refused_with_a_remedy(
    config: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match=r"."):
        wandb_sweeps.to_stop(config, [("running", [1.0] * 9)])
    with pytest.raises(ConfigError) as refusal:
        rule(written("hyperband", config))
    assert said in str(refusal.value)
