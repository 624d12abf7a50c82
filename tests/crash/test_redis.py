"""A store on Redis: kill clients, kill the server, lose answers. Nothing is lost, nothing twice."""

import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from killing import run_and_kill, terminal
from redis_proxy import breaking_line
from redis_server import RedisServer, redis_server
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.errors import LeaseLostError
from sonde.store import open_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.testing.stores import at, sweep

DONE = Outcome(state=State.DONE)
TRIALS = 500
STEPS = 3
processes = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def params(number: int) -> dict[str, Any]:
    return {"lr": number / 1024, "layers": number, "opt": "adam"}


def add(store: Store, trials: int) -> str:
    record = store.create_sweep(sweep(name="s"), at(0))
    decision = Decision(against=0, add=[NewTrial(params=params(n)) for n in range(trials)])
    store.commit(record.id, decision, at(0))
    return record.id


def reports(first: int, last: int) -> list[Report]:
    return [Report(step, {"loss": step / 4}, at(step).timestamp()) for step in range(first, last)]


# --- answers that are lost -------------------------------------------------------------------


def a_day(store: Store) -> Any:
    """Some of everything; what can be seen afterwards."""
    key = add(store, 3)
    (lease,) = store.lease(key, Ask(agent="a", lease_s=5.0), at(1))
    store.report(lease, 1, reports(0, 2), at(2))
    store.renew([lease], at(3), 5.0)
    store.report(lease, 3, reports(2, 3), at(4))
    _, (second,) = store.finish(lease, DONE, at(5), Ask(agent="a"), reports=reports(3, 5), first=4)
    store.put_blob(b"code")
    store.update_sweep(key, at(6), notes="n")
    store.release(key, ["a"], at(7))
    changes = store.changes(key)
    record = replace(changes.record, id="", created=at(0))
    return record, changes.trials, store.curves(key), changes.version, second.number


@pytest.mark.parametrize("is_answer", [True, False], ids=["answers", "questions"])
def test_whatever_does_not_arrive_is_said_again_and_done_once(
    server: RedisServer, is_answer: bool
) -> None:
    expected = a_day(MemoryStore())

    def break_at(n: int) -> bool:
        url = server.url()
        with tempfile.TemporaryDirectory(prefix="sonde-line-") as folder:
            path = Path(folder) / "s"
            with (
                breaking_line(path, server.socket, n, is_answer=is_answer) as line,
                closing(open_store(url.replace(str(server.socket), str(path)))) as store,
            ):
                assert a_day(store) == expected
                return line.broken

    with ThreadPoolExecutor(8) as pool:
        broken = list(pool.map(break_at, range(1, 41)))
    # All that there is to say was lost once: the last ones found nothing more to break.
    assert 20 < sum(broken) < 40


# --- clients that are killed -----------------------------------------------------------------


def work(url: str, key: str, name: str) -> None:
    """Run trials until there are none left."""
    with closing(open_store(url)) as store:
        while store.get_sweep(key).counts[State.DONE] < TRIALS:
            ask = Ask(agent=name, lease_s=0.4)
            leases = list(store.lease(key, ask, datetime.now(UTC)))
            while leases:
                try:
                    leases = run(store, leases[0], ask)
                except LeaseLostError:
                    break


def run(store: Store, lease: Lease, ask: Ask) -> list[Lease]:
    for step in range(STEPS - 1):
        store.report(lease, step + 1, reports(step, step + 1), datetime.now(UTC))
    last = reports(STEPS - 1, STEPS)
    _, leases = store.finish(lease, DONE, datetime.now(UTC), ask, reports=last, first=STEPS)
    return list(leases)


