"""Attempts end in one way."""

# ruff: noqa: D102 - a test is described by its name

import math

import pytest

from sonde.core.trial import Outcome, Report, State, Verdict
from sonde.errors import (
    IllegalTransitionError,
    LeaseLostError,
)
from sonde.store.protocol import Ask, Decision, Store
from sonde.testing.stores.parts import (
    DONE,
    at,
    leased,
    reports,
    with_trials,
)

__all__ = ["Ends"]


class Ends:
    """Attempts end in one way."""

    @pytest.mark.parametrize(
        "state", [State.DONE, State.STOPPED, State.CANCELLED, State.FAILED, State.PAUSED]
    )
    def test_an_outcome_is_kept_with_its_error_and_facts(self, store: Store, state: State) -> None:
        record, lease = leased(store)
        outcome = Outcome(state=state, error="it broke", facts={"exit_status": 1})
        trial, leases = store.finish(lease, outcome, at(5))
        assert store.changes(record.id).trials == [trial]
        assert (trial.state, trial.error, trial.facts) == (state, "it broke", {"exit_status": 1})
        assert trial.finished == (None if state is State.PAUSED else at(5))
        assert list(leases) == []

    def test_final_values_are_one_more_report(self, store: Store) -> None:
        record = with_trials(store, 2)
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
        record, lease = leased(store, trials=2)
        trial, leases = store.finish(lease, DONE, at(5), Ask(agent="a", lease_s=3))
        assert trial.state is State.DONE
        assert [(one.number, one.until) for one in leases] == [(1, at(8))]
        assert store.get_sweep(record.id).counts[State.RUNNING] == 1

    def test_the_last_reports_may_come_with_the_outcome(self, store: Store) -> None:
        _, lease = leased(store)
        store.report(lease, 1, [Report(0, {"loss": 3.0}, 0.0)], at(1))
        last = [Report(0, {"loss": 3.0}, 0.0), Report(1, {"loss": 1.0}, 1.0)]
        outcome = Outcome(state=State.DONE, values={"score": 7.0})
        for _ in range(2):  # sent again where the answer was lost
            trial, _ = store.finish(lease, outcome, at(2), reports=last, first=1)
            assert trial.state is State.DONE
            assert (trial.metrics["loss"].count, trial.metrics["loss"].last) == (2, 1.0)
            assert (trial.metrics["score"].last, trial.metrics["score"].last_step) == (7.0, 2)

    def test_an_outcome_whose_reports_leave_a_gap_is_refused_whole(self, store: Store) -> None:
        _, lease = leased(store)
        late = [Report(5, {"loss": 1.0}, 0.0)]
        with pytest.raises(ValueError, match="send them from 1"):
            store.finish(lease, DONE, at(1), reports=late, first=3)
        (trial,) = store.changes(lease.sweep).trials
        assert (trial.state, dict(trial.metrics)) == (State.RUNNING, {})

    def test_the_same_outcome_once_more_changes_nothing(self, store: Store) -> None:
        record, lease = leased(store)
        outcome = Outcome(state=State.DONE, values={"loss": math.nan}, error="e")
        first, _ = store.finish(lease, outcome, at(5))
        before = store.changes(record.id)
        again, _ = store.finish(lease, outcome, at(9))
        assert repr(again) == repr(first)
        assert repr(store.changes(record.id)) == repr(before)

    def test_another_outcome_of_an_ended_trial_is_refused(self, store: Store) -> None:
        record, lease = leased(store)
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
        _, lease = leased(store)
        with pytest.raises(IllegalTransitionError):
            store.finish(lease, Outcome(state=State.RUNNING), at(5))

    def test_a_failed_trial_is_run_again_as_often_as_was_asked(self, store: Store) -> None:
        record = with_trials(store, 1, retries=2)
        states = []
        for attempt in range(3):
            (lease,) = store.lease(record.id, Ask(agent="a"), at(attempt))
            trial, _ = store.finish(lease, Outcome(state=State.FAILED, error="e"), at(attempt))
            states.append((trial.state, trial.failures, trial.attempts))
        assert states == [(State.WAITING, 1, 1), (State.WAITING, 2, 2), (State.FAILED, 3, 3)]

    def test_a_retry_may_be_leased_by_the_call_that_told_the_failure(self, store: Store) -> None:
        record = with_trials(store, 1, retries=1)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        failed = Outcome(state=State.FAILED)
        trial, (again,) = store.finish(lease, failed, at(2), Ask(agent="a"))
        assert (trial.state, again.attempt) == (State.WAITING, 2)
        with pytest.raises(LeaseLostError):
            store.finish(lease, failed, at(3))
        assert store.get_sweep(record.id).counts[State.RUNNING] == 1

    def test_a_trial_that_is_given_back_waits_unharmed(self, store: Store) -> None:
        record, lease = leased(store)
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
        record = with_trials(store, 1, retries=5)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
        store.commit(record.id, Decision(against=record.revision, verdicts={0: verdict}), at(2))
        assert store.finish(lease, Outcome(state=outcome), at(3))[0].state is state

    def test_why_a_trial_was_to_stop_is_kept_if_it_does_stop(self, store: Store) -> None:
        record = with_trials(store, 6)
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
        record, lease = leased(store)
        store.report(lease, 1, reports(0, 3), at(2))
        store.finish(lease, Outcome(state=State.PAUSED), at(3))
        assert list(store.lease(record.id, Ask(agent="a"), at(4))) == []
        go_on = Decision(against=record.revision, verdicts={0: Verdict.GO_ON})
        _, (again,) = store.commit(record.id, go_on, at(5), Ask(agent="b"))
        assert (again.number, again.attempt) == (0, 2)
        store.report(again, 1, reports(4, 5), at(6))
        assert list(store.curves(record.id)[0]["loss"].steps) == [0, 1, 2, 3, 4, 5]
