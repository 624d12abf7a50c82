"""Sweeps and trials written as they are elsewhere: whole, in any state, gone on with afterwards."""

# ruff: noqa: D102 - a test is described by its name

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sonde.core.decision import Decision, NewTrial
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Lease, Outcome, State, Trial, Verdict
from sonde.errors import ConflictError, LeaseLostError, NotFoundError, SweepExistsError
from sonde.store.protocol import Ask, Definition, PastTrial, Store, SweepRecord
from sonde.testing.stores.parts import DONE, at, leased, params, reports, sweep, with_trials

__all__ = ["Puts"]

LATER = space_of({"beta": "uniform(0, 1)", "lr": "uniform(0, 1)", "layers": [1, 2, 3]})


def elsewhere(**given: Any) -> SweepRecord:
    """Return the record of a sweep in another store."""
    fields: dict[str, Any] = {
        "id": "abcdefgh",
        "name": "elsewhere",
        "sweep": sweep(),
        "control": Control.PAUSED,
        "budget": Budget(trials=9),
        "revision": 17,
        "version": 99,
        "created": at(-50),
        "updated": at(-5),
    }
    return SweepRecord(**fields | given)


def only(record: SweepRecord) -> list[Definition]:
    """Return the versions of a sweep that was never edited."""
    return [Definition(number=1, sweep=record.sweep, made=record.created)]


def past(number: int, state: State = State.DONE, **given: Any) -> PastTrial:
    """Return a trial that began and reported its number, a second for each."""
    sent = given.pop("reports", reports(0, number))
    until = given.pop("until", None)
    begun: dict[str, Any] = {"attempts": 1, "agent": "a", "started": at(number)}
    if state in {State.DONE, State.STOPPED, State.FAILED, State.CANCELLED}:
        begun["finished"] = at(number + 10)
    trial = Trial(number=number, state=state, params=params(number), created=at(0), **begun | given)
    return PastTrial(trial=trial, reports=sent, until=until)


