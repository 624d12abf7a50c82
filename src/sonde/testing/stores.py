"""The contract of stores, as tests: a store is one if it passes them.

Derive a class, say how a fresh store is made, and let pytest collect it:

    class TestMyStore(StoreContract):
        def make(self, folder: Path) -> Store:
            return MyStore(folder / "store")
"""

# ruff: noqa: D102 - a test is described by its name

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sonde.core.metric import Goal, Summary
from sonde.core.space import Space, space_of
from sonde.core.sweep import Budget, Command, Control, Function, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import (
    AmbiguousError,
    ConflictError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
    StoreError,
    SweepExistsError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store, SweepRecord

__all__ = ["START", "StoreContract", "at", "space", "sweep"]

START = datetime(2026, 1, 1, tzinfo=UTC)
DONE = Outcome(state=State.DONE)


def at(seconds: float) -> datetime:
    """Return a time, as seconds after the start of the test's world."""
    return START + timedelta(seconds=seconds)


def space() -> Space:
    """Return a small space, with a parameter that may be inactive."""
    return space_of({"lr": "uniform(0, 1)", "layers": [1, 2, 3], "opt": ["adam", "sgd"]})


def sweep(**given: Any) -> Sweep:
    """Return a small sweep."""
    return Sweep(space=space(), goals=(Goal(metric="loss"),), **given)


def params(number: int) -> dict[str, Any]:
    """Return an assignment that tells its number."""
    return {"lr": number / 64, "layers": number, "opt": "adam"}


def reports(first: int, last: int, shift: float = 0.0, metric: str = "loss") -> list[Report]:
    """Return reports at the steps `first` to `last`, with the step (plus a shift) as value."""
    return [
        Report(step, {metric: step + shift}, START.timestamp() + step)
        for step in range(first, last + 1)
    ]


class StoreContract:
    """Every promise of `sonde.store.protocol`."""

    def make(self, folder: Path) -> Store:
        """Return a fresh store, in an empty folder if it needs one."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """The store under test."""
        store = self.make(tmp_path)
        yield store
        store.close()

    # Sweeps

    def test_a_new_sweep_runs_at_revision_0_without_trials(self, store: Store) -> None:
        record = store.create_sweep(sweep(name="mnist", tags=("a",)), at(1), {"git": "abc"})
        assert record == store.get_sweep(record.id)
        assert (record.control, record.revision, record.trials) == (Control.RUNNING, 0, 0)
        assert (record.created, record.updated) == (at(1), at(1))
        assert (record.name, record.tags, record.facts) == ("mnist", ("a",), {"git": "abc"})
        assert set(record.id) <= set("abcdefghijklmnopqrstuvwxyz234567")
        assert len(record.id) == 8

    def test_the_definition_comes_back_the_same(self, store: Store) -> None:
        work = Command(argv=("python", "train.py"), folder="/x", env={"A": "ü \udce4"})
        given = sweep(
            work=work, seed=2**63, budget=Budget(trials=9, time_s=1.5), retries=2, project="p"
        )
        assert store.get_sweep(store.create_sweep(given, at(0)).id).sweep == given

    def test_a_taken_name_is_refused_and_changes_nothing(self, store: Store) -> None:
        store.create_sweep(sweep(name="mnist"), at(0))
        with pytest.raises(SweepExistsError, match="mnist"):
            store.create_sweep(sweep(name="mnist"), at(1))
        assert [record.name for record in store.list_sweeps()] == ["mnist"]

    @pytest.mark.parametrize(
        ("work", "stem"),
        [
            (Command(argv=("python", "-u", "src/train.py"), folder="/"), "train"),
            (Command(argv=("./a.out", "x"), folder="/"), "a"),
            (Function(name="objective", folder="/"), "objective"),
            (None, "sweep"),
        ],
    )
    def test_a_sweep_without_a_name_gets_one_of_its_work_and_id(
        self, store: Store, work: Command | Function | None, stem: str
    ) -> None:
        record = store.create_sweep(sweep(work=work), at(0))
        assert record.name == f"{stem}-{record.id[:4]}"

    def test_sweeps_are_listed_oldest_first(self, store: Store) -> None:
        for name, second in (("b", 2), ("a", 1), ("c", 3)):
            store.create_sweep(sweep(name=name), at(second))
        assert [record.name for record in store.list_sweeps()] == ["a", "b", "c"]

    def test_a_sweep_is_found_by_id_by_name_and_by_the_beginning_of_either(
        self, store: Store
    ) -> None:
        record = store.create_sweep(sweep(name="mnist"), at(0))
        for text in (record.id, "mnist", record.id[:5], record.id[:1], "mnis"):
            assert store.find_sweep(text) == record

    def test_an_exact_name_wins_over_the_beginning_of_an_id(self, store: Store) -> None:
        other = store.create_sweep(sweep(name="other"), at(0))
        named = store.create_sweep(sweep(name=other.id[:3]), at(1))
        assert store.find_sweep(other.id[:3]).id == named.id

    def test_what_fits_several_ids_is_refused_with_all_of_them(self, store: Store) -> None:
        by_letter: dict[str, list[SweepRecord]] = {}
        for _ in range(33):  # more than there are letters
            record = store.create_sweep(sweep(), at(0))
            by_letter.setdefault(record.id[0], []).append(record)
        letter, several = max(by_letter.items(), key=lambda item: len(item[1]))
        with pytest.raises(AmbiguousError) as refusal:
            store.find_sweep(letter)
        assert all(record.id in str(refusal.value) for record in several[:8])

    def test_a_name_that_is_not_there_is_answered_with_near_ones(self, store: Store) -> None:
        store.create_sweep(sweep(name="mnist-large"), at(0))
        store.create_sweep(sweep(name="mnist-small"), at(0))
        with pytest.raises(AmbiguousError, match=r"mnist-large.*mnist-small"):
            store.find_sweep("mnist")
        with pytest.raises(NotFoundError, match="mnist-large"):
            store.find_sweep("mnist-lrage")
        with pytest.raises(NotFoundError):
            store.find_sweep("")

    def test_every_call_on_a_sweep_that_is_not_there_says_so(self, store: Store) -> None:
        lease = Lease(sweep="aaaaaaaa", number=0, attempt=1, agent="a", until=at(9), params={})
        calls: list[Callable[[], object]] = [
            lambda: store.get_sweep("aaaaaaaa"),
            lambda: store.update_sweep("aaaaaaaa", at(0), notes="x"),
            lambda: store.commit("aaaaaaaa", Decision(against=0), at(0)),
            lambda: store.lease("aaaaaaaa", Ask(agent="a"), at(0)),
            lambda: store.report(lease, 1, reports(0, 1), at(0)),
            lambda: store.finish(lease, DONE, at(0)),
            lambda: store.release("aaaaaaaa", ["a"], at(0)),
            lambda: store.changes("aaaaaaaa"),
            lambda: store.curves("aaaaaaaa"),
        ]
        for call in calls:
            with pytest.raises(NotFoundError, match="aaaaaaaa"):
                call()
        assert store.renew([lease], at(0), 10) == [Verdict.LOST]

    def test_notes_and_tags_change_without_a_new_revision(self, store: Store) -> None:
        before = store.create_sweep(sweep(), at(0))
        store.update_sweep(before.id, at(1), notes="good", tags=["x", "y"])
        after = store.update_sweep(before.id, at(2), notes="better")
        assert after == store.get_sweep(before.id)
        assert (after.notes, after.tags) == ("better", ("x", "y"))
        assert (after.revision, after.updated) == (0, at(2))
        assert after.version > before.version

    def test_control_and_budget_raise_the_revision(self, store: Store) -> None:
        record = store.create_sweep(sweep(budget=Budget(trials=3)), at(0))
        assert record.budget == Budget(trials=3)
        more = store.update_sweep(record.id, at(1), budget=Budget(trials=9, time_s=60.0))
        assert (more.budget, more.revision) == (Budget(trials=9, time_s=60.0), 1)
        assert more.sweep.budget == Budget(trials=3)
        paused = store.update_sweep(record.id, at(2), control=Control.PAUSED, reason="lunch")
        assert (paused.control, paused.reason, paused.revision) == (Control.PAUSED, "lunch", 2)
        back = store.update_sweep(record.id, at(3), control=Control.RUNNING)
        assert (back.control, back.reason, back.revision) == (Control.RUNNING, "", 3)

    # Decisions

    def test_trials_are_numbered_from_0_without_gaps(self, store: Store) -> None:
        record = _with_trials(store, 3)
        record = _add(store, record, 2)
        found = store.changes(record.id).trials
        assert [trial.number for trial in found] == [0, 1, 2, 3, 4]
        assert record.counts[State.WAITING] == record.trials == 5
        assert all(trial.state is State.WAITING and trial.created == START for trial in found)

    def test_a_decision_on_an_older_revision_is_refused_whole(self, store: Store) -> None:
        record = _with_trials(store, 1)
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
        record = _with_trials(store, 1)
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
        record = _with_trials(store, 1)
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
        record = _with_trials(store, 4)
        first, second, third = store.lease(record.id, Ask(agent="a", count=3), at(1))
        store.finish(first, Outcome(state=State.PAUSED), at(2))
        store.finish(third, DONE, at(2))
        decision = Decision(against=record.revision, verdicts=dict.fromkeys(range(4), verdict))
        store.commit(record.id, decision, at(3))
        found = store.changes(record.id).trials
        assert [t.state for t in found] == [paused, running, State.DONE, waiting]
        assert store.renew([second], at(4), 10) == [asked]

    def test_to_cancel_outranks_to_stop(self, store: Store) -> None:
        record, lease = _leased(store)
        for verdict in (Verdict.CANCEL, Verdict.STOP):
            decision = Decision(against=record.revision, verdicts={0: verdict})
            record, _ = store.commit(record.id, decision, at(2))
        assert store.renew([lease], at(3), 10) == [Verdict.CANCEL]

    # Control states

    def test_cancelling_ends_all_that_nobody_runs_and_asks_the_others(self, store: Store) -> None:
        record = _with_trials(store, 4)
        first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
        store.finish(first, Outcome(state=State.PAUSED), at(2))
        store.update_sweep(record.id, at(3), control=Control.CANCELLED)
        states = [t.state for t in store.changes(record.id).trials]
        assert states == [State.CANCELLED, State.RUNNING, State.CANCELLED, State.CANCELLED]
        assert store.renew([second], at(3), 10) == [Verdict.CANCEL]
        assert not store.get_sweep(record.id).is_ended
        trial, _ = store.finish(second, DONE, at(4))
        assert trial.state is State.CANCELLED
        assert store.get_sweep(record.id).is_ended

    @pytest.mark.parametrize("control", [Control.PAUSED, Control.STOPPED, Control.CANCELLED])
    def test_nothing_is_leased_where_nothing_is_to_be_started(
        self, store: Store, control: Control
    ) -> None:
        record = _with_trials(store, 2)
        store.update_sweep(record.id, at(1), control=control)
        assert list(store.lease(record.id, Ask(agent="a"), at(2))) == []

    def test_a_sweep_that_is_done_still_runs_what_waits(self, store: Store) -> None:
        record = _with_trials(store, 1)
        store.update_sweep(record.id, at(1), control=Control.DONE)
        assert len(store.lease(record.id, Ask(agent="a"), at(2))) == 1

    def test_a_stopped_sweep_keeps_what_waits_for_a_resume(self, store: Store) -> None:
        record, lease = _leased(store, trials=2)
        store.update_sweep(record.id, at(2), control=Control.STOPPED)
        assert store.renew([lease], at(3), 10) == [Verdict.GO_ON]
        store.finish(lease, DONE, at(4))
        assert store.get_sweep(record.id).is_ended
        store.update_sweep(record.id, at(5), control=Control.RUNNING)
        assert [one.number for one in store.lease(record.id, Ask(agent="a"), at(6))] == [1]

    def test_in_a_stopped_sweep_a_lapsed_trial_waits_so_that_the_sweep_ends(
        self, store: Store
    ) -> None:
        record, _ = _leased(store)
        store.update_sweep(record.id, at(2), control=Control.STOPPED)
        assert list(store.lease(record.id, Ask(agent="b"), at(99))) == []
        assert store.get_sweep(record.id).is_ended
        assert store.changes(record.id).trials[0].state is State.WAITING

    # Leases

    def test_trials_are_leased_lowest_number_first(self, store: Store) -> None:
        record = _with_trials(store, 5)
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

    def test_a_lapsed_trial_is_leased_again_as_a_further_attempt(self, store: Store) -> None:
        record, old = _leased(store, trials=2)
        store.report(old, 1, reports(0, 4), at(2))
        assert [one.number for one in store.lease(record.id, Ask(agent="b"), at(10.9))] == [1]
        (new,) = store.lease(record.id, Ask(agent="b"), at(11))
        assert (new.number, new.attempt, new.agent, new.reported) == (0, 2, "b", 0)
        assert store.changes(record.id).trials[0].failures == 0

    def test_a_lapsed_trial_goes_before_later_ones_that_wait(self, store: Store) -> None:
        record, _ = _leased(store, trials=3)
        leases = store.lease(record.id, Ask(agent="b", count=2), at(60))
        assert [(one.number, one.attempt) for one in leases] == [(0, 2), (1, 1)]

    @pytest.mark.parametrize(
        ("verdict", "state"),
        [(Verdict.STOP, State.STOPPED), (Verdict.CANCEL, State.CANCELLED)],
    )
    def test_a_lapsed_trial_that_was_to_end_ends(
        self, store: Store, verdict: Verdict, state: State
    ) -> None:
        record, _ = _leased(store)
        store.commit(record.id, Decision(against=record.revision, verdicts={0: verdict}), at(2))
        assert list(store.lease(record.id, Ask(agent="b"), at(60))) == []
        (trial,) = store.changes(record.id).trials
        assert (trial.state, trial.finished) == (state, at(60))

    def test_a_renewed_lease_does_not_lapse(self, store: Store) -> None:
        record, lease = _leased(store)
        version = store.get_sweep(record.id).version
        assert store.renew([lease], at(10), 10) == [Verdict.GO_ON]
        assert list(store.lease(record.id, Ask(agent="b"), at(19))) == []
        assert store.get_sweep(record.id).version == version

    def test_a_lapsed_lease_that_nobody_took_is_held_again(self, store: Store) -> None:
        record, lease = _leased(store)
        assert store.renew([lease], at(60), 10) == [Verdict.GO_ON]
        assert list(store.lease(record.id, Ask(agent="b"), at(61))) == []

    def test_what_a_lapsed_lease_sends_after_the_next_began_is_refused(self, store: Store) -> None:
        record, old = _leased(store)
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
        record = _with_trials(store, 2)
        other = _with_trials(store, 1)
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
        record = _with_trials(store, 60)

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

    # Releases

    def test_the_trials_of_dead_agents_are_given_back(self, store: Store) -> None:
        record = _with_trials(store, 4)
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
        record, lease = _leased(store)
        store.release(record.id, ["a"], at(2))
        assert store.renew([lease], at(3), 10) == [Verdict.LOST]
        with pytest.raises(LeaseLostError):
            store.finish(lease, DONE, at(3))

    # Reports

    def test_reports_are_summed_up(self, store: Store) -> None:
        record, lease = _leased(store)
        values = [3.0, 1.0, math.nan, 2.0]
        given = [Report(step, {"loss": v}, 1.5 + step) for step, v in enumerate(values)]
        assert store.report(lease, 1, given[:1], at(2)) == 1
        assert store.report(lease, 2, given[1:], at(3)) == 4
        (trial,) = store.changes(record.id).trials
        assert trial.metrics == {"loss": Summary(4, 2.0, 1.0, 3.0, 6.0, 3, 3, 1, 0)}
        curve = store.curves(record.id)[0]["loss"]
        assert list(curve.steps) == [0, 1, 2, 3]
        assert repr(list(curve.values)) == repr(values)
        assert list(curve.times) == [1.5, 2.5, 3.5, 4.5]

    def test_a_batch_that_is_sent_again_changes_nothing(self, store: Store) -> None:
        record, lease = _leased(store)
        store.report(lease, 1, reports(0, 4), at(2))
        before = store.changes(record.id)
        assert store.report(lease, 1, reports(0, 4), at(3)) == 5
        assert store.report(lease, 2, reports(1, 2), at(3)) == 5
        assert store.report(lease, 6, [], at(3)) == 5
        assert store.changes(record.id) == before
        assert store.report(lease, 4, reports(3, 7), at(4)) == 8
        assert list(store.curves(record.id)[0]["loss"].steps) == list(range(8))

    @pytest.mark.parametrize("first", [0, -3, 7, 99])
    def test_a_batch_that_leaves_a_gap_is_refused(self, store: Store, first: int) -> None:
        record, lease = _leased(store)
        store.report(lease, 1, reports(0, 4), at(2))
        before = store.changes(record.id)
        with pytest.raises(ValueError, match="from 6"):
            store.report(lease, first, reports(0, 1), at(3))
        assert store.changes(record.id) == before

    def test_a_lapsed_lease_that_nobody_took_may_report(self, store: Store) -> None:
        _, lease = _leased(store)
        assert store.report(lease, 1, reports(0, 1), at(60)) == 2

    def test_an_ended_trial_takes_no_reports(self, store: Store) -> None:
        _, lease = _leased(store)
        store.finish(lease, DONE, at(2))
        with pytest.raises(LeaseLostError):
            store.report(lease, 1, reports(0, 1), at(3))

    @pytest.mark.parametrize(
        ("first", "last", "joined"),
        [(0, 2, [0, 1, 2]), (3, 6, [0, 1, 2, 3, 4, 5, 6]), (9, 9, [0, 1, 2, 3, 4, 9])],
        ids=["from the start", "from a checkpoint", "after a gap"],
    )
    def test_a_further_attempt_replaces_the_curve_from_its_first_step_on(
        self, store: Store, first: int, last: int, joined: list[int]
    ) -> None:
        record, old = _leased(store)
        store.report(old, 1, reports(0, 4), at(2))
        store.report(old, 6, reports(0, 1, metric="other"), at(2))
        (new,) = store.lease(record.id, Ask(agent="b"), at(60))
        assert list(store.curves(record.id)[0]["loss"].steps) == [0, 1, 2, 3, 4]
        store.report(new, 1, reports(first, first, shift=100), at(61))
        if last > first:
            store.report(new, 2, reports(first + 1, last, shift=100), at(61))
        values = [step + 100 if first <= step <= last else step for step in joined]
        found = store.curves(record.id)[0]
        assert list(found["loss"].steps) == joined
        assert list(found["loss"].values) == values
        assert list(found["other"].steps) == [0, 1]
        points = list(zip(joined, map(float, values), strict=True))
        for trial in (store.changes(record.id).trials[0], store.finish(new, DONE, at(62))[0]):
            assert trial.metrics["loss"] == Summary.of(points)
            assert trial.metrics["other"].count == 2
        assert list(store.curves(record.id)[0]["loss"].values) == values

    def test_attempts_are_joined_one_after_the_other(self, store: Store) -> None:
        record = _with_trials(store, 1)
        for attempt, steps in enumerate([(0, 9), (5, 7), (0, 1)]):
            (lease,) = store.lease(record.id, Ask(agent="a"), at(60 * attempt))
            store.report(lease, 1, reports(*steps, shift=attempt / 4), at(60 * attempt))
        curve = store.curves(record.id)[0]["loss"]
        assert (list(curve.steps), list(curve.values)) == ([0, 1], [0.5, 1.5])

    def test_curves_are_given_for_the_trials_and_metrics_that_are_asked_for(
        self, store: Store
    ) -> None:
        record = _with_trials(store, 4)
        for lease in store.lease(record.id, Ask(agent="a", count=3), at(1)):
            if lease.number != 1:
                store.report(lease, 1, reports(0, 1), at(2))
                store.report(lease, 3, reports(0, 1, metric="acc"), at(2))
        assert {n: set(c) for n, c in store.curves(record.id).items()} == {
            0: {"loss", "acc"},
            2: {"loss", "acc"},
        }
        assert set(store.curves(record.id, trials=[2, 3, 99])) == {2}
        assert set(store.curves(record.id, metrics=["acc", "no"])[0]) == {"acc"}
        assert store.curves(record.id, metrics=["no"]) == {}

    # Ends

    @pytest.mark.parametrize(
        "state", [State.DONE, State.STOPPED, State.CANCELLED, State.FAILED, State.PAUSED]
    )
    def test_an_outcome_is_kept_with_its_error_and_facts(self, store: Store, state: State) -> None:
        record, lease = _leased(store)
        outcome = Outcome(state=state, error="it broke", facts={"exit_status": 1})
        trial, leases = store.finish(lease, outcome, at(5))
        assert store.changes(record.id).trials == [trial]
        assert (trial.state, trial.error, trial.facts) == (state, "it broke", {"exit_status": 1})
        assert trial.finished == (None if state is State.PAUSED else at(5))
        assert list(leases) == []

    def test_final_values_are_one_more_report(self, store: Store) -> None:
        record = _with_trials(store, 2)
        first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
        store.report(first, 1, reports(3, 4), at(2))
        outcome = Outcome(state=State.DONE, values={"loss": 0.25, "acc": 1})
        trial, _ = store.finish(first, outcome, at(5))
        assert (trial.metrics["loss"].last, trial.metrics["loss"].count) == (0.25, 3)
        store.finish(second, outcome, at(5))
        curves = store.curves(record.id)
        assert list(curves[0]["loss"].steps) == [3, 4, 5]
        assert list(curves[0]["acc"].steps) == [5]
        assert list(curves[1]["loss"].steps) == [0]
        assert list(curves[1]["loss"].times) == [at(5).timestamp()]

    def test_ending_and_leasing_the_next_is_one_step(self, store: Store) -> None:
        record, lease = _leased(store, trials=2)
        trial, leases = store.finish(lease, DONE, at(5), Ask(agent="a", lease_s=3))
        assert trial.state is State.DONE
        assert [(one.number, one.until) for one in leases] == [(1, at(8))]
        assert store.get_sweep(record.id).counts[State.RUNNING] == 1

    def test_the_last_reports_may_come_with_the_outcome(self, store: Store) -> None:
        _, lease = _leased(store)
        store.report(lease, 1, [Report(0, {"loss": 3.0}, 0.0)], at(1))
        last = [Report(0, {"loss": 3.0}, 0.0), Report(1, {"loss": 1.0}, 1.0)]
        outcome = Outcome(state=State.DONE, values={"score": 7.0})
        for _ in range(2):  # sent again where the answer was lost
            trial, _ = store.finish(lease, outcome, at(2), reports=last, first=1)
            assert trial.state is State.DONE
            assert (trial.metrics["loss"].count, trial.metrics["loss"].last) == (2, 1.0)
            assert (trial.metrics["score"].last, trial.metrics["score"].last_step) == (7.0, 2)

    def test_an_outcome_whose_reports_leave_a_gap_is_refused_whole(self, store: Store) -> None:
        _, lease = _leased(store)
        late = [Report(5, {"loss": 1.0}, 0.0)]
        with pytest.raises(ValueError, match="send them from 1"):
            store.finish(lease, DONE, at(1), reports=late, first=3)
        (trial,) = store.changes(lease.sweep).trials
        assert (trial.state, dict(trial.metrics)) == (State.RUNNING, {})

    def test_the_same_outcome_once_more_changes_nothing(self, store: Store) -> None:
        record, lease = _leased(store)
        outcome = Outcome(state=State.DONE, values={"loss": math.nan}, error="e")
        first, _ = store.finish(lease, outcome, at(5))
        before = store.changes(record.id)
        again, _ = store.finish(lease, outcome, at(9))
        assert repr(again) == repr(first)
        assert repr(store.changes(record.id)) == repr(before)

    def test_another_outcome_of_an_ended_trial_is_refused(self, store: Store) -> None:
        record, lease = _leased(store)
        store.finish(lease, Outcome(state=State.DONE, values={"loss": 1.0}), at(5))
        before = store.changes(record.id)
        for other in (
            Outcome(state=State.DONE, values={"loss": 2.0}),
            Outcome(state=State.FAILED, values={"loss": 1.0}),
        ):
            with pytest.raises(LeaseLostError):
                store.finish(lease, other, at(6))
        assert store.changes(record.id) == before

    def test_an_attempt_cannot_end_as_running(self, store: Store) -> None:
        _, lease = _leased(store)
        with pytest.raises(IllegalTransitionError):
            store.finish(lease, Outcome(state=State.RUNNING), at(5))

    def test_a_failed_trial_is_run_again_as_often_as_was_asked(self, store: Store) -> None:
        record = _with_trials(store, 1, retries=2)
        states = []
        for attempt in range(3):
            (lease,) = store.lease(record.id, Ask(agent="a"), at(attempt))
            trial, _ = store.finish(lease, Outcome(state=State.FAILED, error="e"), at(attempt))
            states.append((trial.state, trial.failures, trial.attempts))
        assert states == [(State.WAITING, 1, 1), (State.WAITING, 2, 2), (State.FAILED, 3, 3)]

    def test_a_retry_may_be_leased_by_the_call_that_told_the_failure(self, store: Store) -> None:
        record = _with_trials(store, 1, retries=1)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        failed = Outcome(state=State.FAILED)
        trial, (again,) = store.finish(lease, failed, at(2), Ask(agent="a"))
        assert (trial.state, again.attempt) == (State.WAITING, 2)
        with pytest.raises(LeaseLostError):
            store.finish(lease, failed, at(3))
        assert store.get_sweep(record.id).counts[State.RUNNING] == 1

    def test_a_trial_that_is_given_back_waits_unharmed(self, store: Store) -> None:
        record, lease = _leased(store)
        trial, _ = store.finish(lease, Outcome(state=State.WAITING), at(2))
        assert (trial.state, trial.failures, trial.finished) == (State.WAITING, 0, None)
        assert store.finish(lease, Outcome(state=State.WAITING), at(3))[0] == trial
        (again,) = store.lease(record.id, Ask(agent="b"), at(4))
        assert again.attempt == 2

    @pytest.mark.parametrize(
        ("verdict", "outcome", "state"),
        [
            (Verdict.CANCEL, State.DONE, State.CANCELLED),
            (Verdict.CANCEL, State.FAILED, State.CANCELLED),
            (Verdict.CANCEL, State.WAITING, State.CANCELLED),
            (Verdict.STOP, State.WAITING, State.STOPPED),
            (Verdict.STOP, State.PAUSED, State.STOPPED),
            (Verdict.STOP, State.STOPPED, State.STOPPED),
            (Verdict.STOP, State.DONE, State.DONE),
            (Verdict.STOP, State.FAILED, State.FAILED),
        ],
    )
    def test_what_was_asked_to_end_ends_so(
        self, store: Store, verdict: Verdict, outcome: State, state: State
    ) -> None:
        record = _with_trials(store, 1, retries=5)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        store.commit(record.id, Decision(against=record.revision, verdicts={0: verdict}), at(2))
        assert store.finish(lease, Outcome(state=outcome), at(3))[0].state is state

    def test_why_a_trial_was_to_stop_is_kept_if_it_does_stop(self, store: Store) -> None:
        record = _with_trials(store, 6)
        leases = store.lease(record.id, Ask(agent="a", count=6), at(1))
        reasons = {number: f"rule {number}" for number in range(5)}
        verdicts = dict.fromkeys(range(6), Verdict.STOP)
        decision = Decision(against=record.revision, verdicts=verdicts, reasons=reasons)
        store.commit(record.id, decision, at(2))
        ends = (State.STOPPED, State.DONE, State.WAITING, State.FAILED, None, State.STOPPED)
        for lease, end in zip(leases, ends, strict=True):
            if end is not None:
                store.finish(lease, Outcome(state=end, facts={"pid": 7}), at(3))
        store.release(record.id, ["a"], at(4))
        trials = store.changes(record.id).trials
        assert [t.why_stopped for t in trials] == ["rule 0", None, "rule 2", None, "rule 4", None]
        assert [t.facts.get("pid") for t in trials] == [7, 7, 7, 7, None, 7]

    def test_a_paused_trial_goes_on_as_a_further_attempt(self, store: Store) -> None:
        record, lease = _leased(store)
        store.report(lease, 1, reports(0, 3), at(2))
        store.finish(lease, Outcome(state=State.PAUSED), at(3))
        assert list(store.lease(record.id, Ask(agent="a"), at(4))) == []
        go_on = Decision(against=record.revision, verdicts={0: Verdict.GO_ON})
        _, (again,) = store.commit(record.id, go_on, at(5), Ask(agent="b"))
        assert (again.number, again.attempt) == (0, 2)
        store.report(again, 1, reports(4, 5), at(6))
        assert list(store.curves(record.id)[0]["loss"].steps) == [0, 1, 2, 3, 4, 5]

    # The change feed

    def test_the_feed_tells_each_changed_trial_once_and_whole(self, store: Store) -> None:
        record = _with_trials(store, 3)
        cursor = store.changes(record.id).version
        assert store.changes(record.id, cursor).trials == []
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        store.report(lease, 1, reports(0, 2), at(2))
        found = store.changes(record.id, cursor)
        assert [trial.number for trial in found.trials] == [0]
        assert found.trials[0] == store.changes(record.id).trials[0]
        assert found.record == store.get_sweep(record.id)
        assert found.version == found.record.version > cursor
        assert all(t.version <= found.version for t in store.changes(record.id).trials)

    def test_folding_the_feed_from_any_cursor_gives_what_a_full_load_gives(
        self, store: Store
    ) -> None:
        record = store.create_sweep(sweep(retries=1), at(0))
        folds: list[tuple[int, dict[int, Trial]]] = []

        def look() -> None:
            nonlocal folds
            folds.append((0, {}))
            for place, (cursor, seen) in enumerate(folds):
                news = store.changes(record.id, cursor)
                folds[place] = (news.version, seen | {t.number: t for t in news.trials})
            full = {trial.number: trial for trial in store.changes(record.id).trials}
            assert all(seen == full for _, seen in folds)
            assert list(full) == list(range(len(full)))

        look()
        record = _add(store, record, 3)
        look()
        first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
        look()
        store.report(first, 1, reports(0, 3), at(2))
        look()
        store.finish(first, Outcome(state=State.FAILED), at(3), Ask(agent="a"))
        look()
        store.finish(second, DONE, at(4))
        look()
        store.lease(record.id, Ask(agent="b", count=3), at(60))
        look()
        store.release(record.id, ["b"], at(61))
        look()
        store.update_sweep(record.id, at(62), control=Control.CANCELLED)
        look()

    def test_the_stamp_differs_after_each_change_and_only_then(self, store: Store) -> None:
        record = _with_trials(store, 2)
        stamps = [store.stamp()]
        assert store.stamp() == stamps[0]
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        stamps.append(store.stamp())
        store.report(lease, 1, reports(0, 2), at(2))
        stamps.append(store.stamp())
        store.changes(record.id)
        store.curves(record.id)
        assert store.stamp() == stamps[-1]
        store.finish(lease, DONE, at(3))
        stamps.append(store.stamp())
        assert len(set(stamps)) == len(stamps)

    # Values

    @pytest.mark.parametrize(
        "given",
        [
            {"lr": 1e-5, "layers": 8, "opt": "adam"},
            {"lr": 0.1, "layers": 1},
            {},
            {"lr": -0.0, "layers": 10**30, "opt": None},
            {"lr": -(2**64), "layers": True, "opt": [1, [2.5, {"a": None}]]},
            {"lr": math.inf, "layers": {"b": [], "a": {}}, "opt": "ü漢🜁\x00"},
            {"opt": "\udce4", "layers": 2**64},
            {"elsewhere": 1, "lr": 0.5, "0": "zero"},
            {"elsewhere": 10**30, "layers": 2},
        ],
    )
    def test_values_come_back_as_they_were(self, store: Store, given: dict[str, Any]) -> None:
        record = store.create_sweep(sweep(), at(0))
        decision = Decision(against=0, add=[NewTrial(params=given)])
        _, (lease,) = store.commit(record.id, decision, at(1), Ask(agent="a"))
        outcome = Outcome(state=State.DONE, facts=given)
        trial, _ = store.finish(lease, outcome, at(2))
        (kept,) = store.changes(record.id).trials
        for found in (lease.params, trial.params, kept.params, kept.facts):
            assert _typed(found) == _typed(given)

    @pytest.mark.parametrize(
        "values",
        [[0.0, -0.0, math.nan], [math.inf, -math.inf, 1e308], [5e-324, 1, True]],
    )
    def test_metric_values_come_back_as_floats_to_the_bit(
        self, store: Store, values: list[float]
    ) -> None:
        record, lease = _leased(store)
        given = [Report(step, {"m": value}, 0.0) for step, value in enumerate(values)]
        store.report(lease, 1, given, at(2))
        store.finish(lease, DONE, at(3))
        found = list(store.curves(record.id)[0]["m"].values)
        assert repr(found) == repr([float(value) for value in values])
        last = store.changes(record.id).trials[0].metrics["m"].last
        assert repr(last) == repr(float(values[-1]))

    @pytest.mark.parametrize(
        "steps", [[2**31, 2**40, 2**53], [10**30, 0, -5], [7, 7, 7], [0, 10, 20, 30], [9, 3]]
    )
    def test_steps_of_any_size_and_order_come_back(self, store: Store, steps: list[int]) -> None:
        record, lease = _leased(store)
        for number, step in enumerate(steps, start=1):
            store.report(lease, number, [Report(step, {"a": 1.0, "ü": 2.0}, 1e9)], at(2))
        for _ in range(2):
            curves = store.curves(record.id)[0]
            assert list(curves["a"].steps) == list(curves["ü"].steps) == steps
            store.finish(lease, DONE, at(3))

    @pytest.mark.parametrize("time", [0.0, -1.5, 1795268209.495133, 1e300, math.inf])
    def test_times_of_reports_come_back(self, store: Store, time: float) -> None:
        record, lease = _leased(store)
        store.report(lease, 1, [Report(0, {"a": 1.0}, 1.0), Report(1, {"a": 1.0}, time)], at(2))
        assert list(store.curves(record.id)[0]["a"].times) == [1.0, time]

    def test_reports_of_different_metrics_each_keep_their_steps(self, store: Store) -> None:
        record, lease = _leased(store)
        given: Sequence[Mapping[str, float]] = [{"a": 1}, {"b": 2, "a": 3}, {}, {"b": 4}]
        batch = [Report(step * 2, metrics, step) for step, metrics in enumerate(given)]
        store.report(lease, 1, batch[:2], at(2))
        store.report(lease, 3, batch[2:], at(2))
        for _ in range(2):
            curves = store.curves(record.id)[0]
            assert (list(curves["a"].steps), list(curves["a"].values)) == ([0, 2], [1, 3])
            assert (list(curves["b"].steps), list(curves["b"].values)) == ([2, 6], [2, 4])
            assert list(curves["b"].times) == [1, 3]
            store.finish(lease, DONE, at(3))

    def test_microseconds_of_times_are_kept(self, store: Store) -> None:
        now = datetime(2031, 7, 8, 9, 10, 11, 123457, tzinfo=UTC)
        record = store.create_sweep(sweep(), now)
        assert store.get_sweep(record.id).created == now

    def test_what_is_handed_in_may_be_changed_afterwards(self, store: Store) -> None:
        record = store.create_sweep(sweep(), at(0))
        mine = params(0)
        store.commit(record.id, Decision(against=0, add=[NewTrial(params=mine)]), at(1))
        mine["lr"] = 99.0
        assert store.changes(record.id).trials[0].params == params(0)

    # Blobs

    @pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 999])
    def test_bytes_are_kept_under_their_hash(self, store: Store, data: bytes) -> None:
        key = store.put_blob(data)
        assert store.put_blob(data) == key
        assert store.get_blob(key) == data
        assert len(key) == 64

    @pytest.mark.parametrize("key", ["0" * 64, "", "no such key"])
    def test_a_key_that_is_not_there_is_said(self, store: Store, key: str) -> None:
        with pytest.raises(NotFoundError):
            store.get_blob(key)

    # The end

    def test_a_closed_store_says_so(self, store: Store) -> None:
        record, lease = _leased(store)
        store.close()
        calls: list[Callable[[], object]] = [
            lambda: store.get_sweep(record.id),
            lambda: store.finish(lease, DONE, at(2)),
            store.list_sweeps,
            store.stamp,
            lambda: store.create_sweep(sweep(), at(3)),
        ]
        store.close()
        for call in calls:
            with pytest.raises(StoreError, match="closed"):
                call()


def _with_trials(store: Store, count: int, **given: Any) -> SweepRecord:
    return _add(store, store.create_sweep(sweep(**given), at(0)), count)


def _add(store: Store, record: SweepRecord, count: int) -> SweepRecord:
    numbers = range(record.trials, record.trials + count)
    add = [NewTrial(params=params(number)) for number in numbers]
    return store.commit(record.id, Decision(against=record.revision, add=add), at(0))[0]


def _leased(store: Store, trials: int = 1) -> tuple[SweepRecord, Lease]:
    record = _with_trials(store, trials)
    (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
    return record, lease


def _typed(value: Any) -> Any:
    """Return a value such that equality tells 1 from 1.0 and True, and 0.0 from -0.0."""
    if isinstance(value, Mapping):
        return {key: _typed(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_typed(each) for each in value]
    return (type(value).__name__, repr(value))
