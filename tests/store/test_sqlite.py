"""What only the SQLite store has to withstand: processes, forks, kills, full disks."""

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO

import pytest

from sonde.core.sweep import Budget
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.errors import StoreError
from sonde.store.protocol import Ask, Decision, NewTrial, Store, SweepRecord
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores import at, sweep

HEAD = """
import os, sys, time
from pathlib import Path
from sonde.core.trial import Outcome, Report, State
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.store.sqlite import SqliteStore
from sonde.testing.stores import at, sweep
store = SqliteStore(Path(sys.argv[1]))
"""


def with_trials(store: Store, count: int) -> SweepRecord:
    """A sweep with waiting trials."""
    record = store.create_sweep(sweep(), at(0))
    add = [NewTrial(params={"lr": n / 1024, "layers": n, "opt": "a"}) for n in range(count)]
    return store.commit(record.id, Decision(against=0, add=add), at(0))[0]


def leased(store: Store) -> tuple[SweepRecord, Lease]:
    """A sweep with one trial that is running."""
    record = with_trials(store, 1)
    (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
    return record, lease


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Run a program in another process, after `HEAD`."""
    return subprocess.Popen(
        [sys.executable, "-c", HEAD + program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )


def fork(work: Callable[[Callable[..., None]], None]) -> tuple[BaseProcess, IO[str]]:
    """Do some work in a forked process, which starts at once; what it says can be read."""
    read, write = os.pipe()

    def child() -> None:
        os.close(read)
        work(lambda *words: print(*words, file=out, flush=True))

    out = os.fdopen(write, "w")
    process = get_context("fork").Process(target=child)
    process.start()
    out.close()
    return process, os.fdopen(read)


def file_of(folder: Path) -> Path:
    """Where tests have their database."""
    return folder / "sonde.db"


def lease_all(path: Path, agent: str, say: Callable[..., None]) -> None:
    """Run trials until there are no more, and say which."""
    with closing(SqliteStore(path)) as store:
        record = store.list_sweeps()[0]
        leases = store.lease(record.id, Ask(agent=agent), at(1))
        while leases:
            (lease,) = leases
            store.report(lease, 1, [Report(0, {"loss": 1.0}, 0.0)], at(1))
            done = Outcome(state=State.DONE)
            _, leases = store.finish(lease, done, at(2), Ask(agent=agent))
            say(lease.number)


def write_for_ever(path: Path, agent: str, say: Callable[..., None]) -> None:
    """Report and end trials, and say what was acknowledged."""
    store = SqliteStore(path)
    record = store.list_sweeps()[0]
    while True:
        for lease in store.lease(record.id, Ask(agent=agent, count=2, lease_s=1e6), at(1)):
            for number in range(1, 6):
                store.report(lease, number, [Report(number, {"loss": number / 7}, 0)], at(1))
                say("reported", lease.number, number)
            store.finish(lease, Outcome(state=State.DONE), at(2))
            say("done", lease.number, 0)


def check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_eight_processes_lease_each_trial_exactly_once(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    record = with_trials(store, 200)
    workers = [fork(partial(lease_all, path, f"w{n}")) for n in range(8)]
    taken = []
    for process, said in workers:
        with said:
            taken += [int(line) for line in said]
        process.join(100)
        assert process.exitcode == 0
    assert sorted(taken) == list(range(200))
    assert store.get_sweep(record.id).counts[State.DONE] == 200
    assert all(trial.attempts == 1 for trial in store.changes(record.id).trials)
    store.close()
    check(path)


def test_processes_that_open_one_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    def look(say: Callable[..., None]) -> None:
        with closing(SqliteStore(file_of(tmp_path))) as store:
            say(store.list_sweeps())

    workers = [fork(look) for _ in range(16)]
    for process, said in workers:
        with said:
            assert said.read() == "[]\n"
        process.join(100)


def test_whatever_was_acknowledged_survives_the_killing_of_writers(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    chance = random.Random(7)
    with closing(SqliteStore(path)) as store:
        record = with_trials(store, 4000)
    reported: dict[int, int] = {}
    done: set[int] = set()
    for turn in range(20):
        workers = [fork(partial(write_for_ever, path, f"w{turn}-{n}")) for n in range(4)]
        lines = [workers[0][1].readline()]  # the others may not be there yet: a moment, too
        time.sleep(chance.uniform(0, 0.05))
        for process, _ in workers:
            process.kill()
        for process, said in workers:
            with said:
                lines += said.readlines()
            process.join()
        for line in lines:
            word, *numbers = line.split()
            if line.endswith("\n"):
                number, count = map(int, numbers)
                reported[number] = max(reported.get(number, 0), count)
                if word == "done":
                    done.add(number)
        with closing(SqliteStore(path)) as store:
            agents = {trial.agent or "" for trial in store.changes(record.id).trials}
            store.release(record.id, list(agents), at(3))
    with closing(SqliteStore(path)) as store:
        trials = store.changes(record.id).trials
        curves = store.curves(record.id)
    assert done
    for number, count in reported.items():
        assert len(curves[number]["loss"].steps) >= count, number
    for number in done:
        assert trials[number].state is State.DONE
        assert trials[number].metrics["loss"].last == 5 / 7
    # Whom the kill caught between the commit and its word may be done as well, but not twice.
    ended = [trial for trial in trials if trial.state is State.DONE]
    assert len(done) <= len(ended) <= len(done) + 80
    assert [trial.number for trial in trials] == list(range(4000))
    check(path)


def test_a_killed_holder_of_the_queue_lets_the_others_in(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    hold = """
with store.file.writing(durable=True) as db:
    db.execute("UPDATE standing SET time_s = 99")
    print("in", flush=True)
    time.sleep(60)
"""
    record = with_trials(store, 1)
    holder = start(hold, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.communicate()
    assert store.update_sweep(record.id, at(1), notes="in").notes == "in"
    store.close()
    check(path)


def test_who_is_not_in_the_queue_is_waited_for(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    record = with_trials(store, 1)
    foreign = """
import sqlite3
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("in", flush=True)
time.sleep(0.5)
db.execute("ROLLBACK")
"""
    other = start(foreign, path)
    assert other.stdout is not None
    other.stdout.readline()
    assert store.update_sweep(record.id, at(1), notes="in").notes == "in"
    store.close()
    other.communicate()


def test_a_forked_child_goes_on_with_a_connection_of_its_own(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    record = with_trials(store, 60)

    def work(name: str) -> None:
        leases = store.lease(record.id, Ask(agent=name, count=10), at(1))
        for lease in leases:
            store.finish(lease, Outcome(state=State.DONE), at(2))
        if name == "c0":
            store.close()
        sys.exit(len(leases))

    context = get_context("fork")
    children = [context.Process(target=work, args=(f"c{n}",)) for n in range(3)]
    for child in children:
        child.start()
    mine = store.lease(record.id, Ask(agent="parent", count=30), at(1))
    for lease in mine:
        store.finish(lease, Outcome(state=State.DONE), at(2))
    for child in children:
        child.join(100)
    assert [child.exitcode for child in children] == [10, 10, 10]
    assert store.get_sweep(record.id).counts[State.DONE] == 60
    store.close()
    check(file_of(tmp_path))


def test_a_lock_held_at_the_fork_does_not_outlive_its_holder(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    record = with_trials(store, 1)
    hold = """
with store.file.writing(durable=True) as db:
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    print(child, flush=True)
    os.kill(os.getpid(), 9)
"""
    holder = start(hold, path)
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    holder.wait()
    try:
        assert store.update_sweep(record.id, at(1), notes="in").notes == "in"
    finally:
        os.kill(child, signal.SIGKILL)
        holder.communicate()
    store.close()


def test_changes_of_other_processes_are_seen(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    record, _ = leased(store)
    stamp, cursor = store.stamp(), store.changes(record.id).version
    change = """
key = store.list_sweeps()[0].id
store.update_sweep(key, at(1), notes="other", tags=["t"])
store.release(key, ["a"], at(1))
"""
    start(change, path).communicate(timeout=100)
    assert store.stamp() != stamp
    news = store.changes(record.id, cursor)
    assert (news.record.notes, news.record.tags) == ("other", ("t",))
    assert [trial.state for trial in news.trials] == [State.WAITING]
    store.close()


FILL = """
import resource
record = store.list_sweeps()[0]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from sonde.errors import StoreError
kept = 0
try:
    while True:
        store.put_blob(kept.to_bytes(4, "big") * 5000)
        kept += 1
except StoreError as error:
    print(kept, error)
print(len(store.list_sweeps()))
os._exit(0)
"""


def test_a_disk_that_takes_no_more_is_said_and_nothing_is_damaged(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    store = SqliteStore(path)
    with_trials(store, 3)
    output = start(FILL, path, 1_000_000).communicate(timeout=100)[0]
    first, second = output.splitlines()
    kept, _, message = first.partition(" ")
    assert int(kept) > 3
    assert message.startswith(f"{path}: the disk cannot be read or written (full, over a quota")
    assert "nothing was kept; free some space" in message
    assert second == "1"
    with store.file.reading() as db:
        assert db.execute("SELECT count(*) FROM blob").fetchone() == (int(kept),)
    store.update_sweep(store.list_sweeps()[0].id, at(1), notes="goes on")
    store.close()
    check(path)


BEGIN = """
import os, resource, signal
from sonde.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
room = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
for size in range(0, 100_000, 4096):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, room))
    try:
        SqliteStore(Path(sys.argv[2]) / f"{size}.db").close()
        print("made")
    except StoreError as error:
        print(error)
