"""What became of the earlier sweeps that a sweep began with."""

import pytest

from cli_stores import add_sweep, add_trial, definition
from sonde.analysis.past import standing
from sonde.core.history import History
from sonde.core.search.warm import Standing
from sonde.store.earlier import with_lessons
from sonde.store.memory import MemoryStore

OWN = [0.1, 0.2, 0.3]


def judged(best_again: float, others: list[float], **changes: str) -> Standing | None:
    """Return what becomes of an earlier sweep whose best has this loss now, beside others."""
    store = MemoryStore()
    old = add_sweep(store)
    for lr in (0.01, 0.02):
        add_trial(store, old.id, {"lr": lr, "opt": "adam"}, [lr])
    learning = with_lessons(store, definition(name="new", **changes), [(store, old.id)], flag="")
    new = store.create_sweep(learning, old.created)
    add_trial(store, new.id, {"lr": 0.01, "opt": "adam"}, [best_again])
    for lr, loss in zip(OWN, others, strict=False):
        add_trial(store, new.id, {"lr": lr, "opt": "sgd"}, [loss])
    seen = store.changes(new.id)
    history = History(seen.record.sweep)
    history.add(seen.trials)
    return standing(store, seen.record, history)


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([4.0, 4.0], Standing.ON_TRIAL),
        ([4.0, 6.0, 6.0], Standing.BELIEVED),
        ([4.0, 4.0, 6.0], Standing.FORGOTTEN),
    ],
)
def test_two_of_three_others_decide(others: list[float], found: Standing) -> None:
    assert judged(5.0, others) is found


def test_neither_the_method_nor_the_rule_need_be_installed_to_say_so() -> None:
    gone = {"method": "gone", "stopping": "gone_too(x=1)"}
    assert judged(5.0, [4.0, 4.0, 6.0], **gone) is Standing.FORGOTTEN


def test_without_earlier_sweeps_there_is_nothing_to_say() -> None:
    store = MemoryStore()
    record = add_sweep(store)
    assert standing(store, record, History(record.sweep)) is None
