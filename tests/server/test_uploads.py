"""What agents send is kept whole and where it belongs, or refused."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli_stores import BEGIN, add_sweep
from served import served
from sonde.agent.artifacts import list_artifacts
from sonde.agent.folder import TrialFolder
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import Lease, Outcome, State
from sonde.errors import (
    ConfigError,
    ConflictError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
)
from sonde.server.desk import Desk
from sonde.server.uploads import LOG_LIMIT, Uploads
from sonde.store import open_store
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Store
from sonde.store.wire import FileMark

DATA = os.urandom(3000)


def mark(path: str, data: bytes = DATA) -> FileMark:
    return FileMark(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


MODEL = mark("model.bin")


def leased(store: Store, name: str, agent: str = "host/boot/ns/1/2") -> Lease:
    """A trial under way."""
    sweep = add_sweep(store, name=name)
    decision = Decision(against=0, add=[NewTrial(params={"lr": 0.1, "opt": "adam"})])
    _, (lease,) = store.commit(sweep.id, decision, BEGIN, Ask(agent=agent, lease_s=1e9))
    return lease


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(str(tmp_path / ".sonde" / "sonde.db"))) as store:
        yield store


@pytest.fixture
def lease(kept: Store) -> Lease:
    return leased(kept, "digits")


@pytest.fixture
def far(kept: Store) -> Iterator[HttpStore]:
    """A server that takes 10,000 bytes of a trial, from elsewhere."""
    with served(kept, limit=10_000) as client, closing(HttpStore(str(client.base_url))) as far:
        yield far


@pytest.fixture
def folder(tmp_path: Path, lease: Lease) -> TrialFolder:
    """Where the trial's files are to be."""
    return TrialFolder(tmp_path / ".sonde", lease.sweep, 0, 1)


def send(far: HttpStore, lease: Lease, *files: FileMark, data: bytes = DATA) -> None:
    """Send files of one content."""
    assert set(far.keep_files(lease, files, whole=False).missing) == {files[0].sha256}
    assert far.put_part(lease, files[0].sha256, 0, data) == len(data)
    assert far.keep_files(lease, files, whole=True).missing == {}


def test_a_content_comes_in_parts_in_any_order_twice_and_is_sent_once(
    far: HttpStore, lease: Lease, folder: TrialFolder, kept: Store
) -> None:
    name = MODEL.sha256
    assert far.keep_files(lease, [MODEL], whole=False).missing == {name: 0}
    assert far.put_part(lease, name, 2000, DATA[2000:]) == 0  # what is before it lacks
    assert far.put_part(lease, name, 0, DATA[:1000]) == 1000
    assert far.put_part(lease, name, 0, DATA[:1000]) == 1000
    assert far.put_part(lease, name, 500, DATA[500:1500]) == 1500
    assert far.keep_files(lease, [MODEL], whole=False).missing == {name: 1500}
    assert not list_artifacts(folder.artifacts)
    assert far.put_part(lease, name, 1500, DATA[1500:]) == 3000
    assert far.keep_files(lease, [MODEL, mark("again/x")], whole=True).missing == {}
    assert (folder.artifacts / "model.bin").read_bytes() == DATA
    assert (folder.artifacts / "again" / "x").read_bytes() == DATA
    other = leased(kept, "other")
    assert far.keep_files(other, [mark("mine")], whole=True).missing == {}
    assert (folder.path.parents[1] / other.sweep / "0/artifacts/mine").read_bytes() == DATA


def test_what_a_trial_has_no_more_is_taken_away_when_it_has_ended(
    far: HttpStore, lease: Lease, folder: TrialFolder
) -> None:
    send(far, lease, MODEL, mark("old/model.bin"))
    far.keep_files(lease, [MODEL], whole=False)
    assert len(list_artifacts(folder.artifacts)) == 2
    far.keep_files(lease, [MODEL], whole=True)
    assert [one.path for one in list_artifacts(folder.artifacts)] == ["model.bin"]


def test_half_a_content_outlives_the_server(kept: Store, lease: Lease, folder: TrialFolder) -> None:
    for begin, end in ((0, 1000), (1000, 2000), (2000, 3000)):
        with served(kept) as client, closing(HttpStore(str(client.base_url))) as far:
            with pytest.raises(ConflictError, match="no artifact of that content was named"):
                far.put_part(lease, MODEL.sha256, begin, DATA[begin:end])
            assert far.keep_files(lease, [MODEL], whole=False).missing == {MODEL.sha256: begin}
            assert far.put_part(lease, MODEL.sha256, begin, DATA[begin:end]) == end
            far.keep_files(lease, [MODEL], whole=True)
    assert (folder.artifacts / "model.bin").read_bytes() == DATA


def test_a_content_of_another_hash_is_refused_and_nothing_of_it_is_left(
    far: HttpStore, lease: Lease, folder: TrialFolder
) -> None:
    far.keep_files(lease, [MODEL], whole=False)
    with pytest.raises(ValueError, match="another hash than was announced"):
        far.put_part(lease, MODEL.sha256, 0, DATA[:-1] + b"!")
    assert far.keep_files(lease, [MODEL], whole=True).missing == {MODEL.sha256: 0}
    assert not list_artifacts(folder.artifacts)
    send(far, lease, MODEL)


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "a/../../x", "a//b", ".", "", "a\0b", "a\\b", "x" * 300, "../" * 9],
)
def test_a_name_that_leads_elsewhere_is_refused(
    far: HttpStore, lease: Lease, tmp_path: Path, path: str
) -> None:
    before = {found for found in tmp_path.rglob("*") if "sonde.db" not in found.name}
    kept = far.keep_files(lease, [mark(path)], whole=True)
    assert list(kept.refused) == [path]
    assert kept.missing == {}
    assert {found for found in tmp_path.rglob("*") if "sonde.db" not in found.name} <= before | {
        tmp_path / ".sonde"
    }


