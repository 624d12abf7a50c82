"""The fold over trials."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.constraint import parse_constraint
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import ENDED, State, Trial
from trials import at, make

SWEEP = Sweep(space=space_of({"x": list(range(50))}), goals=(Goal(metric="loss"),))
SPANS = st.tuples(st.integers(0, 20), st.integers(0, 10)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(SPANS, max_size=8), st.randoms())
def test_working_time_is_the_time_in_which_something_ran(
    spans: list[tuple[int, int]], shuffle: random.Random
) -> None:
    history = History(SWEEP)
    trials = [make(n, span=span) for n, span in enumerate(spans)]
    history.add(make(n, State.RUNNING, span=span) for n, span in enumerate(spans))
    shuffle.shuffle(trials)
    for trial in trials:
        history.add([trial])
    seconds = {second for start, end in spans for second in range(start, end)}
    assert history.working_time(at(1000)) == len(seconds)


def test_a_running_trial_works_until_now() -> None:
    history = History(SWEEP)
    history.add([make(0, span=(0, 5)), make(1, State.RUNNING, span=(7, 0))])
    assert history.working_time(at(10)) == 8


@given(st.lists(st.tuples(st.sampled_from(State), st.integers(0, 3)), max_size=12))
def test_counts_and_best_are_those_of_the_present_trials(rows: list[tuple[State, int]]) -> None:
    trials = [make(n, state, loss=float(loss)) for n, (state, loss) in enumerate(rows)]
    history = History(SWEEP)
    history.add(make(n, State.WAITING, span=None) for n in range(len(rows)))
    history.add(make(n, State.RUNNING) for n in range(len(rows)))
    history.add(trials)
    assert history.trials == trials
    assert history.ended == sum(trial.state in ENDED for trial in trials)
    assert {s: n for s, n in history.counts.items() if n} == {
        s: sum(t.state is s for t in trials) for s in {t.state for t in trials}
    }
    assert set(history.running) == {t.number for t in trials if t.state is State.RUNNING}
    still = {State.WAITING, State.PAUSED}
    assert set(history.waiting) == {t.number for t in trials if t.state in still}
    good = [t for t in trials if t.state in {State.DONE, State.STOPPED}]
    best: Trial | None = min(good, key=lambda t: (t.metrics["loss"].last, t.number), default=None)
    assert history.best == best


def test_a_diverged_trial_is_never_the_best() -> None:
    history = History(SWEEP)
    history.add([make(n, loss=float(bad)) for n, bad in enumerate(["nan", "inf", "-inf"])])
    assert history.best is None


@pytest.mark.parametrize("state", [State.WAITING, State.FAILED])
def test_every_assignment_counts_as_seen(state: State) -> None:
    history = History(SWEEP)
    history.add([make(0, state, params={"x": 7})])
    assert SWEEP.space.key({"x": 7}) in history.seen


def test_an_infeasible_trial_is_never_the_best_and_the_nearest_is_known_until_one_is() -> None:
    history = History(replace(SWEEP, constraints=(parse_constraint("ms <= 20"),)))
    history.add([make(0, loss=1.0, ms=30.0), make(1, loss=2.0, ms=21.0), make(2, loss=0.5)])
    assert history.best is None
    assert history.nearest is not None
    assert history.nearest.number == 1
    history.add([make(3, loss=5.0, ms=20.0)])
    assert history.best is not None
    assert history.best.number == 3
    assert history.nearest is None
