"""Plain lines: what is said of trials as they end."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from cli_stores import GOAL, SPACE
from cli_views import ended_trial, view_on
from sonde.cli.progress.plain import Plain, end_line
from sonde.core.history import History
from sonde.core.sweep import Budget, Sweep
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result

SWEEP = Sweep(space=SPACE, goals=(GOAL,), budget=Budget(trials=100))


def watched(trials: Sequence[Trial], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines about trials that all end between two looks."""
    plain = Plain()
    plain.begin(view_on(SWEEP, []))
    capsys.readouterr()
    plain.update(view_on(SWEEP, trials), trials)
    return capsys.readouterr().err.splitlines()


def trial(number: int, state: State, value: float, after: float) -> Trial:
    return ended_trial(number, state, value, {"lr": 0.1, "opt": "adam"}, after)


def test_the_best_of_a_line_is_the_best_as_of_that_trial(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trials = [trial(i, State.DONE, value, i) for i, value in enumerate([0.5, 0.7, 0.2])]
    lines = watched(trials, capsys)
    assert [line.split("best=")[1].split()[0] for line in lines] == ["#0", "#0", "#2"]


def test_eight_quick_trials_all_have_their_line(capsys: pytest.CaptureFixture[str]) -> None:
    trials = [trial(i, State.FAILED if i == 7 else State.DONE, 0.5, i * 0.1) for i in range(8)]
    lines = watched(trials, capsys)
    assert len(lines) == 8
    assert "#7 FAILED" in lines[7]


def test_among_many_quick_trials_failures_are_said_once_a_second(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trials = [
        trial(i, State.FAILED if i % 10 == 9 else State.DONE, 0.5, i * 0.02) for i in range(200)
    ]
    lines = watched(trials, capsys)
    assert sum("more than 5 trials a second" in line for line in lines) == 1
    failures = [line for line in lines if "FAILED" in line]
    assert 3 <= len(failures) <= 6  # of twenty, in four seconds
    assert any("more failed before it" in line for line in failures)
    assert sum(" done " in line for line in lines) < 30


def test_the_last_line_says_how_many_failed() -> None:
    view = view_on(SWEEP, [trial(0, State.DONE, 0.5, 0), trial(1, State.FAILED, 0.5, 1)])
    view.now += timedelta(seconds=1)
    result = Result(code=0, reason="", record=view.record, history=History(SWEEP))
    assert "(1 failed)" in end_line(view, result)
