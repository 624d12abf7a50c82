"""The PostgreSQL store where it differs from others: connections, servers, URLs, the layout."""

import json
import multiprocessing
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sonde.store
from postgres import fresh_url, shared
from postgres_proxy import Proxy
from sonde.core.sweep import Control
from sonde.core.trial import Lease
from sonde.errors import StoreError, StoreVersionError
from sonde.store import open_store, sql
from sonde.store.memory import MemoryStore
from sonde.store.passwords import VARIABLE
from sonde.store.postgresql import STAMP_S, PostgresStore
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.store.waiting import SAID_AFTER_S, on_wait
from sonde.testing.stores import at, sweep
from sonde.testing.stores.parts import DONE, add_trials, leased, reports, with_trials

ASK = Ask(agent="a", count=2)
DECISION = Decision(against=1, add=[NewTrial(params={})])


@pytest.fixture
def url() -> str:
    return fresh_url()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    with closing(open_store(url)) as store:
        assert isinstance(store, PostgresStore)
        yield store


def other(url: str) -> "psycopg.Connection[Any]":
    """A connection of some other program to the same schema."""
    place, _, schema = url.partition("&schema=")
    return psycopg.connect(place, autocommit=True, options=f"-csearch_path={schema}")


# --- the connection breaks -------------------------------------------------------------------


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    proxy = Proxy(shared().folder)
    yield proxy
    proxy.close()


CALLS: dict[str, Callable[[Store, Lease], object]] = {
    "create": lambda store, _: store.create_sweep(sweep(name="second"), at(3)).name,
    "commit": lambda store, lease: [
        one.number
        for one in store.commit(
            lease.sweep, Decision(against=1, add=[NewTrial(params={})]), at(3), ASK
        )[1]
    ],
    "lease": lambda store, lease: [one.number for one in store.lease(lease.sweep, ASK, at(3))],
    "report": lambda store, lease: store.report(lease, 1, reports(0, 2), at(3)),
    "finish": lambda store, lease: [
        one.number for one in store.finish(lease, DONE, at(3), ASK, reports=reports(0, 2))[1]
    ],
    "release": lambda store, lease: store.release(lease.sweep, ["first"], at(3)),
    "update": lambda store, lease: (
        store.update_sweep(lease.sweep, at(3), control=Control.PAUSED, notes="n").revision
    ),
    "blob": lambda store, _: store.put_blob(b"data"),
}


def seen(store: Store, key: str) -> list[object]:
    changes = store.changes(key)
    return [
        [changes.version, changes.record.revision, changes.record.control, changes.record.notes],
        changes.trials,
        store.curves(key),
        sorted(record.name or "" for record in store.list_sweeps()),
    ]


@pytest.mark.parametrize("cut", ["asked", "answered"])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_whose_connection_breaks_at_its_commit_is_done_exactly_once(
    url: str, proxy: Proxy, call: str, cut: str
) -> None:
    through = url.replace(str(shared().folder), str(proxy.folder))
    answers, views = [], []
    with closing(open_store(through)) as store, closing(MemoryStore()) as memory:
        for one in (store, memory):
            record = with_trials(one, 6, name="first")
            (lease,) = one.lease(record.id, Ask(agent="first"), at(1))
            if one is store:
                proxy.cut = cut
            answers.append(CALLS[call](one, lease))
            views.append(seen(one, record.id))
        assert proxy.cuts == 1
        assert isinstance(store, PostgresStore)
        assert store.lines.losses == 1
    assert answers[0] == answers[1]
    assert views[0] == views[1]


def test_a_store_whose_connections_were_ended_goes_on(store: PostgresStore, url: str) -> None:
    record, lease = leased(store, 3)
    with other(url) as db:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        db.execute(f"{query} AND application_name = 'sonde'")
    assert store.report(lease, 1, reports(0, 1), at(2)) == 2
    assert store.get_sweep(record.id).trials == 3


def test_a_server_that_is_away_is_waited_for_and_then_named(store: PostgresStore) -> None:
    record = with_trials(store, 1)
    store.lines.patience_s = 0.3
    shared().stop()
    try:
        started = time.monotonic()
        with pytest.raises(StoreError, match="no answer from the server"):
            store.get_sweep(record.id)
        assert time.monotonic() - started > 0.3
    finally:
        shared().start()
    assert store.get_sweep(record.id).trials == 1


def test_that_a_server_is_waited_for_is_told_meanwhile_and_once(store: PostgresStore) -> None:
    record = with_trials(store, 1)
    told: list[tuple[float, str]] = []
    on_wait(store, lambda error: told.append((time.monotonic(), str(error))))
    store.lines.patience_s = SAID_AFTER_S + 0.5
    shared().stop()
    try:
        with pytest.raises(StoreError):
            store.get_sweep(record.id)
        ended = time.monotonic()
    finally:
        shared().start()
    ((at_s, text),) = told
    assert at_s < ended - 0.1
    assert "no answer from the server" in text


def test_a_server_that_never_answered_is_not_waited_for(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"no answer from the server .*is it running there"):
        open_store(f"postgresql:///x?host={tmp_path}")
    assert time.monotonic() - started < 25  # one that answered before is waited for longer


