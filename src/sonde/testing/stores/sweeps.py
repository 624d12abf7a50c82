"""Sweeps are made, found and changed."""

# ruff: noqa: D102 - a test is described by its name

from collections.abc import Callable

import pytest

from sonde.core.sweep import Budget, Command, Control, Function
from sonde.core.trial import Lease, Outcome, State, Verdict
from sonde.errors import (
    AmbiguousError,
    NotFoundError,
    SweepExistsError,
)
from sonde.store.protocol import Ask, Decision, Store, SweepRecord
from sonde.testing.stores.parts import (
    DONE,
    at,
    leased,
    reports,
    sweep,
    with_trials,
)

__all__ = ["Sweeps"]


class Sweeps:
    """Sweeps are made, found and changed."""

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

    def test_cancelling_ends_all_that_nobody_runs_and_asks_the_others(self, store: Store) -> None:
        record = with_trials(store, 4)
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
        record = with_trials(store, 2)
        store.update_sweep(record.id, at(1), control=control)
        assert list(store.lease(record.id, Ask(agent="a"), at(2))) == []

    def test_a_sweep_that_is_done_still_runs_what_waits(self, store: Store) -> None:
        record = with_trials(store, 1)
        store.update_sweep(record.id, at(1), control=Control.DONE)
        assert len(store.lease(record.id, Ask(agent="a"), at(2))) == 1

    def test_a_stopped_sweep_keeps_what_waits_for_a_resume(self, store: Store) -> None:
        record, lease = leased(store, trials=2)
        store.update_sweep(record.id, at(2), control=Control.STOPPED)
        assert store.renew([lease], at(3), 10) == [Verdict.GO_ON]
        store.finish(lease, DONE, at(4))
        assert store.get_sweep(record.id).is_ended
        store.update_sweep(record.id, at(5), control=Control.RUNNING)
        assert [one.number for one in store.lease(record.id, Ask(agent="a"), at(6))] == [1]

    def test_in_a_stopped_sweep_a_lapsed_trial_waits_so_that_the_sweep_ends(
        self, store: Store
    ) -> None:
        record, _ = leased(store)
        store.update_sweep(record.id, at(2), control=Control.STOPPED)
        assert list(store.lease(record.id, Ask(agent="b"), at(99))) == []
        assert store.get_sweep(record.id).is_ended
        assert store.changes(record.id).trials[0].state is State.WAITING
