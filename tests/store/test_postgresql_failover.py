"""A primary that dies, and its standby that takes over, under agents at work."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ports import free_port
from postgres import Server
from sonde.api.keeper import Held
from sonde.controller import Controller
from sonde.core.sweep import Budget
from sonde.core.trial import Outcome, State, Trial
from sonde.errors import LeaseLostError
from sonde.store import open_store
from sonde.store.protocol import Ask
from sonde.testing.stores import at, sweep

AGENTS, TRIALS = 3, 120


@dataclass(frozen=True)
class Pair:
    """A primary with its standby, in step, and the URL that names both."""

    primary: Server
    standby: Server
    url: str

    def wait_until_in_step(self) -> None:
        """Return once the standby has all that the primary has."""
        behind = "SELECT count(*) FROM pg_stat_replication WHERE flush_lsn = pg_current_wal_lsn()"
        wait_for(lambda: self.primary.psql(behind) == "1")


def wait_for(is_so: Callable[[], bool], most_s: float = 100) -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def pair() -> Iterator[Pair]:
    ports = free_port(), free_port()
    primary = Server(port=str(ports[0]), listen_addresses="127.0.0.1")
    try:
        standby = Server(port=str(ports[1]), listen_addresses="127.0.0.1", standby_of=primary)
        try:
            hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
            url = f"postgresql://sonde@{hosts}/postgres?target_session_attrs=read-write"
            both = Pair(primary, standby, url)
            both.wait_until_in_step()
            yield both
        finally:
            standby.close()
    finally:
        primary.close()


def work(url: str, key: str, notes: Path) -> None:
    """Run trials as an agent does, and note each result once the store has said that it has it."""
    with closing(open_store(url)) as store, notes.open("a") as told:
        controller = Controller(store, key)
        ask = Ask(agent=notes.name)
        while controller.history.counts[State.DONE] < TRIALS:
            leases = controller.step(1, ask)
            if not leases:
                time.sleep(0.02)
                continue
            (lease,) = leases
            loss, held = float(lease.params["lr"]), Held(lease)
            try:
                held.report(0, {"loss": loss + 1}, 1.0)
                held.flush(store)
                held.report(1, {"loss": loss}, 2.0)
                held.finish(store, Outcome(state=State.DONE))
            except LeaseLostError:
                continue
            print(lease.number, lease.attempt, loss, file=told, flush=True)


def told(notes: list[Path]) -> list[tuple[int, int, float]]:
    """What the agents were told is kept: number, attempt and loss."""
    lines = [line.split() for note in notes for line in note.read_text().splitlines()]
    return [(int(number), int(attempt), float(loss)) for number, attempt, loss in lines]


@contextmanager
def agents(url: str, key: str, folder: Path) -> Iterator[list[Path]]:
    context = multiprocessing.get_context("fork")
    notes = [folder / f"agent{k}" for k in range(AGENTS)]
    for note in notes:
        note.touch()
    processes = [context.Process(target=work, args=(url, key, note)) for note in notes]
    for process in processes:
        process.start()
    try:
        yield notes
        for process in processes:
            process.join(150)
        assert [process.exitcode for process in processes] == [0] * AGENTS
    finally:
        for process in processes:
            process.kill()
            process.join()


def found(url: str, key: str) -> tuple[dict[int, Trial], dict[int, list[float]]]:
    """What is in the store: the trials, and their losses one after the other."""
    with closing(open_store(url)) as store:
        trials = {trial.number: trial for trial in store.changes(key).trials}
        curves = store.curves(key)
    return trials, {number: list(curve["loss"].values) for number, curve in curves.items()}


def test_a_synchronous_standby_takes_over_and_nothing_that_was_answered_is_lost(
    tmp_path: Path,
) -> None:
    with pair() as both:
        # There, and not in the file that the standby has a copy of: it has no standby itself.
        both.primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        both.primary.psql("SELECT pg_reload_conf()")
        with closing(open_store(both.url)) as store:
            key = store.create_sweep(sweep(budget=Budget(trials=TRIALS), method="random"), at(0)).id
        with agents(both.url, key, tmp_path) as notes:
            wait_for(lambda: len(told(notes)) > TRIALS // 4)
            both.primary.kill()
            kept = told(notes)
            both.standby.promote()
        assert len(kept) < TRIALS  # they went on
        trials, curves = found(both.url, key)
    assert sorted(trials) == sorted(number for number, _, _ in told(notes)) == list(range(TRIALS))
    for number, attempt, loss in told(notes):
        assert (trials[number].state, trials[number].attempts) == (State.DONE, attempt)
        assert curves[number] == [loss + 1, loss]
    assert {number for number, _, _ in kept} <= set(trials)


def test_without_a_synchronous_standby_what_it_lacks_is_run_again(tmp_path: Path) -> None:
    with pair() as both:
        with closing(open_store(both.url)) as store:
            declared = sweep(budget=Budget(trials=TRIALS), method="random", lease_s=1.0)
            key = store.create_sweep(declared, at(0)).id
        with agents(both.url, key, tmp_path) as notes:
            wait_for(lambda: len(told(notes)) > TRIALS // 8)
            both.standby.psql("ALTER SYSTEM SET primary_conninfo = ''")
            both.standby.psql("SELECT pg_reload_conf()")
            wait_for(lambda: both.primary.psql("SELECT count(*) FROM pg_stat_replication") == "0")
            before = len(told(notes))
            wait_for(lambda: len(told(notes)) > before + TRIALS // 8)  # the standby lacks these
            both.primary.kill()
            both.standby.promote()
        trials, curves = found(both.url, key)
    assert len(told(notes)) > TRIALS
    assert sorted(trials) == list(range(TRIALS))
    for number, trial in trials.items():
        loss = trial.params["lr"]
        assert (trial.state, curves[number]) == (State.DONE, [loss + 1, loss])