def test_a_user_that_the_server_does_not_know_is_not_called_silence(url: str) -> None:
    unknown = re.sub(r"//[^/?@]*@?(?=[/:?])", "//nobody_there@", url, count=1)
    with pytest.raises(StoreError, match=r'user not in \(role "nobody_there" does not exist\)'):
        open_store(unknown)


def test_a_read_replica_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(StoreError, match=r"read replica.*name the primary"):
        open_store(f"{url}&options=-cdefault_transaction_read_only%3Don")


# --- many at once ----------------------------------------------------------------------------


def test_eight_processes_make_the_layout_at_once(url: str) -> None:
    def make() -> None:
        with closing(open_store(url)) as store:
            store.create_sweep(sweep(), at(0))

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=make) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(100)
    assert [process.exitcode for process in processes] == [0] * 8
    with closing(open_store(url)) as store:
        assert len(store.list_sweeps()) == 8


def test_a_child_has_connections_of_its_own(store: PostgresStore) -> None:
    record = with_trials(store, 20)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)

    def work(name: str, count: int) -> list[int]:
        return [store.lease(record.id, Ask(agent=name), at(1))[0].number for _ in range(count)]

    child = context.Process(target=lambda: there.send(work("child", 10)))
    child.start()
    ours = work("parent", 10)
    theirs = here.recv()
    child.join(100)
    assert child.exitcode == 0
    assert sorted(ours + theirs) == list(range(20))
    assert store.get_sweep(record.id).trials == 20


def test_writers_of_a_sweep_do_not_hold_up_those_of_another(store: PostgresStore, url: str) -> None:
    busy, free = with_trials(store, 2), with_trials(store, 2)
    waiting = threading.Thread(target=store.lease, args=(busy.id, ASK, at(1)))
    with other(url) as db, db.transaction():
        db.execute(
            "SELECT 1 FROM standing JOIN sweep ON key = sweep WHERE id = %s FOR UPDATE OF standing",
            [busy.id],
        )
        waiting.start()
        assert len(store.lease(free.id, ASK, at(1))) == 2
        assert waiting.is_alive()
    waiting.join(100)
    assert store.get_sweep(busy.id).version > busy.version


def test_more_threads_than_connections_wait_for_one_another(store: PostgresStore) -> None:
    record = with_trials(store, 40)
    taken: list[int] = []

    def lease() -> None:
        taken.extend(lease.number for lease in store.lease(record.id, Ask(agent="a"), at(1)))

    threads = [threading.Thread(target=lease) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(40))


def test_a_stamp_shows_what_another_process_changed_within_its_time(
    store: PostgresStore, url: str
) -> None:
    record = with_trials(store, 1)
    before = store.stamp()
    with closing(open_store(url)) as another:
        another.lease(record.id, Ask(agent="a"), at(1))
    time.sleep(STAMP_S)
    assert store.stamp() != before


def test_a_stamp_that_was_just_looked_at_costs_microseconds(store: PostgresStore) -> None:
    took = []
    for _ in range(200):
        store.stamp()
        started = time.perf_counter()
        store.stamp()
        took.append(time.perf_counter() - started)
    assert sorted(took)[100] < 1e-4


def test_an_agent_whose_clock_is_wrong_takes_no_trial(store: PostgresStore) -> None:
    record = with_trials(store, 1)
    for line in store.lines._free:
        line.ahead_s = 60.0
    with pytest.raises(StoreError, match=r"clock is 60 s ahead of the server's.*set it"):
        store.lease(record.id, ASK, at(1))
    assert store.get_sweep(record.id).revision == record.revision


# --- passwords -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgresql://sonde:se%40cret@/postgres?host={}", "postgresql://sonde@/postgres?host={}"),
        ("postgres://sonde@/postgres?password=se%40cret&host={}", None),
        ("postgresql+psycopg://sonde@/postgres?host={}&password=se%40cret", None),
    ],
)
def test_a_password_is_for_our_agents_only(
    monkeypatch: pytest.MonkeyPatch, given: str, kept: str | None
) -> None:
    monkeypatch.setenv(VARIABLE, "{}")
    folder, schema = shared().folder, fresh_url().rpartition("=")[2]
    shown = (kept or "postgresql://sonde@/postgres?host={}").format(folder)
    with closing(open_store(f"{given.format(folder)}&schema={schema}")) as store:
        assert store.url == f"{shown}&schema={schema}"
        assert isinstance(store, PostgresStore)
        assert store.lines.address.password == "se@cret"
        assert "cret" not in store.lines.address.conninfo
    with closing(open_store(store.url)) as again:
        assert isinstance(again, PostgresStore)
        assert again.lines.address.password == "se@cret"


