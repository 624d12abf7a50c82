"""What earlier sweeps taught is kept beside the sweep that learns from them."""

import pytest

from sonde.controller import Controller
from sonde.core.distributions import Float
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, EarlierSweep, Sweep
from sonde.core.trial import Outcome, State
from sonde.errors import ConfigError, NotFoundError
from sonde.store.earlier import lessons_of, sources_of, with_lessons
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask
from trials import at

SWEEP = Sweep(
    space=space_of({"x": Float(0, 1)}), goals=(Goal(metric="loss"),), method="quasirandom",
    budget=Budget(trials=12), name="old",
)  # fmt: skip


def finished(store: MemoryStore) -> str:
    """Run the earlier sweep, whose best is near 0.3; return its id."""
    sweep = store.create_sweep(SWEEP, at(0)).id
    controller = Controller(store, sweep, clock=lambda: at(1))
    while leases := controller.step(1, Ask(agent="a", lease_s=1e6)):
        loss = abs(float(leases[0].params["x"]) - 0.3)
        store.finish(leases[0], Outcome(state=State.DONE, values={"loss": loss}), at(2))
    return sweep


def best(store: MemoryStore, sweep: str) -> float:
    trials = store.changes(sweep).trials
    return float(min((t.params["x"] for t in trials), key=lambda x: abs(x - 0.3)))


def test_a_sweep_learns_from_one_in_another_store_and_keeps_what_it_learnt() -> None:
    there, here = MemoryStore(), MemoryStore()
    old = finished(there)
    definition = with_lessons(here, SWEEP, [(there, old)], flag="--from")
    (source,) = definition.earlier
    assert (source.id, source.name) == (old, "old")
    (lesson,) = lessons_of(here, definition)
    assert len(lesson.results) == 12
    new = here.create_sweep(definition, at(3)).id
    expected = best(there, old)
    there.close()  # the earlier sweep is gone
    leases = Controller(here, new, clock=lambda: at(4)).step(1, Ask(agent="a"))
    assert leases[0].params == {"x": expected}


def test_a_controller_that_starts_anew_decides_the_same() -> None:
    store = MemoryStore()
    definition = with_lessons(store, SWEEP, [(store, finished(store))], flag="--from")
    proposed = []
    for name in ("one", "two"):
        sweep = store.create_sweep(
            Sweep(space=definition.space, goals=definition.goals, method="tpe",
                  budget=Budget(trials=4), name=name, earlier=definition.earlier), at(3),
        ).id  # fmt: skip
        controller = Controller(store, sweep, clock=lambda: at(4))
        for _ in range(4):
            if name == "two":
                controller = Controller(store, sweep, clock=lambda: at(4))
            controller.step(9)
        proposed.append([trial.params for trial in store.changes(sweep).trials])
    assert proposed[0] == proposed[1]


def test_names_prefixes_and_ids_mean_the_same_sweep_once() -> None:
    store = MemoryStore()
    old = finished(store)
    (source,) = sources_of(store, ["old", old, old[:5]])
    assert source == EarlierSweep(id=old, name="old", blob="")


def test_a_sweep_that_is_gone_is_known_by_those_that_learnt_from_it() -> None:
    known = EarlierSweep(id="abcdefgh", name="old", blob="0")
    assert sources_of(MemoryStore(), ["old", "abcd"], [known]) == (known,)
    with pytest.raises(NotFoundError, match="no sweep 'older'"):
        sources_of(MemoryStore(), ["older"], [known])


def test_a_refusal_names_the_flag_and_keeps_nothing() -> None:
    store = MemoryStore()
    old = store.create_sweep(SWEEP, at(0)).id
    with pytest.raises(ConfigError, match=r"^--from old: none of its trials has a result for loss"):
        with_lessons(store, SWEEP, [(store, old)], flag="--from")
