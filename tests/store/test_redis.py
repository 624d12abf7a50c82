"""The store on a Redis server: what it needs, what it says, and what it is like in company."""

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from redis_server import RedisServer, redis_server
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Outcome, Report, State
from sonde.errors import ConfigError, NotFoundError, StoreError, StoreVersionError
from sonde.store import open_store
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.store.waiting import on_wait
from sonde.testing.stores import at, sweep

DONE = Outcome(state=State.DONE)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def store(server: RedisServer) -> Iterator[Store]:
    with closing(open_store(server.url())) as store:
        yield store


def filled(store: Store, trials: int) -> str:
    """A sweep with waiting trials."""
    record = store.create_sweep(sweep(), at(0))
    add = [NewTrial(params={"lr": n / 64, "layers": n, "opt": "adam"}) for n in range(trials)]
    store.commit(record.id, Decision(against=0, add=add), at(0))
    return record.id


# --- what a URL means ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis://h:99/x", "'x' is no database"),
        ("redis://h:port", "'h:port' is no host and port"),
        ("unix://", "it names no socket"),
        ("redis+sentinel://h", "it names no service"),
        ("redis://h?prefix=a:b", "'a:b' cannot be a prefix"),
        ("redis://h?replicas=two", "'two' is no number of replicas"),
        ("redis://h?wait=1", "the option wait is unknown"),
    ],
)
def test_a_url_that_cannot_be_understood_is_refused_with_the_forms_there_are(
    url: str, found: str
) -> None:
    with pytest.raises(ConfigError, match=found) as refusal:
        open_store(url)
    assert "write redis://HOST:6379/0" in str(refusal.value)


