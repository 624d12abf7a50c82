"""What differs between two versions of a definition is said in words."""

from dataclasses import replace
from typing import Any

import pytest

from sonde.core.changes import changes
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Function, Sweep


def sweep(written: dict[str, Any], where: list[str] | None = None, **given: Any) -> Sweep:
    return Sweep(space=space_of(written, where), goals=(Goal(metric="loss"),), **given)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("1e-5..0.1:log", "1e-6..1:log", "p: 1e-05..0.1 log, now 1e-06..1.0 log (widened)"),
        ("1e-5..0.1:log", "1e-4..0.1:log", "p: 1e-05..0.1 log, now 0.0001..0.1 log (narrowed)"),
        ("uniform(0, 1)", "uniform(0.5, 2)", "p: 0.0..1.0, now 0.5..2.0 (moved)"),
        ("uniform(1, 2)", "1.0..2.0:log", "p: 1.0..2.0, now 1.0..2.0 log (changed)"),
        ("1..8", "1..16", "p: 1..8, now 1..16 (widened)"),
        ("1..8", "uniform(1, 8)", "p: 1..8, now 1.0..8.0 (widened)"),
        (["a", "b"], ["a", "b", "c"], "p: {a, b}, now {a, b, c} (widened)"),
        (["a", "b"], ["b"], "p: {a, b}, now {b} (narrowed)"),
        (["a", "b"], ["b", "c"], "p: {a, b}, now {b, c} (moved)"),
        (["a", "b"], ["b", "a"], "p: {a, b}, now {b, a} (changed)"),
        (["a", "b"], "b", "p: {a, b}, now b (frozen)"),
        ("b", ["a", "b"], "p: b, now {a, b} (freed)"),
        (3, 4, "p: 3, now 4 (moved)"),
    ],
)
def test_a_changed_parameter_is_said_to_be_wider_narrower_or_elsewhere(
    before: Any, after: Any, text: str
) -> None:
    (change,) = changes(sweep({"p": before}), sweep({"p": after}))
    assert change.text == text
    assert change.what == "parameters.p"
    assert changes(sweep({"p": after}), sweep({"p": after})) == []


def test_what_trials_of_before_had_is_said_of_a_later_parameter() -> None:
    old, wider = sweep({"a": [1, 2]}), {"a": [1, 2], "b": [1, 2]}
    (change,) = changes(old, sweep(wider, backfill={"b": 2}))
    assert change.text == "b: added, {1, 2}; trials of before had 2"
    assert change.to_json()["backfill"] == 2
    (change,) = changes(old, sweep(wider))
    assert change.text == "b: added, {1, 2}; trials of before had no known value"
    assert "backfill" not in change.to_json()
    (change,) = changes(sweep(wider), sweep(wider, backfill={"b": 1}))
    assert change.text == "b: as it is; trials of before had 1"
    (change,) = changes(sweep(wider), old)
    assert change.text == "b: removed, was {1, 2}"


def test_everything_else_that_differs_is_said_too() -> None:
    space = {"a": [1, 2], "b": [1, 2]}
    old = sweep(space, ["a < b"], method="bayes", budget=Budget(trials=20), version=3)
    new = replace(
        sweep(space, ["a <= b"]), method="tpe", stopping="asha", budget=Budget(trials=40), repeats=2
    )
    assert [change.text for change in changes(old, new)] == [
        "where: a <= b (added)",
        "where: a < b (removed)",
        "method: bayes, now tpe",
        "repeats: 1, now 2",
        "stopping: none, now asha",
        "budget: 20 trials, now 40 trials",
    ]


def test_code_that_was_sent_anew_is_said_without_its_keys() -> None:
    old = sweep({"a": [1, 2]}, work=Function(name="f", folder="/", blob="1" * 64))
    new = sweep({"a": [1, 2]}, work=Function(name="f", folder="/", blob="2" * 64))
    (change,) = changes(old, new)
    assert change.text == "function: as it was, now as it was sent anew"