os._exit(0)
"""


def test_a_store_that_the_disk_has_no_room_for_is_refused_as_such(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    SqliteStore(path).close()
    said = start(BEGIN, path, tmp_path).communicate(timeout=100)[0].splitlines()
    refused = [line for line in said if line != "made"]
    assert 3 < len(refused) < len(said)
    assert [line for line in refused if "free some space" not in line] == []


def test_a_database_that_may_not_grow_says_so_and_goes_on_afterwards(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    with store.file.reading() as db:
        db.execute("PRAGMA max_page_count=40")
    with pytest.raises(StoreError, match="the disk is full"):
        store.put_blob(os.urandom(500_000))
    key = store.put_blob(b"small")
    assert store.get_blob(key) == b"small"
    store.close()
    check(file_of(tmp_path))


def test_a_trial_costs_three_commits_and_two_waits_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    record = store.create_sweep(sweep(budget=Budget(trials=50)), at(0))
    commits, syncs = store.file.own_changes, store.file.syncs
    for number in range(50):
        decision = Decision(against=number, add=[NewTrial(params={"lr": 0.5})])
        record, (lease,) = store.commit(record.id, decision, at(1), Ask(agent="a"))
        store.report(lease, 1, [Report(n, {"loss": 0.5}, n) for n in range(10)], at(1))
        store.finish(lease, Outcome(state=State.DONE), at(2))
    assert store.file.own_changes - commits == 150
    assert store.file.syncs - syncs == 100
    store.close()


def test_asking_in_vain_writes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    record, _ = leased(store)
    stamp = store.stamp()
    assert store.lease(record.id, Ask(agent="b"), at(2)) == []
    assert store.stamp() == stamp
    store.close()


def test_the_reports_of_an_ended_attempt_are_one_row(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    record, lease = leased(store)
    for number in range(1, 20):
        store.report(lease, number, [Report(number, {"loss": number / 7}, number)], at(1))
    before = store.curves(record.id)
    store.finish(lease, Outcome(state=State.DONE), at(2))
    assert store.curves(record.id) == before
    with store.file.reading() as db:
        assert db.execute("SELECT count(*) FROM reports").fetchone() == (1,)
    store.close()


def test_a_log_file_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    store = SqliteStore(file_of(tmp_path))
    record, _ = leased(store)
    sync = store.file._sync
    assert sync is not None
    held = sync._held
    log = Path(f"{store.path}-wal")
    log.rename(f"{log}-old")
    sync(None)  # nothing there: nothing to wait for
    log.write_bytes(Path(f"{log}-old").read_bytes())
    sync(None)
    assert sync._held is not held
    assert record.id
    store.close()


def test_open_files_do_not_pile_up(tmp_path: Path) -> None:
    folder = Path("/dev/fd") if not Path("/proc/self/fd").exists() else Path("/proc/self/fd")
    before = len(list(folder.iterdir()))
    for _ in range(20):
        store = SqliteStore(file_of(tmp_path))
        store.create_sweep(sweep(), at(0))
        store.close()
    assert len(list(folder.iterdir())) <= before + 1
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 20