def test_a_link_in_the_way_is_not_followed(
    far: HttpStore, lease: Lease, folder: TrialFolder, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("precious")
    folder.artifacts.mkdir(parents=True)
    (folder.artifacts / "out").symlink_to(outside)
    (folder.artifacts / "mine").symlink_to(outside / "mine")
    folder.stdout.symlink_to(outside / "mine")
    far.keep_files(lease, [MODEL], whole=False)
    far.put_part(lease, MODEL.sha256, 0, DATA)
    refused = far.keep_files(lease, [mark("out/mine"), mark("mine")], whole=True).refused
    assert list(refused) == ["out/mine"]
    assert (folder.artifacts / "mine").read_bytes() == DATA  # in place of the link
    with pytest.raises(Exception, match="cannot keep files"):
        far.put_log(lease, "stdout", 0, b"x")
    assert (outside / "mine").read_text() == "precious"


def test_too_much_is_refused(far: HttpStore, lease: Lease) -> None:
    large = FileMark(path="large", sha256="b" * 64, size=10_001)
    kept = far.keep_files(lease, [large, MODEL], whole=False)
    assert list(kept.missing) == [MODEL.sha256]
    assert kept.refused == {"large": "no more than 9.77 KiB of a trial are kept here"}
    with pytest.raises(ConflictError):
        far.put_part(lease, large.sha256, 0, b"x")
    with pytest.raises(ValueError, match="more than the content has"):
        far.put_part(lease, MODEL.sha256, 1, DATA)
    with pytest.raises(ConfigError, match="256 MiB of it are kept"):
        far.put_log(lease, "stdout", LOG_LIMIT, b"x")
    for damaged in (FileMark(path="x", sha256="../x", size=1), FileMark(path="x", sha256="a" * 64,
                    size=-1)):  # fmt: skip
        with pytest.raises(ValueError, match="SHA-256"):
            far.keep_files(lease, [damaged], whole=False)


def test_a_log_grows_from_the_byte_that_is_there(
    far: HttpStore, lease: Lease, folder: TrialFolder
) -> None:
    assert far.put_log(lease, "stdout", 0, b"one ") == 4
    assert far.put_log(lease, "stdout", 9, b"three") == 4
    assert far.put_log(lease, "stdout", 0, b"one two ") == 8
    assert far.put_log(lease, "stderr", 0, b"odd") == 3
    assert (folder.stdout.read_bytes(), folder.stderr.read_bytes()) == (b"one two ", b"odd")


def test_only_who_has_a_trial_or_had_it_last_sends_its_files(
    far: HttpStore, lease: Lease, kept: Store
) -> None:
    def refused(lease: Lease, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            far.put_log(lease, "stdout", 0, b"x")
        with pytest.raises(kind):
            far.keep_files(lease, [MODEL], whole=True)

    refused(replace(lease, agent="another"), LeaseLostError)
    refused(replace(lease, attempt=2), LeaseLostError)
    refused(replace(lease, number=1), NotFoundError)
    refused(replace(lease, sweep="../../etc"), NotFoundError)
    refused(replace(lease, sweep="digits"), NotFoundError)  # a name is no id
    kept.finish(lease, Outcome(state=State.DONE), BEGIN)
    assert far.put_log(lease, "stdout", 0, b"x") == 1
    again = leased(kept, "again")
    kept.release(again.sweep, [again.agent], BEGIN)
    assert far.put_log(again, "stdout", 0, b"x") == 1
    kept.lease(again.sweep, Ask(agent="b"), BEGIN)
    refused(again, LeaseLostError)


def test_files_of_a_trial_that_runs_here_are_left_alone(
    far: HttpStore, lease: Lease, folder: TrialFolder
) -> None:
    folder.create({})
    folder.stdout.write_text("mine")
    with pytest.raises(IllegalTransitionError, match="it ran here"):
        far.put_log(lease, "stdout", 0, b"yours, which is longer")
    with pytest.raises(IllegalTransitionError, match="it ran here"):
        far.keep_files(lease, [], whole=True)
    assert folder.stdout.read_text() == "mine"


def test_a_store_in_memory_keeps_no_files() -> None:
    store = MemoryStore()
    lease = leased(store, "digits")
    with (
        served(store) as client,
        closing(HttpStore(str(client.base_url))) as far,
        pytest.raises(ConflictError, match="keeps no files"),
    ):
        far.put_log(lease, "stdout", 0, b"x")


def test_what_lost_agents_left_half_and_nobody_has_is_taken_away_after_a_day(
    far: HttpStore, lease: Lease, kept: Store, tmp_path: Path, folder: TrialFolder
) -> None:
    uploads = Uploads(Desk(kept))
    half = mark("half", DATA + b"more")
    send(far, lease, MODEL, mark("other"))
    far.keep_files(lease, [half], whole=False)
    far.put_part(lease, half.sha256, 0, DATA)
    root = tmp_path / ".sonde"
    assert (len(list(root.glob("uploads/*/*"))), len(list(root.glob("objects/*/*")))) == (1, 1)
    assert uploads.clean() == 0
    assert uploads.clean(time.time() + 90_000) == 1  # the half one: the trial has the other
    far.keep_files(lease, [], whole=True)
    assert uploads.clean(time.time() + 90_000) == 1
    assert not list(root.glob("uploads/*/*"))
    assert not list(root.glob("objects/*/*"))