def test_a_password_is_used_and_never_shown(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SONDE_STORE_PASSWORDS", raising=False)
    with redis_server("--requirepass", "s3cr:t") as guarded:
        url = f"unix://:s3cr%3At@{guarded.socket}?prefix=a"
        with closing(open_store(url)) as store:
            filled(store, 1)
            assert store.url == f"unix://{guarded.socket}?prefix=a"
        # Agents that this process starts are given the URL without it.
        with closing(open_store(store.url)) as again:
            assert len(again.list_sweeps()) == 1
        monkeypatch.delenv("SONDE_STORE_PASSWORDS")
        with pytest.raises(StoreError, match="asks for a password; put it into the URL"):
            open_store(store.url)
        with pytest.raises(StoreError, match="password is wrong") as refusal:
            open_store(f"unix://:wr0ng@{guarded.socket}?prefix=a")
        assert "wr0ng" not in str(refusal.value)
        monkeypatch.delenv("SONDE_STORE_PASSWORDS")
        monkeypatch.setenv("REDISCLI_AUTH", "s3cr:t")
        open_store(store.url).close()


def test_stores_of_two_prefixes_and_of_two_databases_are_two(server: RedisServer) -> None:
    urls = [server.url("one"), server.url("two"), server.url("one") + "&db=3"]
    for count, url in enumerate(urls):
        with closing(open_store(url)) as store:
            assert store.list_sweeps() == []
            filled(store, count)
    for count, url in enumerate(urls):
        with closing(open_store(url)) as store:
            (record,) = store.list_sweeps()
            assert record.trials == count


def test_without_the_driver_one_is_told_what_to_type() -> None:
    program = (
        "import sys; sys.modules['redis'] = None\n"
        "from sonde.store import open_store\n"
        "open_store('redis://h')"
    )
    argv = [sys.executable, "-c", program]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "pip install 'redis'" in ended.stderr


def test_a_server_that_is_not_there_is_said_to_be_so_within_seconds(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"does not answer .*is it running"):
        open_store(f"unix://{tmp_path}/no.sock")
    assert time.monotonic() - started < 25  # a server that was there is waited for longer


# --- what the server promises ----------------------------------------------------------------


def warned(url: str) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        open_store(url).close()
    return [str(warning.message) for warning in caught]


def test_a_server_that_forgets_is_told_of_once_with_the_remedy() -> None:
    options = ["--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]
    with redis_server(*options) as forgetful:
        log, keys = warned(forgetful.url("a"))
        assert "no append-only file: when it stops, everything is lost" in log
        assert "CONFIG SET appendonly yes" in log
        assert "it drops keys" in keys
        assert "CONFIG SET maxmemory-policy noeviction" in keys
        assert warned(forgetful.url("a")) == []
        with forgetful.client() as client:
            client.config_set("save", "60 1")
            client.execute_command("ACL", "SETUSER", "u", "on", ">p", "~*", "+@all", "-config")
        assert "since its last snapshot" in warned(forgetful.url("b"))[0]
        hosted = warned(f"unix://u:p@{forgetful.socket}?prefix=c")  # where CONFIG is forbidden
        assert "since its last snapshot, or everything where it makes none" in hosted[0]


def test_the_command_line_says_so_in_a_line(tmp_path: Path) -> None:
    with redis_server("--appendonly", "no") as forgetful:
        ended = subprocess.run(
            [sys.executable, "-m", "sonde", "ls", "--store", forgetful.url()],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
    first = ended.stderr.splitlines()[0]
    assert "keeps no append-only file" in first
    assert "Warning" not in ended.stderr


def test_a_careful_server_is_not_complained_of(server: RedisServer) -> None:
    assert warned(server.url()) == []


def test_a_node_of_a_cluster_and_a_store_of_a_newer_sonde_are_refused(server: RedisServer) -> None:
    with (
        redis_server("--cluster-enabled", "yes") as node,
        pytest.raises(StoreError, match=r"node of a Redis Cluster.*no cluster"),
    ):
        open_store(node.url())
    with server.client() as client:
        client.set("future:format", 2)
    with pytest.raises(StoreVersionError, match=r"version 2.*versions up to 1.*upgrade"):
        open_store(server.url("future"))


def test_the_rights_that_the_documentation_names_are_enough(server: RedisServer) -> None:
    with server.client() as client:
        rights = ("~narrow:*", "+@all", "-@admin", "+info", "+config|get")
        client.execute_command("ACL", "SETUSER", "narrow", "on", ">p", *rights)
    url = server.url("narrow").replace("unix://", "unix://narrow:p@")
    with closing(open_store(url)) as store:
        sweep_id = filled(store, 1)
        store.stamp()
        (lease,) = store.lease(sweep_id, Ask(agent="a"), at(1))
        store.report(lease, 1, [Report(1, {"loss": 0.5}, 1.0)], at(2))
        store.finish(lease, DONE, at(3))
        assert len(store.changes(sweep_id).trials) == len(store.curves(sweep_id)) == 1
        assert store.get_blob(store.put_blob(b"code")) == b"code"
    with pytest.raises(StoreError, match="its ACL forbids it"):
        open_store(url.replace("prefix=narrow", "prefix=other"))


def test_a_full_memory_is_said_to_be_so_and_has_kept_nothing_of_the_call() -> None:
    with redis_server("--maxmemory", "8mb") as small, closing(open_store(small.url())) as store:
        sweep_id = filled(store, 1)
        (lease,) = store.lease(sweep_id, Ask(agent="a"), at(1))
        with small.client() as client:
            client.config_set("maxmemory", 1)
        before = store.changes(sweep_id)
        with pytest.raises(StoreError, match=r"memory is full .*raise maxmemory"):
            store.finish(lease, DONE, at(2), reports=[Report(1, {"loss": 0.5}, 1.0)])
        assert store.changes(sweep_id) == before
        with small.client() as client:
            client.config_set("maxmemory", "64mb")
        trial, _ = store.finish(lease, DONE, at(2), reports=[Report(1, {"loss": 0.5}, 1.0)])
        assert trial.metrics["loss"].last == 0.5


def test_a_machine_whose_clock_is_wrong_leases_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = filled(store, 1)
    wrong = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: wrong)
    with closing(open_store(store.url)) as late:
        monkeypatch.undo()
        assert late.get_sweep(sweep_id).trials == 1
        with pytest.raises(StoreError, match=r"60 s ahead of the server's.*NTP"):
            late.lease(sweep_id, Ask(agent="a"), at(1))


# --- turns -----------------------------------------------------------------------------------


def test_a_turn_that_its_holder_took_to_the_grave_is_taken_over(
    server: RedisServer, store: Store
) -> None:
    sweep_id = filled(store, 3)
    prefix = store.url.partition("prefix=")[2]
    with server.client() as client:
        assert client.lpop(f"{prefix}:{sweep_id}:turn") == b"0"  # and is never heard of again
    started = time.monotonic()
    assert len(store.lease(sweep_id, Ask(agent="a"), at(1))) == 1
    assert time.monotonic() - started < 60
    with server.client() as client:  # and the next one waits for nobody
        assert client.llen(f"{prefix}:{sweep_id}:turn") == 1
    assert len(store.lease(sweep_id, Ask(agent="a"), at(1))) == 1
    with server.client() as client:
        assert client.llen(f"{prefix}:{sweep_id}:turn") == 1


def test_a_call_that_is_refused_gives_its_turn_back(server: RedisServer, store: Store) -> None:
    sweep_id = filled(store, 1)
    (lease,) = store.lease(sweep_id, Ask(agent="a"), at(1))
    prefix = store.url.partition("prefix=")[2]
    for _ in range(5):
        with pytest.raises(ValueError, match="do not follow"):
            store.report(lease, 9, [Report(1, {"loss": 0.5}, 1.0)], at(2))
        with server.client() as client:
            assert client.llen(f"{prefix}:{sweep_id}:turn") == 1
    store.finish(lease, DONE, at(3))


def test_a_transaction_that_another_one_overtook_is_worked_out_again(
    server: RedisServer, store: Store
) -> None:
    """Whoever lost its turn while it thought must not write over what came meanwhile."""
    sweep_id = filled(store, 8)
    prefix = store.url.partition("prefix=")[2]
    numbers: list[int] = []

    def lease_all(name: str) -> None:
        with closing(open_store(store.url)) as mine:
            for _ in range(4):
                numbers.extend(one.number for one in mine.lease(sweep_id, Ask(agent=name), at(1)))

    threads = [threading.Thread(target=lease_all, args=(name,)) for name in "ab"]
    with server.client() as client:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            client.rpush(f"{prefix}:{sweep_id}:turn", "0", "0")  # turns for everybody
    assert sorted(numbers) == list(range(8))


# --- the stamp -------------------------------------------------------------------------------


def test_the_stamp_costs_microseconds_and_sees_what_other_processes_do(store: Store) -> None:
    sweep_id = filled(store, 1)
    with closing(open_store(store.url)) as other:
        before = other.stamp()
        started = time.process_time()
        for _ in range(1000):
            assert other.stamp() == before
        assert time.process_time() - started < 0.1
        store.lease(sweep_id, Ask(agent="a"), at(1))
        end = time.monotonic() + 60
        while other.stamp() == before:
            assert time.monotonic() < end
        assert other.stamp() == store.stamp()


def test_the_stamp_is_asked_for_where_the_server_may_not_speak_unasked(
    server: RedisServer,
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "meek", "on", ">p", "~*", "+@all", "-client")
    url = server.url().replace("unix://", "unix://meek:p@")
    with closing(open_store(url)) as store:
        before = store.stamp()
        filled(store, 1)
        assert store.stamp() != before
        assert store.stamp() == store.stamp()


# --- processes -------------------------------------------------------------------------------


def test_a_forked_child_has_lines_of_its_own(store: Store) -> None:
    sweep_id = filled(store, 2)
    store.stamp()
    child = os.fork()
    if not child:
        leases = store.lease(sweep_id, Ask(agent="child"), at(1))
        store.stamp()
        os._exit(len(leases))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert [lease.number for lease in store.lease(sweep_id, Ask(agent="a"), at(1))] == [1]
    before = store.stamp()
    assert store.stamp() == before


def test_a_store_that_was_closed_says_so(server: RedisServer) -> None:
    store = open_store(server.url())
    store.close()
    with pytest.raises(StoreError, match="the store is closed; open it again"):
        store.list_sweeps()


def test_what_is_kept_of_a_trial_takes_less_than_a_kilobyte(
    server: RedisServer, store: Store
) -> None:
    """Of 10 parameters and 10 reports; the documentation says how much."""
    names = [f"x{n}" for n in range(10)]
    record = store.create_sweep(Sweep(space=space_of(dict.fromkeys(names, "uniform(0, 1)"))), at(0))
    add = [NewTrial(params=dict.fromkeys(names, n / 999)) for n in range(500)]
    with server.client() as client:
        before = client.info("memory")["used_memory"]
        _, leases = store.commit(
            record.id, Decision(against=0, add=add), at(0), Ask(agent="host:1234", count=500)
        )
        for lease in leases:
            reports = [Report(n, {"loss": n / 7}, at(n).timestamp()) for n in range(10)]
            store.finish(lease, DONE, at(1), reports=reports)
        assert (client.info("memory")["used_memory"] - before) / 500 < 1000


def test_the_server_and_the_dashboard_stand_on_it(store: Store) -> None:
    from served import served

    sweep_id = filled(store, 2)
    with served(store) as client:
        found = client.get(f"/api/v1/sweeps/{sweep_id}").json()
    assert json.dumps(found)
    assert found["id"] == sweep_id


def test_a_sweep_that_is_gone_is_said_to_be_so(server: RedisServer, store: Store) -> None:
    sweep_id = filled(store, 1)
    prefix = store.url.partition("prefix=")[2]
    with server.client() as client:
        client.delete(*client.keys(f"{prefix}:*"))
    calls: list[Callable[[], object]] = [
        lambda: store.get_sweep(sweep_id),
        lambda: store.changes(sweep_id),
        lambda: store.curves(sweep_id),
        lambda: store.release(sweep_id, ["a"], at(1)),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            call()


def test_that_a_server_is_waited_for_is_told_meanwhile() -> None:
    """Whoever is told starts it again, and the call goes through."""
    told: list[str] = []
    with (
        redis_server("--appendonly", "yes", "--appendfsync", "always") as own,
        closing(open_store(own.url())) as store,
    ):
        record = store.create_sweep(sweep(), at(0))

        def restart(error: StoreError) -> None:
            told.append(str(error))
            own.start()

        on_wait(store, restart)
        own.kill()
        assert store.get_sweep(record.id).name == record.name
    assert len(told) == 1
    assert "answer" in told[0]
