"""Decisions are committed whole, against a revision."""

# ruff: noqa: D102 - a test is described by its name

import pytest

from sonde.core.sweep import Control
from sonde.core.trial import Outcome, State, Verdict
from sonde.errors import (
    ConflictError,
    NotFoundError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.testing.stores.parts import (
    DONE,
    START,
    add_trials,
    at,
    leased,
    params,
    sweep,
    with_trials,
)

__all__ = ["Decisions"]


class Decisions:
    """Decisions are committed whole, against a revision."""

    def test_trials_are_numbered_from_0_without_gaps(self, store: Store) -> None:
        record = with_trials(store, 3)
        record = add_trials(store, record, 2)
        found = store.changes(record.id).trials
        assert [trial.number for trial in found] == [0, 1, 2, 3, 4]
        assert record.counts[State.WAITING] == record.trials == 5
        assert all(trial.state is State.WAITING and trial.created == START for trial in found)

    def test_a_decision_on_an_older_revision_is_refused_whole(self, store: Store) -> None:
        record = with_trials(store, 1)
        late = Decision(
            against=0,
            add=[NewTrial(params=params(1))],
            verdicts={0: Verdict.CANCEL},
            control=Control.DONE,
        )
        with pytest.raises(ConflictError, match="revision"):
            store.commit(record.id, late, at(1), Ask(agent="a"))
        assert store.get_sweep(record.id) == record
        assert store.changes(record.id).trials[0].state is State.WAITING

    def test_a_decision_with_a_wrong_verdict_is_refused_whole(self, store: Store) -> None:
        record = with_trials(store, 1)
        add = [NewTrial(params=params(1))]
        wrong = Decision(against=record.revision, add=add, verdicts={7: Verdict.STOP})
        with pytest.raises(NotFoundError, match="7"):
            store.commit(record.id, wrong, at(1))
        lost = Decision(against=record.revision, add=add, verdicts={0: Verdict.LOST})
        with pytest.raises(ValueError, match="lost"):
            store.commit(record.id, lost, at(1))
        assert store.get_sweep(record.id) == record

    def test_each_decision_raises_the_revision_also_an_empty_one(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        after, leases = store.commit(record.id, Decision(against=0), at(1))
        assert (after.revision, list(leases)) == (1, [])
        assert after == store.get_sweep(record.id)

    def test_a_decision_and_its_leases_are_one_step(self, store: Store) -> None:
        record = with_trials(store, 1)
        decision = Decision(
            against=record.revision, add=[NewTrial(params=params(n)) for n in (1, 2)]
        )
        after, leases = store.commit(record.id, decision, at(1), Ask(agent="a", count=2))
        assert [lease.number for lease in leases] == [0, 1]
        assert after == store.get_sweep(record.id)
        assert (after.counts[State.RUNNING], after.counts[State.WAITING]) == (2, 1)

    def test_a_decision_says_where_a_trial_comes_from(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        by_hand = [NewTrial(params=params(0), origin="user"), NewTrial(params=params(1))]
        store.commit(record.id, Decision(against=0, add=by_hand), at(1))
        assert [t.origin for t in store.changes(record.id).trials] == ["user", "method"]

    @pytest.mark.parametrize(
        ("verdict", "waiting", "running", "paused", "asked"),
        [
            (Verdict.STOP, State.CANCELLED, State.RUNNING, State.STOPPED, Verdict.STOP),
            (Verdict.CANCEL, State.CANCELLED, State.RUNNING, State.CANCELLED, Verdict.CANCEL),
            (Verdict.GO_ON, State.WAITING, State.RUNNING, State.WAITING, Verdict.GO_ON),
        ],
    )
    def test_a_verdict_ends_what_nobody_runs_and_tells_who_runs(
        self,
        store: Store,
        verdict: Verdict,
        waiting: State,
        running: State,
        paused: State,
        asked: Verdict,
    ) -> None:
        record = with_trials(store, 4)
        first, second, third = store.lease(record.id, Ask(agent="a", count=3), at(1))
        store.finish(first, Outcome(state=State.PAUSED), at(2))
        store.finish(third, DONE, at(2))
        decision = Decision(against=record.revision, verdicts=dict.fromkeys(range(4), verdict))
        store.commit(record.id, decision, at(3))
        found = store.changes(record.id).trials
        assert [t.state for t in found] == [paused, running, State.DONE, waiting]
        assert store.renew([second], at(4), 10) == [asked]

    def test_to_cancel_outranks_to_stop(self, store: Store) -> None:
        record, lease = leased(store)
        for verdict in (Verdict.CANCEL, Verdict.STOP):
            decision = Decision(against=record.revision, verdicts={0: verdict})
            record, _ = store.commit(record.id, decision, at(2))
        assert store.renew([lease], at(3), 10) == [Verdict.CANCEL]
