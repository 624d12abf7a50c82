"""Leases are held, lapse, and are given back."""

# ruff: noqa: D102 - a test is described by its name

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sonde.core.sweep import Budget
from sonde.core.trial import Lease, State, Verdict
from sonde.errors import (
    ConflictError,
    LeaseLostError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.testing.stores.parts import (
    DONE,
    at,
    leased,
    params,
    reports,
    sweep,
    with_trials,
)

__all__ = ["Leases"]


class Leases:
    """Leases are held, lapse, and are given back."""

    def test_a_lease_is_its_agents_alone(self, store: Store) -> None:
        _, lease = leased(store)
        theirs = replace(lease, agent="another")
        with pytest.raises(LeaseLostError, match="no longer holds it"):
            store.report(theirs, 1, reports(0, 1), at(2))
        assert store.renew([theirs, lease], at(2), 10.0) == [Verdict.LOST, Verdict.GO_ON]

    def test_trials_are_leased_lowest_number_first(self, store: Store) -> None:
        record = with_trials(store, 5)
        first = store.lease(record.id, Ask(agent="a", count=2, lease_s=7), at(1))
        rest = store.lease(record.id, Ask(agent="b", count=9), at(2))
        assert [lease.number for lease in first] == [0, 1]
        assert [lease.number for lease in rest] == [2, 3, 4]
        assert first[1] == Lease(
            sweep=record.id, number=1, attempt=1, agent="a", until=at(8), params=params(1)
        )
        trial = store.changes(record.id).trials[1]
        assert (trial.state, trial.agent, trial.attempts) == (State.RUNNING, "a", 1)
        assert trial.started == at(1)
        assert list(store.lease(record.id, Ask(agent="b"), at(3))) == []

    def test_after_an_outage_all_that_lapsed_is_leased_again_lowest_number_first(
        self, store: Store
    ) -> None:
        record = with_trials(store, 150)
        first, *_ = store.lease(record.id, Ask(agent="a", count=150), at(1))
        asked = dict.fromkeys(range(140, 150), Verdict.STOP)
        against = store.get_sweep(record.id).revision
        store.commit(record.id, Decision(against=against, verdicts=asked), at(2))
        assert store.renew([first], at(3), 100.0) == [Verdict.GO_ON]
        ask = Ask(agent="b", count=30)
        again = [store.lease(record.id, ask, at(20 + turn / 8)) for turn in range(6)]
        numbers = [lease.number for leases in again for lease in leases]
        assert numbers == list(range(1, 140))
        assert {lease.attempt for leases in again for lease in leases} == {2}
        counts = store.get_sweep(record.id).counts
        assert (counts[State.RUNNING], counts[State.STOPPED]) == (140, 10)
        assert store.release(record.id, ["b", "nobody"], at(22)) == 139

    def test_no_more_run_at_once_than_may_whoever_takes_them(self, store: Store) -> None:
        record = with_trials(store, 9)
        more = store.update_sweep(record.id, at(1), budget=Budget(trials=9, workers=3))
        assert (more.budget.workers, more.is_full) == (3, False)
        assert store.get_sweep(record.id).budget == Budget(trials=9, workers=3)
        first = store.lease(record.id, Ask(agent="a", count=2), at(1))
        (third,) = store.lease(record.id, Ask(agent="b", count=9), at(1))
        assert list(store.lease(record.id, Ask(agent="c"), at(2))) == []
        assert store.get_sweep(record.id).is_full
        _, leases = store.finish(first[0], DONE, at(3), Ask(agent="a", count=2))
        assert [lease.number for lease in leases] == [3]
        # Lowered: what runs goes on, and each that ends is followed by none until there is room.
        store.update_sweep(record.id, at(4), budget=Budget(trials=9, workers=1))
        assert store.renew([third], at(4), 10) == [Verdict.GO_ON]
        for lease in (first[1], third):
            assert list(store.finish(lease, DONE, at(5), Ask(agent="a"))[1]) == []
        assert list(store.lease(record.id, Ask(agent="a"), at(6))) == []
        _, (only,) = store.finish(leases[0], DONE, at(7), Ask(agent="a", count=4))
        assert only.number == 4
        store.update_sweep(record.id, at(8), budget=Budget(trials=9))
        assert len(store.lease(record.id, Ask(agent="a", count=9), at(8))) == 4

    def test_what_lapsed_leaves_room_for_itself_and_no_more(self, store: Store) -> None:
        record = with_trials(store, 4)
        store.update_sweep(record.id, at(0), budget=Budget(workers=2))
        store.lease(record.id, Ask(agent="a", count=4, lease_s=10), at(1))
        again = store.lease(record.id, Ask(agent="b", count=4), at(20))
        assert [(lease.number, lease.attempt) for lease in again] == [(0, 2), (1, 2)]

    def test_a_lapsed_trial_is_leased_again_as_a_further_attempt(self, store: Store) -> None:
        record, old = leased(store, trials=2)
        store.report(old, 1, reports(0, 4), at(2))
        assert [one.number for one in store.lease(record.id, Ask(agent="b"), at(10.9))] == [1]
        (new,) = store.lease(record.id, Ask(agent="b"), at(11))
        assert (new.number, new.attempt, new.agent, new.reported) == (0, 2, "b", 0)
        assert store.changes(record.id).trials[0].failures == 0

    def test_a_lapsed_trial_goes_before_later_ones_that_wait(self, store: Store) -> None:
        record, _ = leased(store, trials=3)
        leases = store.lease(record.id, Ask(agent="b", count=2), at(60))
        assert [(one.number, one.attempt) for one in leases] == [(0, 2), (1, 1)]

    @pytest.mark.parametrize(
        ("verdict", "state"),
        [(Verdict.STOP, State.STOPPED), (Verdict.CANCEL, State.CANCELLED)],
    )
    def test_a_lapsed_trial_that_was_to_end_ends(
        self, store: Store, verdict: Verdict, state: State
    ) -> None:
        record, _ = leased(store)
        store.commit(record.id, Decision(against=record.revision, verdicts={0: verdict}), at(2))
        assert list(store.lease(record.id, Ask(agent="b"), at(60))) == []
        (trial,) = store.changes(record.id).trials
        assert (trial.state, trial.finished) == (state, at(60))

    def test_a_renewed_lease_does_not_lapse(self, store: Store) -> None:
        record, lease = leased(store)
        version = store.get_sweep(record.id).version
        assert store.renew([lease], at(10), 10) == [Verdict.GO_ON]
        assert list(store.lease(record.id, Ask(agent="b"), at(19))) == []
        assert store.get_sweep(record.id).version == version

    def test_a_lapsed_lease_that_nobody_took_is_held_again(self, store: Store) -> None:
        record, lease = leased(store)
        assert store.renew([lease], at(60), 10) == [Verdict.GO_ON]
        assert list(store.lease(record.id, Ask(agent="b"), at(61))) == []

    def test_what_a_lapsed_lease_sends_after_the_next_began_is_refused(self, store: Store) -> None:
        record, old = leased(store)
        store.report(old, 1, reports(0, 1), at(2))
        (new,) = store.lease(record.id, Ask(agent="b"), at(60))
        before = store.changes(record.id)
        assert store.renew([old], at(61), 10) == [Verdict.LOST]
        with pytest.raises(LeaseLostError):
            store.report(old, 3, reports(2, 3), at(61))
        with pytest.raises(LeaseLostError):
            store.finish(old, DONE, at(61))
        assert store.changes(record.id) == before
        assert store.finish(new, DONE, at(62))[0].state is State.DONE

    def test_renewals_answer_each_lease_in_its_place(self, store: Store) -> None:
        record = with_trials(store, 2)
        other = with_trials(store, 1)
        first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
        (third,) = store.lease(other.id, Ask(agent="a"), at(1))
        store.commit(
            record.id, Decision(against=record.revision, verdicts={1: Verdict.STOP}), at(2)
        )
        store.finish(first, DONE, at(2))
        found = store.renew([third, second, first], at(3), 10)
        assert list(found) == [Verdict.GO_ON, Verdict.STOP, Verdict.LOST]
        assert list(store.renew([], at(3), 10)) == []

    def test_many_threads_lease_each_trial_exactly_once(self, store: Store) -> None:
        record = with_trials(store, 60)

        def work(name: int) -> list[int]:
            taken = []
            while leases := store.lease(record.id, Ask(agent=f"t{name}", count=2), at(1)):
                for lease in leases:
                    taken.append(lease.number)
                    store.report(lease, 1, reports(0, 2), at(1))
                    store.finish(lease, DONE, at(2))
            return taken

        with ThreadPoolExecutor(8) as pool:
            taken = [number for part in pool.map(work, range(8)) for number in part]
        assert sorted(taken) == list(range(60))
        assert store.get_sweep(record.id).counts[State.DONE] == 60

    def test_of_many_threads_that_decide_at_once_one_wins(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))

        def decide(number: int) -> bool:
            decision = Decision(against=0, add=[NewTrial(params=params(number))])
            try:
                store.commit(record.id, decision, at(1))
            except ConflictError:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(decide, range(8)))
        assert won.count(True) == 1
        (trial,) = store.changes(record.id).trials
        assert trial.params == params(won.index(True))

    def test_the_trials_of_dead_agents_are_given_back(self, store: Store) -> None:
        record = with_trials(store, 4)
        store.lease(record.id, Ask(agent="a", count=3), at(1))
        (kept,) = store.lease(record.id, Ask(agent="b"), at(1))
        decision = Decision(against=record.revision, verdicts={1: Verdict.STOP, 2: Verdict.CANCEL})
        store.commit(record.id, decision, at(2))
        assert store.release(record.id, ["a", "nobody"], at(3)) == 3
        states = [t.state for t in store.changes(record.id).trials]
        assert states == [State.WAITING, State.STOPPED, State.CANCELLED, State.RUNNING]
        assert store.renew([kept], at(4), 10) == [Verdict.GO_ON]
        assert store.release(record.id, ["a"], at(5)) == 0

    def test_a_given_back_trial_is_lost_to_who_held_it(self, store: Store) -> None:
        record, lease = leased(store)
        store.release(record.id, ["a"], at(2))
        assert store.renew([lease], at(3), 10) == [Verdict.LOST]
        with pytest.raises(LeaseLostError):
            store.finish(lease, DONE, at(3))
