"""Whatever is edited in whatever order: who begins anew knows what the one at work knows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.controller import Controller
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Control, Sweep
from sonde.core.trial import Lease, Outcome, State
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, definition_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPACES: tuple[dict[str, Any], ...] = (
    {"a": [1, 2, 3], "b": ["x", "y"]},
    {"a": [2, 3, 4], "b": ["x", "y"]},
    {"a": [1, 2, 3], "b": "x"},
    {"a": "1..6", "b": ["x", "y"], "c": [0, 1]},
    {"a": [1, 2], "c": [0, 1], "d": {"values": [5, 6], "when": "c == 1"}},
)
edits = st.tuples(
    st.just("edit"),
    st.fixed_dictionaries(
        {
            "space": st.sampled_from(SPACES).map(space_of),
            "method": st.sampled_from(["grid", "random"]),
            "repeats": st.integers(1, 3),
            "backfill": st.sampled_from([{}, {"c": 0}, {"c": 1, "d": 5}]),
        }
    ),
)
steps = st.tuples(
    st.sampled_from(["ask", "end", "end", "fail"]), st.fixed_dictionaries({"n": st.integers(1, 4)})
)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps | edits, max_size=30), st.integers(1, 2))
def test_who_begins_anew_knows_and_proposes_what_the_one_at_work_does(
    actions: list[tuple[str, dict[str, Any]]], repeats: int
) -> None:
    store = MemoryStore()
    first = Sweep(
        space=space_of(SPACES[0]), goals=(Goal(metric="loss"),), method="grid", repeats=repeats
    )
    key = store.create_sweep(first, NOW).id
    at_work = Controller(store, key)
    held: list[Lease] = []
    for kind, what in actions:
        if kind == "edit":
            definition = replace(store.get_sweep(key).sweep, **what)
            store.update_sweep(key, NOW, definition=definition, control=Control.RUNNING)
        elif kind == "ask":
            held += at_work.step(what["n"], Ask(agent="a", count=what["n"] // 2, lease_s=1e6))
        elif held:
            lease = held.pop(what["n"] % len(held))
            state = State.DONE if kind == "end" else State.FAILED
            values = {"loss": float(lease.number * 7 % 5)} if kind == "end" else {}
            store.finish(lease, Outcome(state=state, values=values), NOW)
    at_work.refresh()
    anew = Controller(store, key)
    assert at_work.proposal() == anew.proposal()
    ours, theirs = at_work.history, anew.history
    for name in ("counts", "seen", "ended", "running", "waiting", "groups", "open", "withdrawn"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert (ours.best, ours.told(), ours.pending()) == (
        theirs.best,
        theirs.told(),
        theirs.pending(),
    )
    versions = store.versions(key)
    for trial in ours.trials:
        assert definition_of(versions, trial.number).sweep.space.admits(trial.params)
