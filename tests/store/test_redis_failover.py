"""A primary, its replica and a sentinel: what the store does when the primary dies."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoAnswer

from ports import free_port
from redis_server import RedisServer, program, redis_server
from sonde.core.trial import Outcome, Report, State
from sonde.errors import StoreError
from sonde.store import open_store
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.testing.stores import at, sweep

DONE = Outcome(state=State.DONE)


@contextmanager
def pair() -> Iterator[tuple[RedisServer, RedisServer, int, int]]:
    """A primary and its replica, in step; the primary's port and the replica's."""
    ports = free_port(), free_port()
    here = ("--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0")
    with (
        redis_server("--port", str(ports[0]), *here) as primary,
        redis_server(
            "--port", str(ports[1]), *here, "--replicaof", f"127.0.0.1 {ports[0]}"
        ) as replica,
        replica.client() as client,
    ):
        end = time.monotonic() + 100
        while client.info("replication")["master_link_status"] != "up":
            assert time.monotonic() < end
            time.sleep(0.02)
        yield primary, replica, *ports


@contextmanager
def sentinel(port: int) -> Iterator[int]:
    """A sentinel that watches over a primary; its port."""
    own = free_port()
    with tempfile.TemporaryDirectory(prefix="sonde-sentinel-") as folder:
        config = Path(folder) / "sentinel.conf"
        config.write_text(
            f"port {own}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor sweeps 127.0.0.1 {port} 1\n"
            "sentinel down-after-milliseconds sweeps 2000\nsentinel failover-timeout sweeps 3000\n"
        )
        with (Path(folder) / "log").open("wb") as log:
            argv = [program(), str(config), "--sentinel"]
            process = subprocess.Popen(argv, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 100
            with Redis(port=own) as client:
                while True:
                    # Until it has heard of the replica it could not put it in the place.
                    with suppress(NoAnswer):
                        if client.sentinel_slaves("sweeps"):
                            break
                    assert time.monotonic() < end
                    time.sleep(0.05)
            yield own
        finally:
            process.kill()
            process.wait()


def test_when_the_primary_dies_its_replica_goes_on_and_what_was_answered_is_there() -> None:
    """With `replicas=1`: an answer waits until the replica has it."""
    with pair() as (primary, _, port, _), sentinel(port) as watcher:
        url = f"redis+sentinel://127.0.0.1:{watcher}/sweeps/0?replicas=1"
        with closing(open_store(url)) as store:
            record = store.create_sweep(sweep(), at(0))
            add = [NewTrial(params={"lr": n / 64, "layers": n, "opt": "a"}) for n in range(3)]
            store.commit(record.id, Decision(against=0, add=add), at(0))
            first, second = store.lease(record.id, Ask(agent="a", count=2), at(1))
            store.finish(first, DONE, at(2), reports=[Report(0, {"loss": 0.5}, 1.0)])
            before = store.changes(record.id)
            stamp = store.stamp()
            primary.kill()
            assert store.changes(record.id) == before
            assert store.stamp() is not None
            # Now there is no replica: what is written is kept, but not as was asked.
            with pytest.raises(StoreError, match=r"only 0 of 1 replicas have .*\?replicas="):
                store.finish(second, DONE, at(3))
        with closing(open_store(url.partition("?")[0])) as store:
            trial, (third,) = store.finish(second, DONE, at(3), Ask(agent="a"))  # said again
            assert (trial.state, third.number) == (State.DONE, 2)
            assert store.get_sweep(record.id).counts[State.DONE] == 2
            assert store.stamp() != stamp


def test_a_replica_is_read_and_refuses_to_write() -> None:
    with pair() as (primary, replica, _, _):
        with closing(open_store(primary.url("p"))) as store:
            record = store.create_sweep(sweep(), at(0))
        with replica.client() as client:
            end = time.monotonic() + 100
            while not client.exists(f"p:{record.id}"):
                assert time.monotonic() < end
                time.sleep(0.01)
        with closing(open_store(replica.url("p"))) as store:
            assert [one.id for one in store.list_sweeps()] == [record.id]
            started = time.monotonic()
            with pytest.raises(StoreError, match="a replica, which takes no writes; name the prim"):
                store.update_sweep(record.id, at(1), notes="n")
            assert time.monotonic() - started < 60
