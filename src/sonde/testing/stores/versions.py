"""A definition is changed while trials wait and run: each trial stays of its version."""

# ruff: noqa: D102 - a test is described by its name

from dataclasses import replace

import pytest

from sonde.core.decision import Decision, NewTrial
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State
from sonde.errors import ConflictError
from sonde.store.protocol import Ask, Definition, Store, SweepRecord, definition_of
from sonde.testing.stores.parts import DONE, add_trials, at, leased, params, sweep, with_trials

__all__ = ["Versions"]

WIDER = space_of(
    {"beta": "uniform(0, 1)", "lr": "uniform(0, 1)", "layers": [1, 2, 3], "opt": ["adam"]}
)


def edited(space: object = WIDER) -> Sweep:
    """Return the sweep of the contract with another space: `beta` is new and comes first."""
    return replace(sweep(), space=space)  # type: ignore[arg-type]


def add(store: Store, record: SweepRecord, **given: object) -> SweepRecord:
    """Add a trial."""
    decision = Decision(against=record.revision, add=[NewTrial(params=given)])
    return store.commit(record.id, decision, at(0))[0]


class Versions:
    """A definition is changed while trials wait and run: each trial stays of its version."""

    def test_a_sweep_begins_with_version_1_of_its_definition(self, store: Store) -> None:
        record = with_trials(store, 1)
        assert record.sweep.version == 1
        (version,) = store.versions(record.id)
        assert version == Definition(number=1, sweep=record.sweep, made=record.created)

    def test_a_changed_definition_is_a_further_version_and_raises_the_revision(
        self, store: Store
    ) -> None:
        record = with_trials(store, 3)
        after = store.update_sweep(record.id, at(5), definition=edited(), why="adam it is")
        assert after.sweep == replace(edited(), version=2)
        assert after.revision == record.revision + 1
        assert store.get_sweep(record.id) == after
        first, second = store.versions(record.id)
        assert first == Definition(number=1, sweep=record.sweep, made=record.created)
        assert second == Definition(
            number=2, sweep=after.sweep, made=at(5), first=3, why="adam it is"
        )

    def test_trials_of_every_version_keep_their_values_and_the_order_of_these(
        self, store: Store
    ) -> None:
        record, _ = leased(store)
        record = store.update_sweep(record.id, at(2), definition=edited())
        new = {"beta": 0.5, "lr": 0.25, "layers": 2, "opt": "adam"}
        record = add(store, record, **new)
        fewer = space_of({"layers": [1, 2, 3, 4]})
        record = store.update_sweep(record.id, at(3), definition=edited(fewer))
        add(store, record, layers=4)
        for _ in range(2):  # also when an older row is written again
            found = [trial.params for trial in store.changes(record.id).trials]
            assert found == [params(0), new, {"layers": 4}]
            assert [list(each) for each in found] == [list(params(0)), list(new), ["layers"]]
            for lease in store.lease(record.id, Ask(agent="b", count=9), at(99)):
                assert lease.params == found[lease.number]
                store.report(lease, 1, [], at(99))
        versions = store.versions(record.id)
        assert [definition_of(versions, number).number for number in range(3)] == [1, 2, 3]

    def test_a_lease_tells_by_which_version_it_is_to_be_run(self, store: Store) -> None:
        record, lease = leased(store)
        assert lease.definition == 1
        record = add_trials(store, record, 1)
        record = store.update_sweep(record.id, at(2), definition=edited())
        add(store, record, beta=0.5, lr=0.25, layers=2, opt="adam")
        leases = store.lease(record.id, Ask(agent="b", count=3), at(60))
        assert {one.number: one.definition for one in leases} == {0: 2, 2: 2}

    def test_what_waits_outside_of_the_new_space_is_withdrawn(self, store: Store) -> None:
        record, lease = leased(store, trials=4)  # `layers` is the trial's number
        given_back = store.lease(record.id, Ask(agent="b"), at(1))[0]
        store.finish(given_back, replace(DONE, state=State.WAITING), at(2))
        by_hand = NewTrial(params=params(9), origin="user")
        decision = Decision(against=record.revision, add=[by_hand])
        record, _ = store.commit(record.id, decision, at(3))
        space = space_of({"lr": "uniform(0, 1)", "layers": [3, 4], "opt": ["adam", "sgd"]})
        store.update_sweep(record.id, at(4), definition=edited(space))
        found = store.changes(record.id).trials
        assert [trial.state for trial in found] == [
            State.RUNNING,  # it goes on
            State.WAITING,  # it was begun once
            State.CANCELLED,
            State.WAITING,  # it lies in the new space
            State.WAITING,  # somebody asked for it
        ]
        assert [trial.is_withdrawn for trial in found] == [False, False, True, False, False]
        assert (found[2].facts, found[2].finished) == ({"withdrawn": 2}, at(4))
        assert store.finish(lease, DONE, at(5))[0].state is State.DONE

    def test_a_decision_from_before_a_change_is_refused(self, store: Store) -> None:
        record = with_trials(store, 1)
        store.update_sweep(record.id, at(1), definition=edited())
        with pytest.raises(ConflictError):
            add_trials(store, record, 1)

    def test_of_two_changes_from_the_same_revision_the_second_is_refused_whole(
        self, store: Store
    ) -> None:
        record = with_trials(store, 1)
        against = record.revision
        after = store.update_sweep(record.id, at(1), definition=edited(), against=against)
        with pytest.raises(ConflictError, match="revision"):
            store.update_sweep(record.id, at(2), definition=sweep(), notes="x", against=against)
        assert store.get_sweep(record.id) == after

    def test_the_same_definition_again_makes_no_version(self, store: Store) -> None:
        record = with_trials(store, 1)
        for _ in range(2):
            store.update_sweep(record.id, at(1), definition=edited())
        store.update_sweep(record.id, at(2), definition=replace(edited(), version=7))
        assert [version.number for version in store.versions(record.id)] == [1, 2]

    def test_before_the_first_trial_a_change_takes_the_place_of_version_1(
        self, store: Store
    ) -> None:
        record = store.create_sweep(sweep(), at(0))
        after = store.update_sweep(record.id, at(1), definition=edited())
        assert after.sweep == edited()
        (version,) = store.versions(record.id)
        assert version.sweep == edited()
        given = {"beta": 0.5, "lr": 0.25, "layers": 2, "opt": "adam"}
        add(store, after, **given)
        assert store.changes(record.id).trials[0].params == given
