"""What the present definition sees of trials from before it was edited."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sonde.core.history import History
from sonde.core.metric import Goal, Summary
from sonde.core.sight import Sight
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import WITHDRAWN, State, Trial

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOALS = (Goal(metric="loss"),)


def edited(written: dict[str, Any], **given: Any) -> Sweep:
    where = given.pop("where", None)
    return Sweep(space=space_of(written, where), goals=GOALS, version=2, **given)


def trial(
    number: int, state: State = State.DONE, loss: float | None = None, **params: Any
) -> Trial:
    metrics = {} if loss is None else {"loss": Summary(1, loss, loss, loss, loss, 1, 0, 0, 0)}
    return Trial(number=number, state=state, params=params, metrics=metrics, created=NOW)


@pytest.mark.parametrize(
    ("sweep", "params", "seen"),
    [
        (edited({"lr": "uniform(0, 1)"}), {"lr": 0.5}, {"lr": 0.5}),
        (edited({"lr": "uniform(0, 0.1)"}), {"lr": 0.5}, None),  # narrowed
        (edited({"opt": ["adam"]}), {"opt": "sgd"}, None),  # a choice was removed
        (edited({"opt": "adam"}), {"opt": "adam"}, {"opt": "adam"}),  # frozen
        (edited({"opt": "adam"}), {"opt": "sgd"}, None),
        (edited({"a": [1, 2], "b": [1, 2]}), {"a": 1}, None),  # b came later
        (edited({"a": [1, 2], "b": [1, 2]}, backfill={"b": 2}), {"a": 1}, {"a": 1, "b": 2}),
        (edited({"a": [1, 2], "b": [1, 2]}, backfill={"b": 2}), {"a": 1, "b": 1}, {"a": 1, "b": 1}),
        (edited({"a": [1, 2]}), {"a": 1, "b": 1}, None),  # b was taken out
        (edited({"a": [1, 2], "b": [1, 2]}, where="a < b"), {"a": 2, "b": 1}, None),
    ],
)
def test_a_trial_counts_if_its_values_completed_are_an_assignment(
    sweep: Sweep, params: dict[str, Any], seen: dict[str, Any] | None
) -> None:
    assert Sight(sweep).params(params) == seen
    assert Sight(replace(sweep, version=1)).params(params) == params


def test_a_backfill_is_put_in_only_where_the_parameter_exists() -> None:
    space = {"opt": ["adam", "sgd"], "momentum": {"values": [0, 0.9], "when": "opt == 'sgd'"}}
    sight = Sight(edited(space, backfill={"momentum": 0.9}))
    assert sight.params({"opt": "sgd"}) == {"opt": "sgd", "momentum": 0.9}
    assert sight.params({"opt": "adam"}) == {"opt": "adam"}


def test_the_best_is_one_of_all_trials_wherever_they_lie() -> None:
    history = History(edited({"lr": "uniform(0, 0.1)"}))
    told = history.add([trial(0, loss=0.5, lr=0.9), trial(1, loss=0.7, lr=0.05)])
    assert [one.number for one in told] == [1]
    assert history.best is not None
    assert history.best.number == 0
    assert history.seen == {(0.05,)}


def test_what_was_withdrawn_counts_nowhere() -> None:
    history = History(edited({"opt": ["adam", "sgd"]}))
    called_off = replace(trial(0, State.CANCELLED, opt="sgd"), facts={WITHDRAWN: 2})
    assert history.add([called_off, trial(1, loss=1.0, opt="adam")])[0].number == 1
    assert history.withdrawn == 1
    assert history.seen == {("adam",)}
    assert [one.number for one in history.told()] == [1]


def test_repeats_of_what_lies_outside_are_joined_as_far_as_they_came() -> None:
    history = History(edited({"opt": ["adam"]}, repeats=3))
    running = trial(2, State.RUNNING, opt="sgd")
    history.add([trial(0, loss=0.2, opt="sgd"), trial(1, loss=0.8, opt="adam"), running])
    assert history.best is None
    assert list(history.incomplete().values()) == [{"opt": "adam"}]
    history.add([trial(2, loss=0.4, opt="sgd")])
    assert history.best is not None
    assert history.best.value(GOALS[0]) == pytest.approx(0.3)
    assert list(history.incomplete().values()) == [{"opt": "adam"}]
