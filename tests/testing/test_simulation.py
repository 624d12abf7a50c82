"""Thousands of agents in virtual time: what always holds, holds at every step.

And it is seen when it does not: each way of breaking a promise ends the run that meets it.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sonde.core.decision import Decision
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Changes, Store, SweepRecord
from sonde.store.sqlite import SqliteStore
from sonde.testing.simulation import BrokenPromiseError, Mishaps, Plan, Result, simulate

SPACE = {"lr": "loguniform(1e-5, 1)", "layers": [1, 2, 3, 4], "dropout": "uniform(0, .5)"}
MANY = Mishaps(dies=0.05, silent=0.05, fails=0.1, lost=0.05, late=0.05, late_s=150.0, back_s=10.0)


def run(
    store: Store, trials: int, agents: int, mishaps: Mishaps = MANY, seed: int = 0, **given: Any
) -> Result:
    """Return what became of a small world."""
    sweep = Sweep(
        space=space_of(SPACE),
        goals=(Goal(metric="loss"),),
        budget=Budget(trials=trials),
        seed=seed,
        retries=1,
        max_failures=0,
        **{"method": "random", **given},
    )
    return simulate(store, Plan(sweep=sweep, agents=agents, seed=seed, mishaps=mishaps))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_befalls_a_hundred_and_fifty_agents_no_promise_is_broken(seed: int) -> None:
    found = run(MemoryStore(), 1500, 150, seed=seed)
    assert sum(found.counts.values()) == 1500
    assert found.counts[State.DONE] > 1450
    assert found.counts[State.RUNNING] == found.counts[State.WAITING] == 0


def test_everything_that_can_go_wrong_does() -> None:
    found = run(MemoryStore(), 1500, 150, seed=4)
    befell = {
        "agents died", "answers lost", "budget raised", "came late", "controllers died", "cut off",
        "decided again", "limits lowered", "lost", "outages", "paused", "refused", "stopped",
    }  # fmt: skip
    assert found.happened.keys() == befell


def test_a_seed_gives_the_same_world_again() -> None:
    one, other = (run(MemoryStore(), 200, 20, seed=5) for _ in range(2))
    assert replace_sweep(one) == replace_sweep(other)


def replace_sweep(found: Result) -> Result:
    """Leave out the id, which is drawn anew."""
    return replace(found, sweep="")


def test_a_sqlite_file_keeps_the_promises_and_so_sees_who_opens_it_next(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "sonde.db")
    store.file.durable = False
    found = run(store, 300, 30)
    store.close()
    again = SqliteStore(tmp_path / "sonde.db")
    assert again.get_sweep(found.sweep).counts == found.counts
    again.close()


@pytest.mark.parametrize("method", ["auto", "tpe", "evolution"])
def test_a_method_that_learns_lives_in_that_world_too(method: str) -> None:
    assert sum(run(MemoryStore(), 40, 6, method=method).counts.values()) == 40


def test_a_stopping_rule_stops_trials_there() -> None:
    assert run(MemoryStore(), 400, 40, stopping="asha(min_steps=1, eta=2)").counts[State.STOPPED]


# -- and now stores that break what they promise ---------------------------------------------


class LosesReports(MemoryStore):
    def report(self, lease: Lease, first: int, reports: Sequence[Report], now: datetime) -> int:
        row = self._books[lease.sweep].rows[lease.number]
        if lease.number % 50 == 7 and row.attempts == lease.attempt and not row.reported:
            row.reported = len(reports)
            return row.reported
        return super().report(lease, first, reports, now)


class LosesTheLastReports(MemoryStore):
    def finish(
        self, lease: Lease, outcome: Outcome, now: datetime, ask: Ask | None = None, **given: Any
    ) -> tuple[Trial, Sequence[Lease]]:
        if lease.number % 50 == 7:
            given = {}
        return super().finish(lease, outcome, now, ask, **given)


class LeasesToTwo(MemoryStore):
    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        leases = super().lease(sweep, ask, now)
        running = self._books[sweep].running
        if leases or len(running) < 9 or self.get_sweep(sweep).control is not Control.RUNNING:
            return leases
        row = next(iter(running.values()))
        row.attempts += 1
        return [
            Lease(
                sweep=sweep, number=row.number, attempt=row.attempts, agent=ask.agent, until=now,
                params=row.params,
            )
        ]  # fmt: skip


class TakesBackLate(MemoryStore):
    """Keeps what an attempt sends that lost its lease."""

    def finish(
        self, lease: Lease, outcome: Outcome, now: datetime, ask: Ask | None = None, **given: Any
    ) -> tuple[Trial, Sequence[Lease]]:
        row = self._books[lease.sweep].row(lease.number)
        assert row is not None
        if row.state is State.RUNNING:
            lease = replace(lease, attempt=row.attempts)
            given |= {"first": row.reported + 1}
        return super().finish(lease, outcome, now, ask, **given)


class LetsBothDecide(MemoryStore):
    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        now_at = self.get_sweep(sweep).revision
        return super().commit(sweep, replace(decision, against=now_at), now, ask)


class RunsWhatHasEnded(MemoryStore):
    def finish(
        self, lease: Lease, outcome: Outcome, now: datetime, ask: Ask | None = None, **given: Any
    ) -> tuple[Trial, Sequence[Lease]]:
        ended, leases = super().finish(lease, outcome, now, ask, **given)
        if lease.number == 100 and ended.is_ended:
            book = self._books[lease.sweep]
            row = book.rows[100]
            book.head.counts[row.state] -= 1
            book.head.counts[State.WAITING] += 1
            row.state = State.WAITING
            book.changed(row)
        return ended, leases


class LeasesWhilePaused(MemoryStore):
    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        head = self._books[sweep].head
        before, head.control = head.control, Control.RUNNING
        try:
            return super().lease(sweep, ask, now)
        finally:
            head.control = before


class ForgetsAChange(MemoryStore):
    def changes(self, sweep: str, after: int = 0) -> Changes:
        found = super().changes(sweep, after)
        return replace(found, trials=[trial for trial in found.trials if trial.number % 99])


class ForgetsWhoHolds(MemoryStore):
    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        verdicts = super().renew(leases, now, lease_s)
        return [
            Verdict.LOST if held.number % 50 == 3 else v
            for held, v in zip(leases, verdicts, strict=True)
        ]


class ProlongsNothing(MemoryStore):
    """Says that a lease is held on, and lets it lapse."""

    def renew(self, leases: Sequence[Lease], now: datetime, lease_s: float) -> Sequence[Verdict]:
        book = self._books[leases[0].sweep]
        row = book.rows[leases[0].number]
        before = row.until
        verdicts = super().renew(leases, now, lease_s)
        row.until = before
        return verdicts


class IgnoresTheLimit(MemoryStore):
    def lease(self, sweep: str, ask: Ask, now: datetime) -> Sequence[Lease]:
        head = self._books[sweep].head
        before, head.budget = head.budget, replace(head.budget, workers=None)
        try:
            return super().lease(sweep, ask, now)
        finally:
            head.budget = before


class ChangesValues(MemoryStore):
    def changes(self, sweep: str, after: int = 0) -> Changes:
        for row in self._books[sweep].rows[200:201]:
            row.params = {**row.params, "lr": 0.5}
        return super().changes(sweep, after)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (LosesReports, "points"),
        (LosesTheLastReports, "points"),
        (LeasesToTwo, "two agents at once"),
        (TakesBackLate, "ends what it lost"),
        (LetsBothDecide, "older revision"),
        (RunsWhatHasEnded, "after its end|is done, not waiting"),
        (LeasesWhilePaused, "while the sweep is paused"),
        (ForgetsAChange, "are counted|fold counts|every trial|list index"),
        (ForgetsWhoHolds, "holds it and is told that it is lost"),
        (ProlongsNothing, "two agents at once"),
        (IgnoresTheLimit, "trials run, where"),
        (ChangesValues, "values that it was added with"),
    ],
)
def test_a_store_that_breaks_a_promise_is_found_out(broken: Callable[[], Store], why: str) -> None:
    with pytest.raises(BrokenPromiseError, match=why):
        run(broken(), 600, 60, seed=1)
