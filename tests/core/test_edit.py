"""An edit is applied to whatever the definition is, and refused with all its faults."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sonde.core.edit import Edit, check_edit, effect_of, in_place_of
from sonde.core.metric import Direction, Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Function, Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sweep(written: dict[str, Any], **given: Any) -> Sweep:
    return Sweep(space=space_of(written), goals=(Goal(metric="loss"),), **given)


OLD = sweep(
    {
        "opt": ["adam", "sgd"],
        "momentum": {"min": 0.0, "max": 0.99, "when": "opt == 'sgd'"},
        "lr": "1e-5..1:log",
    },
    method="bayes",
    budget=Budget(trials=20),
)


def test_what_an_edit_does_not_speak_of_stays() -> None:
    assert Edit().apply(OLD) == OLD
    new = Edit(parameters={"lr": "1e-4..1e-2:log", "beta": [1, 2]}, trials=40).apply(OLD)
    assert [p.name for p in new.space.parameters] == ["opt", "momentum", "lr", "beta"]
    assert new.budget == Budget(trials=40)
    assert (new.method, new.goals, new.seed) == (OLD.method, OLD.goals, OLD.seed)


def test_a_parameter_keeps_its_condition_unless_the_edit_says_one() -> None:
    kept = Edit(parameters={"momentum": "uniform(0.5, 0.99)"}).apply(OLD)
    assert str(kept.space["momentum"].when) == "opt == 'sgd'"
    free = Edit(parameters={"momentum": {"min": 0.5, "max": 0.9, "when": None}}).apply(OLD)
    assert free.space["momentum"].when is None


def test_what_is_removed_and_related_is_so_from_now_on() -> None:
    new = Edit(remove=["momentum"], where=["lr < 0.1"], stopping="median").apply(OLD)
    assert "momentum" not in new.space
    assert [relation.text for relation in new.space.where] == ["lr < 0.1"]
    assert new.stopping == "median"
    assert Edit(stopping="none").apply(new).stopping is None


def test_all_faults_of_an_edit_are_told_at_once() -> None:
    wrong = Edit(
        parameters={"lr": "5..1:log", "new": []}, remove=["mometum"], where=["lr <"], trials=0
    )
    with pytest.raises(ConfigError) as refusal:
        wrong.apply(OLD)
    text = str(refusal.value)
    for place in ("lr", "new", "remove mometum", "lr <", "trials"):
        assert place in text


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (Edit(backfill={"b": 1}), "backfill.b: there is no parameter of that name; "),
        (
            Edit(parameters={"b": "1..3"}, backfill={"b": 9}),
            "backfill.b: 9 is not in 1..3, so that no trial of before would count; ",
        ),
        (Edit(method="grid"), "parameters.momentum: "),
        (Edit(method="byes"), "byes: there is no such search method; did you mean bayes?"),
        (Edit(stopping="mean"), "mean"),
        (Edit(where=["lr > 2"]), "where lr > 2"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_with_its_place(edit: Edit, message: str) -> None:
    with pytest.raises(ConfigError, match=r".") as refusal:
        check_edit(OLD, edit.apply(OLD))
    assert message in str(refusal.value)


def test_goals_and_seed_stay_what_trials_were_made_for() -> None:
    goal = Goal(metric="acc", direction=Direction.MAXIMIZE)
    with pytest.raises(ConfigError) as refusal:
        check_edit(OLD, replace(OLD, goals=(goal,), seed=9))
    first, second = str(refusal.value).splitlines()
    assert first.startswith("metric: the goal is to minimize loss (last), and trials were made for")
    assert "wanted is maximize acc (last); make a new sweep that learns from this one" in first
    assert second.startswith("seed: 9 in place of 0, which trials were started with; leave it out")


def test_what_was_back_filled_or_to_be_tried_and_no_longer_fits_is_left_out() -> None:
    old = sweep({"a": [1, 2], "b": [1, 2]}, backfill={"b": 1}, start=({"a": 1, "b": 1},))
    new = check_edit(old, Edit(remove=["b"]).apply(old))
    assert (new.backfill, new.start) == ({}, ())


def test_a_file_in_place_of_a_definition_leaves_what_it_does_not_speak_of() -> None:
    work = Function(name="f", folder="/")
    old = sweep({"a": [1, 2]}, name="n", seed=5, budget=Budget(trials=9), work=work, version=4)
    new = in_place_of(old, sweep({"a": [1, 3]}, name="other", seed=7), ["parameters", "method"])
    assert (new.name, new.seed, new.budget, new.work) == ("n", 5, Budget(trials=9), work)
    assert in_place_of(old, sweep({"a": [1]}, seed=7), ["seed"]).seed == 7


def test_the_effect_on_trials_is_told_beforehand() -> None:
    def trial(number: int, state: State, attempts: int = 1, **params: Any) -> Trial:
        return Trial(number=number, state=state, params=params, attempts=attempts, created=NOW)

    trials = [
        trial(0, State.DONE, a=1),
        trial(1, State.DONE, a=9),
        trial(2, State.RUNNING, a=9),
        trial(3, State.WAITING, 0, a=1),
    ]
    narrowed = effect_of(sweep({"a": "1..3"}), trials)
    assert (narrowed.counting, narrowed.outside, narrowed.running) == (1, 2, [2])
    assert narrowed.withdrawn == []
    wider = effect_of(sweep({"a": "1..9", "b": [1, 2]}), trials)
    assert (wider.counting, wider.outside, wider.lacking) == (0, 3, {"b": 3})
    assert wider.withdrawn == [3]
    filled = effect_of(sweep({"a": "1..9", "b": [1, 2]}, backfill={"b": 1}), trials)
    assert (filled.counting, filled.withdrawn) == (3, [3])
    other = effect_of(sweep({"a": "1..3", "b": [1, 2]}), trials)
    assert (other.outside, other.lacking) == (3, {"b": 1})  # of the others that is not all
