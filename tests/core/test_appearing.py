"""What trials turned out to ask for becomes one space, with conditions where trials differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.appearing import clean, conditioned, grown, widened
from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.metric import Goal
from sonde.core.space import Space
from sonde.core.sweep import Sweep

FLAT = grown(
    Space(()),
    {
        "opt": Choice(("adam", "sgd", "lion")),
        "layers": Int(1, 4),
        "units_1": Int(4, 64),
        "momentum": Float(0.0, 0.9),
    },
)


def sweep(space: Space = FLAT) -> Sweep:
    return Sweep(space=space, goals=(Goal(metric="value"),))


def conditions(trials: list[dict[str, Any]]) -> dict[str, str]:
    space = conditioned(sweep(), trials).space
    return {p.name: p.when.text for p in space.parameters if p.when is not None}


ends = st.tuples(st.integers(1, 50), st.integers(1, 50)).filter(lambda both: both[0] < both[1])
ints = st.builds(lambda both, log: Int(*both, log=log), ends, st.booleans())
floats = st.builds(
    lambda both, log: Float(float(both[0]), float(both[1]), log=log), ends, st.booleans()
)
choices = st.lists(
    st.sampled_from([1, 2.5, "a", None, True]), min_size=2, max_size=4, unique=True
).map(lambda values: Choice(tuple(values)))
kinds = st.sampled_from([ints, floats, choices])


@given(kinds.flatmap(lambda kind: st.tuples(kind, kind)), st.floats(0, 1))
def test_what_both_had_is_in_the_wider_one(
    both: tuple[Distribution, Distribution], u: float
) -> None:
    wider = widened(*both)
    assert all(wider.contains(each.at(u)) for each in both)


@given(kinds.flatmap(lambda kind: kind))
def test_the_same_again_widens_nothing(one: Distribution) -> None:
    assert widened(one, one) is one
    space = grown(Space(()), {"x": one})
    assert grown(space, {"x": one}) is space


@pytest.mark.parametrize(
    ("known", "asked", "wider"),
    [
        (Int(1, 8), Int(4, 16), Int(1, 16)),
        (Int(1, 8), Int(2, 4), Int(1, 8)),
        (Int(1, 8), Float(0.5, 2.0), Float(0.5, 8.0)),
        (Float(0.0, 1.0, step=0.25), Float(0.0, 2.0, step=0.25), Float(0.0, 2.0, step=0.25)),
        (Float(0.1, 1.0, log=True), Float(0.0, 1.0), Float(0.0, 1.0)),
        (Choice(("a", "b")), Choice(("b", "c")), Choice(("a", "b", "c"))),
        (Choice(("a", "b")), Constant("a"), Choice(("a", "b"))),
        (Constant(3), Constant(3), Constant(3)),
    ],
)
def test_a_range_that_changes_becomes_the_widest(
    known: Distribution, asked: Distribution, wider: Distribution
) -> None:
    assert widened(known, asked) == wider


def test_a_choice_decides_which_trials_have_a_parameter() -> None:
    found = conditions([
        {"opt": "adam", "layers": 2, "units_1": 8},
        {"opt": "sgd", "layers": 2, "units_1": 8, "momentum": 0.5},
        {"opt": "lion", "layers": 3, "units_1": 8, "momentum": 0.5},
    ])  # fmt: skip
    assert found == {"momentum": "opt in ('sgd', 'lion')"}


def test_a_size_decides_which_trials_have_a_parameter() -> None:
    found = conditions([
        {"opt": "adam", "layers": 1, "momentum": 0.1},
        {"opt": "adam", "layers": 2, "units_1": 8, "momentum": 0.1},
        {"opt": "sgd", "layers": 4, "units_1": 9, "momentum": 0.1},
    ])  # fmt: skip
    assert found == {"units_1": "layers >= 2"}


def test_where_nothing_decides_it_trials_without_it_count_as_if_at_its_middle() -> None:
    trials = [
        {"opt": "adam", "layers": 1, "units_1": 8},
        {"opt": "adam", "layers": 1, "units_1": 8, "momentum": 0.3},
    ]
    found = conditioned(sweep(), trials)
    assert conditions(trials) == {}
    assert found.backfill == {"momentum": 0.45}
    both = conditioned(found, [{"opt": "adam", "layers": 1, "units_1": 8, "momentum": 0.3}])
    assert both.backfill == {}


@given(
    st.lists(
        st.builds(
            lambda opt, layers: (
                {"opt": opt, "layers": layers}
                | ({"units_1": 8} if layers >= 2 else {})
                | ({"momentum": 0.5} if opt == "sgd" else {})
            ),
            st.sampled_from(["adam", "sgd", "lion"]),
            st.integers(1, 4),
        ),
        min_size=1,
    )
)
def test_every_trial_is_one_of_the_space_that_was_made_from_it(
    trials: list[dict[str, Any]],
) -> None:
    asked = {name for trial in trials for name in trial}
    space = Space(tuple(p for p in FLAT.parameters if p.name in asked))
    found = conditioned(sweep(space), trials)
    assert not found.backfill
    assert all(found.space.admits(trial) for trial in trials)
    assert conditioned(found, trials) is found


@pytest.mark.parametrize(
    ("theirs", "ours"), [("lr", "lr"), ("model/lr", "model_lr"), ("0", "_0"), ("größe", "gr__e")]
)
def test_any_text_becomes_a_name_that_a_parameter_may_have(theirs: str, ours: str) -> None:
    assert clean(theirs) == ours
