"""Sweeps are copied from store to store with all that belongs to them, and overwrite nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.sweep import EarlierSweep
from sonde.core.trial import Report
from sonde.errors import ConfigErrors
from sonde.store.copying import copy_sweep, missing_in, reports_of
from sonde.store.curves import points_of, to_curves
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Store
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores.parts import DONE, add_trials, at, reports, sweep, with_trials


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Store]:
    store = SqliteStore(tmp_path / "target.db")
    yield store
    store.close()


steps, times = st.integers(0, 3), st.sampled_from([0.0, 1.0, 2.0, 2.5])
logged = st.lists(
    st.builds(
        Report,
        step=steps,
        metrics=st.dictionaries(st.sampled_from(["loss", "acc"]), st.floats(), min_size=1),
        time=times,
    ),
    max_size=8,
)


@given(logged)
def test_the_reports_of_curves_make_the_same_curves_whatever_the_clocks_said(
    log: list[Report],
) -> None:
    curves = to_curves(points_of(log))
    again = to_curves(points_of(reports_of(curves)))
    assert repr(sorted(again.items())) == repr(sorted(curves.items()))


def test_metrics_that_were_logged_together_stay_one_report() -> None:
    log = [Report(step, {"loss": 1.0, "acc": step / 4}, float(step)) for step in range(100)]
    assert reports_of(to_curves(points_of(log))) == log


def test_code_packages_and_what_was_learnt_come_along(target: Store) -> None:
    source = MemoryStore()
    taught, packages, told = (source.put_blob(text) for text in (b"taught", b"numpy", b"told"))
    definition = sweep(earlier=(EarlierSweep(id="aaaaaaaa", name="old", blob=taught),))
    facts = {"packages": packages, "data": "f" * 64}
    record = source.create_sweep(definition, at(0), facts)
    record = add_trials(source, record, 1)
    (lease,) = source.lease(record.id, Ask(agent="a"), at(1))
    source.finish(lease, replace(DONE, facts={"environment": told}), at(2))
    copied = copy_sweep(source, target, record.id)
    assert copied.blobs == 3
    assert [target.get_blob(key) for key in (taught, packages, told)] == [
        b"taught",
        b"numpy",
        b"told",
    ]
    assert copied.record.facts == facts  # of the hash that is no key, nothing is missed


def test_of_a_sweep_whose_code_is_lost_the_rest_is_saved_and_the_loss_told(target: Store) -> None:
    source = MemoryStore()
    definition = sweep(earlier=(EarlierSweep(id="aaaaaaaa", name="old", blob="0" * 64),))
    record = with_trials(source, 1, earlier=definition.earlier)
    copied = copy_sweep(source, target, record.id)
    assert (copied.record.trials, copied.blobs, copied.lost) == (1, 0, 1)


def test_progress_is_told_of_a_large_sweep(target: Store) -> None:
    source = MemoryStore()
    record = with_trials(source, 600)
    told: list[tuple[int, int]] = []
    copy_sweep(source, target, record.id, lambda done, total: told.append((done, total)))
    assert told == [(256, 600), (512, 600), (600, 600)]


def test_sweeps_that_are_there_already_are_passed_over(target: Store) -> None:
    source = MemoryStore()
    first, second = with_trials(source, 2), with_trials(source, 1)
    copy_sweep(source, target, first.id)
    missing = missing_in(target, source, [first.id, second.id])
    assert [record.id for record in missing] == [second.id]


def test_what_is_there_otherwise_is_refused_with_every_clash(target: Store) -> None:
    source = MemoryStore()
    gone_on, ran = with_trials(source, 1), with_trials(source, 1)
    named = source.create_sweep(sweep(name="mnist"), at(0))
    copy_sweep(source, target, gone_on.id)
    copy_sweep(source, target, ran.id)
    other = target.create_sweep(sweep(name="mnist"), at(5))
    add_trials(source, gone_on, 1)
    (lease,) = target.lease(ran.id, Ask(agent="a"), at(9))
    target.report(lease, 1, reports(0, 1), at(10))
    target.finish(lease, DONE, at(11))
    with pytest.raises(ConfigErrors) as refusal:
        missing_in(target, source, [gone_on.id, ran.id, named.id])
    gone = f"{target.url} has it already, and one of the two has gone on: "
    assert [(fault.where, fault.found) for fault in refusal.value.faults] == [
        (
            f"sweep {gone_on.name} ({gone_on.id})",
            gone + "it has 1 trials there, and 2 here",
        ),
        (
            f"sweep {ran.name} ({ran.id})",
            gone + "it is not the same there as it is here",
        ),
        ("sweep mnist", f"{target.url} has another one of that name ({other.id})"),
    ]