def unlike(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials without what a store gives them itself."""
    return [replace(trial, metrics={}, version=0) for trial in trials]


class Puts:
    """Sweeps and trials written as they are elsewhere."""

    def test_a_sweep_is_written_with_everything_that_is_known_of_it(self, store: Store) -> None:
        given = elsewhere(
            reason="lunch", notes="it *works*", tags=("a", "b"), facts={"git": {"commit": "1a2b"}}
        )
        record = store.put_sweep(given, only(given), [])
        assert replace(record, version=99, counts={}) == given
        assert store.get_sweep("abcdefgh") == record
        assert store.find_sweep("elsewhere") == record
        assert list(store.versions(record.id)) == only(given)

    @pytest.mark.parametrize("taken", [{"id": "abcdefgh"}, {"name": "elsewhere"}])
    def test_an_id_and_a_name_that_are_taken_are_refused_whole(
        self, store: Store, taken: dict[str, str]
    ) -> None:
        given = elsewhere()
        there = store.put_sweep(given, only(given), [past(0)])
        other = elsewhere(**{"id": "zzzzzzzz", "name": "other"} | taken)
        with pytest.raises(SweepExistsError):
            store.put_sweep(other, only(other), [past(0), past(1)])
        assert store.list_sweeps() == [there]

    def test_trials_of_every_state_come_back_as_they_were(self, store: Store) -> None:
        ended = [State.DONE, State.STOPPED, State.FAILED, State.CANCELLED, State.PAUSED]
        trials = [past(number, state) for number, state in enumerate(ended)]
        trials += [
            past(5, State.FAILED, failures=2, attempts=3, error="boom", facts={"exit_status": 1}),
            past(6, State.WAITING, attempts=0, agent=None, started=None, reports=[], origin="user"),
            past(7, State.WAITING, attempts=1, failures=1),
            past(8, State.RUNNING, asked=Verdict.STOP),
            past(9, State.CANCELLED, attempts=0, agent=None, started=None, reports=[]),
        ]
        given = elsewhere()
        record = store.put_sweep(given, only(given), trials)
        assert record.trials == 10
        assert record.counts[State.WAITING] == record.counts[State.FAILED] == 2
        found = store.changes(record.id).trials
        assert unlike(found) == [one.trial for one in trials]
        curves = store.curves(record.id)
        assert sorted(curves) == [0, 1, 2, 3, 4, 5, 7, 8]
        for number, curve in curves.items():
            assert list(curve["loss"].steps) == list(range(number + 1))
            assert list(curve["loss"].times) == [
                at(step).timestamp() for step in curve["loss"].steps
            ]
        summary = found[5].metrics["loss"]
        assert (summary.count, summary.last, summary.min, summary.min_step) == (6, 5.0, 0.0, 0)

    def test_versions_of_a_definition_and_their_trials_stay_together(self, store: Store) -> None:
        first = sweep()
        second = replace(first, space=LATER, version=2)
        versions = [
            Definition(number=1, sweep=first, made=at(-50)),
            Definition(number=2, sweep=second, made=at(-20), first=1, why="adam it is"),
        ]
        later = past(1)
        later = replace(
            later, trial=replace(later.trial, params={"beta": 0.5, "lr": 0.1, "layers": 1})
        )
        given = elsewhere(sweep=second)
        record = store.put_sweep(given, versions, [past(0), later])
        assert list(store.versions(record.id)) == versions
        assert record.sweep == second
        found = [trial.params for trial in store.changes(record.id).trials]
        assert [list(each.items()) for each in found] == [
            list(params(0).items()),
            [("beta", 0.5), ("lr", 0.1), ("layers", 1)],
        ]

    def test_the_search_is_told_of_them_in_the_order_in_which_they_changed(
        self, store: Store
    ) -> None:
        versions = {0: 7, 1: 3, 2: 5}
        trials = [past(number, version=versions[number]) for number in range(3)]
        given = elsewhere()
        record = store.put_sweep(given, only(given), trials)
        found = sorted(store.changes(record.id).trials, key=lambda trial: trial.version)
        assert [trial.number for trial in found] == [1, 2, 0]
        after = found[0].version
        assert [trial.number for trial in store.changes(record.id, after).trials] == [0, 2]

    def test_a_sweep_that_was_written_goes_on_where_it_was(self, store: Store) -> None:
        waiting = past(1, State.WAITING, attempts=0, agent=None, started=None, reports=[])
        given = elsewhere(control=Control.RUNNING)
        record = store.put_sweep(given, only(given), [past(0), waiting])
        decision = Decision(against=17, add=[NewTrial(params=params(2))])
        after, leases = store.commit(record.id, decision, at(60), Ask(agent="b", count=9))
        assert [(lease.number, lease.attempt) for lease in leases] == [(1, 1), (2, 1)]
        assert after.trials == 3
        trial, _ = store.finish(leases[0], DONE, at(61), reports=reports(0, 1))
        assert trial.metrics["loss"].last == 1.0

    def test_a_running_trial_whose_lease_nobody_holds_is_leased_again(self, store: Store) -> None:
        given = elsewhere(control=Control.RUNNING)
        curve = reports(0, 3)
        record = store.put_sweep(given, only(given), [past(0, State.RUNNING, reports=curve)])
        (lease,) = store.lease(record.id, Ask(agent="b"), at(60))
        assert (lease.number, lease.attempt, lease.reported) == (0, 2, 0)
        store.report(lease, 1, reports(2, 2, shift=0.5), at(61))
        joined = store.curves(record.id)[0]["loss"]
        assert (list(joined.steps), list(joined.values)) == ([0, 1, 2], [0.0, 1.0, 2.5])
        (trial,) = store.changes(record.id).trials
        summary = trial.metrics["loss"]
        assert (summary.count, summary.last, summary.max) == (3, 2.5, 2.5)

    def test_further_trials_are_added_to_a_sweep_that_is_there(self, store: Store) -> None:
        record = with_trials(store, 1)
        after = store.put_trials(record.id, [past(1), past(2, State.FAILED)], at(70))
        assert (after.trials, after.updated) == (3, at(70))
        assert after.counts[State.WAITING] == after.counts[State.DONE] == 1
        found = store.changes(record.id, record.version).trials
        assert [trial.number for trial in found] == [1, 2]
        with pytest.raises(ConflictError):  # it was made without knowing of them
            store.commit(record.id, Decision(against=record.revision), at(71))

    def test_trials_that_are_sent_again_are_passed_over(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        once = store.put_trials(record.id, [past(0), past(1)], at(70))
        assert store.put_trials(record.id, [past(0), past(1)], at(71)) == once
        after = store.put_trials(record.id, [past(1), past(2)], at(72))
        assert after.trials == 3
        assert len(store.curves(record.id)[1]["loss"].steps) == 2

    def test_trials_that_somebody_else_has_numbered_meanwhile_are_refused(
        self, store: Store
    ) -> None:
        record = store.create_sweep(sweep(), at(0))
        first = store.put_trials(record.id, [past(0)], at(70), record.revision)
        with pytest.raises(ConflictError):
            store.put_trials(record.id, [past(0), past(1)], at(71), record.revision)
        assert store.put_trials(record.id, [past(0)], at(72), record.revision) == first
        assert store.put_trials(record.id, [past(1)], at(73), first.revision).trials == 2

    def test_a_trial_may_be_held_from_the_first_on(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        held = past(0, State.RUNNING, reports=reports(0, 1), until=at(500))
        store.put_trials(record.id, [held], at(70))
        assert store.lease(record.id, Ask(agent="b"), at(80)) == []
        lease = Lease(
            sweep=record.id, number=0, attempt=1, agent="a", until=at(500), params=params(0)
        )
        assert store.renew([lease], at(81), 600.0) == [Verdict.GO_ON]
        assert store.report(lease, 3, reports(2, 3), at(82)) == 4
        ended = Outcome(state=State.DONE, values={"loss": 0.5})
        trial, _ = store.finish(lease, ended, at(600))
        summary = trial.metrics["loss"]
        assert (summary.count, summary.last, summary.last_step) == (5, 0.5, 4)
        with pytest.raises(LeaseLostError):
            store.report(lease, 6, reports(5, 5), at(601))

    @pytest.mark.parametrize(
        "wrong",
        [
            past(2),
            past(1, State.RUNNING, attempts=0, reports=[]),
            past(1, State.DONE, attempts=0),
        ],
        ids=["a gap", "runs without an attempt", "reports without an attempt"],
    )
    def test_trials_that_cannot_be_are_refused_whole(self, store: Store, wrong: PastTrial) -> None:
        record, _ = leased(store)
        before = store.changes(record.id)
        shifted = replace(wrong, trial=replace(wrong.trial, number=wrong.trial.number + 1))
        with pytest.raises(ValueError, match="trial"):
            store.put_trials(record.id, [past(1), shifted], at(70))
        assert store.changes(record.id) == before
        given = elsewhere()
        with pytest.raises(ValueError, match="trial"):
            store.put_sweep(given, only(given), [past(0), wrong])
        assert [one.id for one in store.list_sweeps()] == [record.id]

    def test_trials_of_a_sweep_that_is_not_there_are_refused(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            store.put_trials("nothing2", [past(0)], at(0))