def test_no_command_shows_or_keeps_a_password(tmp_path: Path, url: str) -> None:
    (tmp_path / "train.sh").write_text('echo "loss=$1 $SONDE_STORE $(env | grep -c PASSWORDS)"\n')
    secret = url.replace("sonde@", "sonde:s3cr3t@")

    def type_in(*words: str) -> str:
        command = [sys.executable, "-m", "sonde", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return f"{done.returncode} {done.stdout}{done.stderr}"

    run = ("run", "--store", secret, "x=1..2", "--name=hid", "--metric=loss:min", "--trials=2",
           r"--metric-regex=loss=(\S+)")  # fmt: skip
    said = type_in(*run, "sh", "train.sh", "{x}")
    assert said.startswith("0 "), said
    for words in (["show", "hid"], ["ls"], ["doctor"], ["show", "nobody"], ["logs", "hid/0"]):
        said += type_in(words[0], "--store", secret, *words[1:])
    assert f"{url} 0\n" in said  # what the trial printed: its store's URL, and no passwords
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    with closing(open_store(url)) as store:
        (record,) = store.list_sweeps()
        told = [said, json.dumps(dict(record.facts)), str(store.changes(record.id))]
    told += [path.read_text(errors="replace") for path in files]
    assert not [text for text in told if "s3cr3t" in text]
    assert "no sweep 'nobody'" in said


# --- the layout ------------------------------------------------------------------------------

_SHAPE = """
SELECT table_name, column_name, data_type, is_nullable, is_identity
FROM information_schema.columns WHERE table_schema = %(schema)s
UNION ALL
SELECT tablename, indexname, indexdef, '', ''
FROM pg_indexes WHERE schemaname = %(schema)s
UNION ALL
SELECT relname, '', array_to_string(reloptions, ','), '', ''
FROM pg_class WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind = 'r'
"""


def test_the_migrations_build_the_schema(store: PostgresStore, url: str) -> None:
    schema = url.rpartition("=")[2]
    with other(url) as db:
        db.execute(f"CREATE SCHEMA {schema}_w; SET search_path = {schema}_w")
        db.execute(sql.load_schema("postgresql"))
        built, written = (
            {
                row[:2]: [part and part.replace(f"{name}.", "") for part in row[2:]]
                for row in db.execute(_SHAPE, {"schema": name}).fetchall()
            }
            for name in (schema, f"{schema}_w")
        )
        found = db.execute(f"SELECT version FROM {schema}.layout").fetchall()
    assert built == written != {}
    assert found == [(len(sql.load_migrations("postgresql")),)]


def test_each_query_is_used_and_explained() -> None:
    folder = Path(sql.__file__).parent / "postgresql"
    text = (folder / "queries.sql").read_text("utf-8")
    source = "".join(
        file.read_text("utf-8") for file in Path(sonde.store.__file__).parent.glob("*.py")
    )
    names = re.findall(r"-- name: (\w+)\n", text)
    assert len(names) > 5
    for name in names:
        assert f'"{name}"' in source, name
        assert re.search(rf"-- name: {name}\n-- \S", text), name


@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("rows_foreseen", "trial_pkey trial_running trial_waiting"),
        ("trials_since", "trial_by_version"),
        ("trials_all", "trial_pkey"),
        ("attempt_reports", "reports_by_trial"),
        ("sweep_reports", "reports_by_trial"),
    ],
)
def test_queries_of_a_large_store_use_their_indexes(
    store: PostgresStore, url: str, query: str, by: str
) -> None:
    text = sql.load_queries("postgresql")[query]
    text = "".join(f"{{{part}}}" if part == "?" else part for part in text).replace("{?}", "1")
    text = text.replace("ANY (1)", "ANY ('{1}'::bigint[])")
    with other(url) as db:
        db.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in db.execute(f"EXPLAIN {text}").fetchall())
    assert "Seq Scan" not in plan
    for index in by.split():
        assert index in plan


def test_a_schema_of_another_program_is_left_as_it_is(url: str) -> None:
    schema = url.rpartition("=")[2]
    with other(url) as db:
        db.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.photos (id int)")
        with pytest.raises(StoreError, match=rf"schema {schema} has tables of another program"):
            open_store(url)
        query = (
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace"
        )
        assert db.execute(query, [schema]).fetchone() == (1,)


def test_a_store_of_a_newer_sonde_is_refused(store: PostgresStore, url: str) -> None:
    with other(url) as db:
        db.execute("UPDATE layout SET version = 99")
    with pytest.raises(StoreVersionError, match=r"version 99.*versions up to 1.*upgrade"):
        open_store(url)


def test_a_user_who_may_make_no_schema_is_told_so(url: str) -> None:
    with other(url) as db:
        db.execute("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN")
    with pytest.raises(StoreError, match="may not do that there; let its administrator"):
        open_store(url.replace("sonde@", "guest@"))


def test_a_driver_that_is_missing_is_named_with_what_to_type() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from sonde.store import open_store\n"
        "open_store('postgresql://h/db')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "type: pip install 'psycopg[binary]'" in done.stderr


def test_trials_added_by_another_process_are_leased_in_order(
    store: PostgresStore, url: str
) -> None:
    record = with_trials(store, 2)
    with closing(open_store(url)) as another:
        add_trials(another, another.get_sweep(record.id), 2)
    leases = store.lease(record.id, Ask(agent="a", count=3), at(1))
    assert [lease.number for lease in leases] == [0, 1, 2]
