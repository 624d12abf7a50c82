"""What only the store behind a server has to withstand: lost answers, restarts, other clocks."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from network import Network, network_to
from served import served
from sonde.controller import Controller, utc_now
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Outcome, State
from sonde.errors import ConfigError, ConfigErrors, LeaseLostError, StoreError
from sonde.store import open_store
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Decision, NewTrial, SweepRecord
from sonde.testing.stores import at, sweep
from sonde.testing.stores.parts import params


@pytest.fixture
def behind() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def network(behind: MemoryStore) -> Iterator[Network]:
    with served(behind) as client, network_to(str(client.base_url)) as network:
        yield network


@pytest.fixture
def store(network: Network) -> Iterator[HttpStore]:
    with closing(HttpStore(network.url)) as store:
        yield store


def with_trials(store: HttpStore, count: int) -> SweepRecord:
    record = store.create_sweep(sweep(), at(0))
    add = [NewTrial(params=params(n)) for n in range(count)]
    return store.commit(record.id, Decision(against=0, add=add), at(0))[0]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_write_whose_answers_are_lost_is_done_once(
    network: Network, store: HttpStore, lost: int
) -> None:
    record = with_trials(store, 3)
    network.losing = lost
    (lease,) = store.lease(record.id, Ask(agent="a"), at(1))
    assert (lease.number, lease.attempt) == (0, 1)
    network.losing = lost
    store.create_sweep(sweep(name="named"), at(0))
    network.losing = lost
    after, _ = store.commit(record.id, Decision(against=1, add=[NewTrial(params={})]), at(0))
    assert (after.revision, after.trials) == (2, 4)
    states = [trial.state for trial in store.changes(record.id).trials]
    assert states == [State.RUNNING, State.WAITING, State.WAITING, State.WAITING]


def test_while_the_network_is_cut_every_call_is_a_store_error_and_then_goes_on(
    network: Network, store: HttpStore
) -> None:
    record = with_trials(store, 1)
    network.cut()
    with pytest.raises(StoreError, match=f"{network.url}: no answer"):
        store.get_sweep(record.id)
    with pytest.raises(StoreError, match="no answer"):
        store.lease(record.id, Ask(agent="a"), at(1))
    network.mend()
    assert store.get_sweep(record.id) == record
    assert [lease.attempt for lease in store.lease(record.id, Ask(agent="a"), at(1))] == [1]


def test_the_server_goes_by_its_own_clock_whatever_a_caller_says(store: HttpStore) -> None:
    record = with_trials(store, 1)
    for skew in (timedelta(days=-400), timedelta(days=400)):
        now = datetime.now(UTC)
        more = store.lease(record.id, Ask(agent="a", lease_s=60), now + skew)
        for lease in more:
            assert abs(lease.until - now - timedelta(seconds=60)) < timedelta(seconds=20)
    (trial,) = store.changes(record.id).trials
    assert trial.attempts == 1
    assert trial.started is not None
    assert abs(trial.started - datetime.now(UTC)) < timedelta(seconds=20)


def test_who_decides_elsewhere_goes_by_the_servers_clock(
    behind: MemoryStore, store: HttpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = behind.create_sweep(sweep(budget=Budget(time_s=60.0)), utc_now())
    add = [NewTrial(params=params(0))]
    behind.commit(record.id, Decision(against=0, add=add), utc_now(), Ask(agent="a", lease_s=99))
    ours = datetime.now(UTC) + timedelta(hours=5)  # by this machine's clock all time is used up

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Wrong":
            return cls.fromtimestamp(ours.timestamp(), tz)

    monkeypatch.setattr("sonde.store.http.datetime", Wrong)
    assert abs(store.now() - datetime.now(UTC)) < timedelta(seconds=20)
    Controller(store, record.id).step(0)
    assert store.get_sweep(record.id).control is Control.RUNNING


def test_a_restarted_server_holds_the_leases_of_those_who_could_not_renew(
    behind: MemoryStore,
) -> None:
    now = datetime.now(UTC)
    record = behind.create_sweep(sweep(), now)
    behind.commit(record.id, Decision(against=0, add=[NewTrial(params=params(0))]), now)
    long_ago = now - timedelta(seconds=100)
    (lease,) = behind.lease(record.id, Ask(agent="a"), long_ago)  # lapsed by now
    with served(behind) as client, closing(HttpStore(str(client.base_url))) as store:
        assert store.lease(record.id, Ask(agent="b"), now) == []
        trial, _ = store.finish(lease, Outcome(state=State.DONE), now)
        assert (trial.state, trial.attempts) == (State.DONE, 1)


def test_a_stamp_of_a_restarted_server_is_another(tmp_path: Path) -> None:
    stamps = []
    for _ in range(2):
        with (
            closing(open_store(str(tmp_path / "x.db"))) as behind,
            served(behind) as client,
            closing(HttpStore(str(client.base_url))) as store,
        ):
            stamps.append(store.stamp())
    assert stamps[0] != stamps[1]


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_child_after_a_fork_has_connections_of_its_own(store: HttpStore) -> None:
    record = with_trials(store, 1)
    pid = os.fork()
    if not pid:
        code = 3
        try:
            code = int(store.get_sweep(record.id) != record)
        finally:
            os._exit(code)
    for _ in range(20):
        assert store.get_sweep(record.id) == record
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_all_faults_of_a_refused_definition_come_back(
    monkeypatch: pytest.MonkeyPatch, behind: MemoryStore, store: HttpStore
) -> None:
    faults = [ConfigError("a", "is 1", "use 2"), ConfigError("b", "is 3", "use 4")]

    def refuse(*_: Any, **__: Any) -> None:
        raise ConfigErrors(faults)

    monkeypatch.setattr(behind, "create_sweep", refuse)
    with pytest.raises(ConfigErrors) as refusal:
        store.create_sweep(sweep(), at(0))
    assert [str(fault) for fault in refusal.value.faults] == [str(fault) for fault in faults]
    assert (refusal.value.where, refusal.value.found, refusal.value.remedy) == (
        "a",
        "is 1",
        "use 2",
    )


def test_a_definition_is_read_once_however_often_its_sweep_is(store: HttpStore) -> None:
    record = with_trials(store, 1)
    assert store.get_sweep(record.id).sweep is store.get_sweep(record.id).sweep
    assert isinstance(record.sweep, Sweep)


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("http://h:1", "http://h:1"),
        ("https://h/", "https://h"),
        ("http://secret@h:1", "http://h:1"),
        ("http://:secret@h:1/base/", "http://h:1/base"),
        ("http://[::1]:7", "http://[::1]:7"),
    ],
)
def test_the_url_of_a_store_shows_no_token(url: str, bare: str) -> None:
    with closing(open_store(url)) as store:
        assert store.url == bare


@pytest.mark.parametrize("url", ["http://", "http://h:port", "http://h:99999", "http://[::1"])
def test_what_is_no_url_of_a_server_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ConfigError, match="write http://HOST:PORT"):
        open_store(url)


def test_something_else_that_answers_there_is_said(network: Network) -> None:
    with (
        closing(HttpStore(f"{network.url}/no/sonde")) as store,
        pytest.raises(StoreError, match="does not answer as a sonde server does: 404"),
    ):
        store.list_sweeps()


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"[]", b"\x93\x01\x02\x03", b"\xff" * 99])
@pytest.mark.parametrize("operation", ["lease", "commit", "finish", "create_sweep", "changes"])
def test_a_message_that_is_none_is_refused(network: Network, body: bytes, operation: str) -> None:
    answer = httpx.post(f"{network.url}/api/v1/store/{operation}", content=body, timeout=60)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("lease_s", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_lease_of_no_length_is_refused(store: HttpStore, lease_s: float) -> None:
    record = with_trials(store, 1)
    with pytest.raises(ValueError, match="lease"):
        store.lease(record.id, Ask(agent="a", lease_s=lease_s), at(0))


@pytest.mark.parametrize("number", [-1, 2**40, 2**64, 10**30])
def test_nobody_holds_a_trial_number_beyond_all(tmp_path: Path, number: int) -> None:
    with (
        closing(open_store(str(tmp_path / "x.db"))) as behind,
        served(behind) as client,
        closing(HttpStore(str(client.base_url))) as store,
    ):
        record = with_trials(store, 1)
        (lease,) = store.lease(record.id, Ask(agent="a"), at(0))
        with pytest.raises((LeaseLostError, ValueError)):
            store.finish(replace(lease, number=number), Outcome(state=State.DONE), at(0))