def test_workers_that_are_killed_at_any_moment_leave_nothing_half_done(
    server: RedisServer,
) -> None:
    url, rng = server.url(), random.Random(5)
    with closing(open_store(url)) as store:
        key = add(store, TRIALS)
        crew: dict[int, Any] = {}
        version, killed, deadline = 0, 0, time.monotonic() + 250
        while store.get_sweep(key).counts[State.DONE] < TRIALS:
            assert time.monotonic() < deadline
            while len(crew) < 6:
                worker = processes.Process(target=work, args=(url, key, f"w{os.urandom(3).hex()}"))
                worker.start()
                crew[worker.pid or 0] = worker
            time.sleep(rng.uniform(0.0, 0.1))
            if killed < 12:
                victim = rng.choice(list(crew))
                os.kill(victim, signal.SIGKILL)
                crew.pop(victim).join()
                killed += 1
            check(store, key)
            news = store.changes(key, version)
            assert news.version >= version
            version = news.version
        for worker in crew.values():
            worker.join(100)
            assert worker.exitcode == 0
        assert killed > 5
        changes = check(store, key)
        assert {trial.state for trial in changes} == {State.DONE}
        curves = store.curves(key)
        for trial in changes:
            assert list(curves[trial.number]["loss"].steps) == list(range(STEPS))
            assert trial.metrics["loss"].count == STEPS
    prefix = url.partition("prefix=")[2]
    with server.client() as client:  # and of what is kept beside nothing is left over
        base = f"{prefix}:{key}"
        assert client.zcard(f"{base}:versions") == TRIALS
        assert not client.exists(f"{base}:waiting", f"{base}:running", f"{base}:paused")
        assert client.keys(f"{base}:live:*") == []
        assert client.llen(f"{base}:turn") == 1


def check(store: Store, key: str) -> list[Any]:
    """See that what can be seen fits together at this moment."""
    changes = store.changes(key)
    for state, count in changes.record.counts.items():
        assert count == sum(trial.state is state for trial in changes.trials)
    versions = [trial.version for trial in changes.trials]
    assert len(set(versions)) == len(versions) == TRIALS
    assert max(versions) <= changes.version
    return list(changes.trials)


# --- a server that is killed -----------------------------------------------------------------


def tell(url: str, key: str, name: str, path: Path) -> None:
    """Run trials, and note each one that the store has acknowledged."""
    with closing(open_store(url)) as store, path.open("a") as log:
        ask = Ask(agent=name, lease_s=600.0)
        leases = list(store.lease(key, ask, datetime.now(UTC)))
        while leases:
            number = leases[0].number
            leases = run(store, leases[0], ask)
            log.write(f"{number}\n")
            log.flush()


def test_a_server_that_is_killed_has_kept_all_that_it_acknowledged(tmp_path: Path) -> None:
    """With `appendfsync always`, as the documentation says."""
    with redis_server("--appendfsync", "always") as server:
        url = server.url("always")
        with closing(open_store(url)) as store:
            key = add(store, TRIALS)
            stamp = store.stamp()
            logs = [tmp_path / f"{n}" for n in range(4)]
            crew = [processes.Process(target=tell, args=(url, key, log.name, log)) for log in logs]
            for worker in crew:
                worker.start()

            def told() -> list[int]:
                there = [log for log in logs if log.exists()]
                return [int(line) for log in there for line in log.read_text().split()]

            for _ in range(3):
                before = len(told())
                while len(told()) < min(before + 60, TRIALS - 20):
                    time.sleep(0.01)
                server.kill()
                acknowledged = told()
                server.start()
                kept = {t.number for t in store.changes(key).trials if t.state is State.DONE}
                assert kept >= set(acknowledged)
            for worker in crew:
                worker.join(100)
                assert worker.exitcode == 0
            assert sorted(told()) == list(range(TRIALS))
            trials = store.changes(key).trials
            assert {(trial.state, trial.attempts) for trial in trials} == {(State.DONE, 1)}
            curves = store.curves(key)
            assert all(len(curves[n]["loss"].steps) == STEPS for n in range(TRIALS))
            assert store.stamp() != stamp


# --- everything, by the command line ---------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_every_point_is_done_exactly_once_whatever_is_killed(
    server: RedisServer, tmp_path: Path, seed: int
) -> None:
    with terminal(tmp_path, server.url()) as typing:
        run_and_kill(typing, seed)
