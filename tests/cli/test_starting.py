"""Which sweep a `sonde run` means."""

from pathlib import Path

import pytest

from cli_said import Sonde
from sonde.cli import starting
from sonde.core.sweep import Sweep
from sonde.store.protocol import Store, SweepRecord


def test_a_name_that_another_terminal_took_a_moment_before_is_joined(
    cli: Sonde, store: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "train.py").write_text("lr = 1\nprint(lr)\n")
    create = starting.create

    def second(store: Store, sweep: Sweep, folder: Path) -> SweepRecord:
        create(store, sweep, folder)  # what the other terminal did after we had looked
        return create(store, sweep, folder)

    monkeypatch.setattr(starting, "create", second)
    said = cli("run", "--hyperparam=lr=1,2", "--name", "both", "-j", "1", "train.py")
    assert "going on with both" in said.err
    (record,) = store.list_sweeps()
    assert record.state == "done"


def test_a_beginning_of_several_names_is_free_for_a_new_sweep(
    cli: Sonde, store: Store, place: Path
) -> None:
    (place / "train.py").write_text("lr = 1\nprint(lr)\n")
    for name in ("x1", "x2", "x"):
        cli("run", "--hyperparam=lr=1", "--name", name, "--progress", "none", "train.py")
    assert [record.name for record in store.list_sweeps()] == ["x1", "x2", "x"]
