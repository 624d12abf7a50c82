"""A sweep's function may be edited while the sweep goes on."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sonde.controller import Controller
from sonde.core.space import space_of
from sonde.core.sweep import Function, Sweep
from sonde.store import open_store
from sonde.store.protocol import Ask

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_new_definition_takes_the_place_of_the_old_for_every_reader(
    kind: str, tmp_path: Path
) -> None:
    url = "memory:" if kind == "memory" else str(tmp_path / "s.db")
    store = open_store(url)
    other = store if kind == "memory" else open_store(url)
    old = Function(name="train", folder="/here", blob="a")
    sweep = Sweep(space=space_of({"x": [1, 2, 3]}), work=old, name="n")
    record = store.create_sweep(sweep, NOW)
    assert other.get_sweep(record.id).sweep.work == old  # read once, so that it is cached
    controller = Controller(other, record.id)
    new = replace(old, blob="b")
    changed = store.update_sweep(record.id, NOW, definition=replace(sweep, work=new))
    assert changed.sweep == replace(sweep, work=new)
    assert changed.revision == record.revision + 1
    assert other.get_sweep(record.id).sweep.work == new
    (lease,) = controller.step(1, Ask(agent="a"))
    assert lease.params == {"x": 1}
    assert other.get_sweep(record.id).sweep.work == new
    store.close()
    other.close()
