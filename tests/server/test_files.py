"""What a trial left can be read by whoever may look, and nothing else can."""

import os
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_stores import add_sweep, add_trial
from served import served
from sonde.agent.artifacts import checked, list_artifacts
from sonde.agent.folder import TrialFolder
from sonde.errors import ConfigError
from sonde.server.app import API
from sonde.store import open_store
from sonde.store.protocol import Store

FILES = f"{API}/sweeps/digits/trials/0"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """A store with a sweep, and a trial that ran."""
    with closing(open_store(str(tmp_path / ".sonde" / "sonde.db"))) as store:
        add_trial(store, add_sweep(store).id, {"lr": 0.1, "opt": "adam"}, [0.5])
        yield store


@pytest.fixture
def folder(kept: Store, tmp_path: Path) -> TrialFolder:
    """What the trial left."""
    folder = TrialFolder(tmp_path / ".sonde", kept.find_sweep("digits").id, 0, 1)
    folder.create({})
    folder.stdout.write_bytes(b"epoch 1\nepoch 2\n")
    (folder.artifacts / "plots").mkdir()
    (folder.artifacts / "plots" / "loss.png").write_bytes(PNG)
    (folder.artifacts / "page.html").write_text("<script>alert(1)</script>")
    (folder.artifacts / "übersicht.csv").write_text("a,b\n1,2\n")
    return folder


@pytest.fixture
def client(kept: Store, folder: TrialFolder) -> Iterator[httpx.Client]:
    with served(kept) as client:
        yield client


def test_what_a_trial_left_is_listed_with_sizes_and_kinds(client: httpx.Client) -> None:
    found = client.get(f"{FILES}/files").json()
    assert (found["attempt"], found["logs"]) == (1, {"stdout": 16})
    kinds = {one["path"]: (one["size"], one["media_type"]) for one in found["artifacts"]}
    assert kinds == {
        "page.html": (25, "text/html"),
        "plots/loss.png": (len(PNG), "image/png"),
        "übersicht.csv": (8, "text/csv"),
    }


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        (None, 200, slice(None)),
        ("bytes=2-5", 206, slice(2, 6)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999", 206, slice(None)),
        ("bytes=2-5,7-9", 200, slice(None)),
        ("lines=2-5", 200, slice(None)),
        ("bytes=108-", 416, None),
        ("bytes=5-2", 416, None),
    ],
)
def test_an_artifact_is_given_whole_or_in_the_part_that_is_asked_for(
    client: httpx.Client, wanted: str | None, status: int, part: slice | None
) -> None:
    headers = {} if wanted is None else {"range": wanted}
    answer = client.get(f"{FILES}/artifacts/plots/loss.png", headers=headers)
    assert answer.status_code == status
    if part is not None:
        assert answer.content == PNG[part]
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["accept-ranges"] == "bytes"


def test_what_was_printed_is_given_as_text_and_goes_on_from_a_byte(client: httpx.Client) -> None:
    answer = client.get(f"{FILES}/logs/stdout")
    assert (answer.text, answer.headers["content-type"]) == (
        "epoch 1\nepoch 2\n",
        "text/plain; charset=utf-8",
    )
    answer = client.get(f"{FILES}/logs/stdout", headers={"range": "bytes=8-"})
    assert answer.text == "epoch 2\n"
    assert client.get(f"{FILES}/logs/stderr").status_code == 404


@pytest.mark.parametrize(
    ("path", "kind", "way"),
    [
        ("plots/loss.png", "image/png", "inline"),
        ("page.html", "text/html; charset=utf-8", "attachment"),
        ("übersicht.csv", "text/plain; charset=utf-8", "inline"),
        ("plots/loss.png?save=true", "image/png", "attachment"),
    ],
)
def test_a_browser_shows_pictures_and_text_in_a_sandbox_and_saves_all_else(
    client: httpx.Client, path: str, kind: str, way: str
) -> None:
    headers = client.get(f"{FILES}/artifacts/{path}").headers
    assert headers["content-type"] == kind
    assert headers["content-disposition"].startswith(f"{way}; filename*=UTF-8''")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fsonde.db", "%2e%2e/%2e%2e/params.json", "plots/..%2f..%2fparams.json",
        "%2fetc%2fpasswd", "plots//loss.png", "./page.html", "plots%00", "a%5c..%5cb", "%2e%2e",
        "link.txt", "folder/passwd", "plots", "pipe", "x" * 2000,
    ],
)  # fmt: skip
def test_nothing_else_is_reached_by_whatever_name_or_link(
    client: httpx.Client, folder: TrialFolder, path: str
) -> None:
    (folder.artifacts / "link.txt").symlink_to("/etc/passwd")
    (folder.artifacts / "folder").symlink_to("/etc")
    os.mkfifo(folder.artifacts / "pipe")
    # As it is: httpx would tidy the path.
    with closing(HTTPConnection(client.base_url.host, client.base_url.port)) as line:
        line.request("GET", f"{FILES}/artifacts/{path}")
        answer = line.getresponse()
        assert answer.status in {404, 422}, answer.read()
        assert answer.headers["content-type"] == "application/problem+json"
    assert not {"link.txt", "pipe"} & {one.path for one in list_artifacts(folder.artifacts)}


@pytest.mark.parametrize("path", ["files", "logs/stdout", "artifacts/page.html"])
def test_of_a_trial_or_an_attempt_that_is_not_there_nothing_is_given(
    client: httpx.Client, path: str
) -> None:
    assert client.get(f"{API}/sweeps/digits/trials/1/{path}").status_code == 404
    assert client.get(f"{FILES}/{path}?attempt=2").status_code == 404
    assert client.get(f"{FILES}/{path}?attempt=1").status_code == 200


@given(st.text() | st.from_regex(r"[./\\a\x00]{1,9}", fullmatch=True))
def test_a_name_that_is_let_through_stays_below_its_folder(name: str) -> None:
    try:
        parts = checked(name)
    except ConfigError:
        return
    assert "/".join(parts) == name
    full = os.path.normpath(f"/base/{name}")
    assert full == f"/base/{name}"
    assert full.startswith("/base/")
