"""Who gets in: tokens, roles, limits. Everything that is not allowed is refused."""

import json
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from served import served
from sonde.errors import ConfigError, NotFoundError
from sonde.server.app import create_app
from sonde.server.gate import BODY_LIMIT
from sonde.server.roles import Role
from sonde.server.serving import Address, check_files, serving
from sonde.server.tokens import Tokens
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Decision, NewTrial
from sonde.testing.stores import at, sweep
from sonde.testing.stores.parts import params


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "x.db.tokens")


@pytest.fixture
def guarded(store: MemoryStore, tokens: Tokens) -> Iterator[httpx.Client]:
    """A server that needs tokens."""
    with served(store, tokens=tokens, is_local=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


WRITES = [
    ("POST", "/api/v1/store/create_sweep"),
    ("POST", "/api/v1/store/update_sweep"),
    ("POST", "/api/v1/store/blobs"),
    ("POST", "/api/v1/sweeps/x/control"),
]
RUNNING = [
    ("POST", f"/api/v1/store/{name}")
    for name in (
        "lease", "renew", "report", "finish", "release", "keep_files", "put_part", "put_log",
    )
]  # fmt: skip
READS = [
    ("GET", "/api/v1/sweeps"),
    ("GET", "/api/v1/sweeps/x/trials"),
    ("GET", "/api/v1/server"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/api/v1/store/blobs/abc"),
    ("GET", "/api/v1/sweeps/x/trials/0/files"),
    ("GET", "/api/v1/sweeps/x/trials/0/logs/stdout"),
    ("GET", "/api/v1/sweeps/x/trials/0/artifacts/x.png"),
    ("POST", "/api/v1/store/changes"),
    ("POST", "/api/v1/store/list_sweeps"),
]


@pytest.mark.parametrize(("method", "path"), WRITES + RUNNING + READS)
@pytest.mark.parametrize("token", [None, "wrong", "sonde_" + "a" * 43, "ü"])
def test_nothing_is_answered_without_a_token_that_is_known(
    guarded: httpx.Client, tokens: Tokens, method: str, path: str, token: str | None
) -> None:
    tokens.add("other", Role.ADMIN)
    headers = {} if token is None else {"authorization": b"Bearer " + token.encode()}
    answer = guarded.request(method, path, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "sonde token add" in answer.json()["detail"]


def test_without_any_token_a_server_for_other_machines_lets_nobody_in(
    guarded: httpx.Client,
) -> None:
    assert guarded.get("/api/v1/sweeps").status_code == 401


@pytest.mark.parametrize(
    ("role", "refused"),
    [(Role.VIEWER, WRITES + RUNNING), (Role.AGENT, WRITES), (Role.ADMIN, [])],
)
def test_each_role_may_what_it_is_for_and_no_more(
    guarded: httpx.Client, tokens: Tokens, role: Role, refused: list[tuple[str, str]]
) -> None:
    headers = bearer(tokens.add("me", role))
    for method, path in WRITES + RUNNING + READS:
        status = guarded.request(method, path, headers=headers).status_code
        assert (status == 403) is ((method, path) in refused), (path, status)
        assert status != 401


def test_an_agent_may_not_decide_where_the_server_does(store: MemoryStore, tokens: Tokens) -> None:
    token = tokens.add("me", Role.AGENT)
    record = store.create_sweep(sweep(), at(0))
    decision = Decision(against=0, add=[NewTrial(params=params(0))])
    with (
        served(store, tokens=tokens, decides=True) as client,
        closing(HttpStore(str(client.base_url), token=token)) as far,
        pytest.raises(ConfigError, match="a token of the role agent may not do this"),
    ):
        far.commit(record.id, decision, at(0))
    with (
        served(store, tokens=tokens) as client,
        closing(HttpStore(str(client.base_url), token=token)) as far,
    ):
        assert len(far.commit(record.id, decision, at(0), Ask(agent="a"))[1]) == 1


def test_a_token_is_revoked_from_the_next_request_on(guarded: httpx.Client, tokens: Tokens) -> None:
    headers = bearer(tokens.add("me", Role.VIEWER))
    tokens.add("other", Role.VIEWER)
    assert guarded.get("/api/v1/sweeps", headers=headers).status_code == 200
    Tokens(tokens.path).revoke("me")  # by another process
    assert guarded.get("/api/v1/sweeps", headers=headers).status_code == 401


def test_on_this_machine_everyone_may_everything_until_there_is_a_token(
    store: MemoryStore, tokens: Tokens
) -> None:
    with served(store, tokens=tokens, is_local=True) as client:
        assert client.get("/api/v1/server").json()["role"] == "admin"
        headers = bearer(tokens.add("me", Role.VIEWER))
        assert client.get("/api/v1/server").status_code == 401
        assert client.get("/api/v1/server", headers=headers).json()["role"] == "viewer"


def test_after_ten_wrong_tokens_an_address_waits_but_not_who_was_right_before(
    guarded: httpx.Client, tokens: Tokens
) -> None:
    known, late = tokens.add("known", Role.VIEWER), tokens.add("late", Role.VIEWER)
    assert guarded.get("/api/v1/sweeps", headers=bearer(known)).status_code == 200
    wrong = [guarded.get("/api/v1/sweeps", headers=bearer("no")).status_code for _ in range(12)]
    assert wrong == [401] * 10 + [429] * 2
    answer = guarded.get("/api/v1/sweeps", headers=bearer(late))
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert guarded.get("/api/v1/sweeps", headers=bearer(known)).status_code == 200


def test_a_browser_keeps_its_token_in_a_cookie_that_scripts_cannot_read(
    guarded: httpx.Client, tokens: Tokens
) -> None:
    token = tokens.add("me", Role.VIEWER)
    answer = guarded.post("/api/v1/session", json={"token": token})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.get("/api/v1/server").json()["role"] == "viewer"
    guarded.delete("/api/v1/session")
    assert guarded.get("/api/v1/server").status_code == 401


@pytest.mark.parametrize("token", ["a b", "x\r\nset-cookie: y", "", "é", "x" * 300])
def test_what_is_no_token_gets_into_no_cookie(guarded: httpx.Client, token: str) -> None:
    answer = guarded.post("/api/v1/session", json={"token": token})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(("length", "status"), [(BODY_LIMIT + 1, 413), (10**30, 400)])
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(
    client: httpx.Client, length: int, status: int
) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
        line.sendall(
            f"POST /api/v1/store/lease HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        assert line.recv(12) == f"HTTP/1.1 {status}".encode()


@pytest.mark.parametrize("path", ["/api/v1/store/lease", "/api/v1/session"])
def test_a_body_without_a_length_is_refused_once_it_is_too_large(
    client: httpx.Client, path: str
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range((BODY_LIMIT >> 20) + 1):
            yield b"x" * (1 << 20)

    headers = {"content-type": "application/json"}
    assert client.post(path, content=endless(), headers=headers).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/api/v1/../../../etc/passwd",
        "/api/v1/store/blobs/../../../etc/passwd",
        "/api/v1/store/blobs/..%2f..%2fetc%2fpasswd",
        "/api/v1/sweeps/..%2f..%2f..%2fetc%2fpasswd",
        "/api/v1/sweeps/%2e%2e/trials",
        "//etc/passwd",
        "/api/v1/store/blobs/%00",
    ],
)
def test_paths_that_climb_find_nothing(client: httpx.Client, path: str) -> None:
    url = client.base_url.copy_with(raw_path=path.encode())
    answer = client.send(httpx.Request("GET", url, headers={"host": "localhost"}))
    assert answer.status_code == 404, answer.text
    assert "root:" not in answer.text


def test_tokens_are_kept_hashed_and_for_the_owner_only(tokens: Tokens) -> None:
    made = [tokens.add("a", Role.VIEWER), tokens.add("b", Role.ADMIN)]
    kept = tokens.path.read_text()
    assert len(set(made)) == 2
    assert all(token not in kept and token.removeprefix("sonde_") not in kept for token in made)
    assert [entry["role"] for entry in json.loads(kept)] == ["viewer", "admin"]
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="there is one of that name"):
        tokens.add("a", Role.ADMIN)
    with pytest.raises(NotFoundError, match="no token c; there are: a, b"):
        tokens.revoke("c")


def test_a_damaged_file_of_tokens_lets_nobody_in(guarded: httpx.Client, tokens: Tokens) -> None:
    headers = bearer(tokens.add("me", Role.ADMIN))
    tokens.path.write_text("[{]")
    answer = guarded.get("/api/v1/sweeps", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "ConfigError")


def test_the_command_line_makes_lists_and_revokes_tokens(tmp_path: Path) -> None:
    def sonde(*argv: str) -> subprocess.CompletedProcess[str]:
        store = ["--store", str(tmp_path / "x.db")]
        command = [sys.executable, "-m", "sonde", "token", *argv, *store]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    made = sonde("add", "laptop", "--role", "viewer").stdout.strip()
    caller = Tokens(tmp_path / "x.db.tokens").caller(made)
    assert caller is not None
    assert (caller.name, caller.role) == ("laptop", Role.VIEWER)
    (row,) = json.loads(sonde("ls", "--format", "json").stdout)
    assert (row["name"], row["role"]) == ("laptop", "viewer")
    assert sonde("revoke", "laptop").returncode == 0
    assert json.loads(sonde("ls", "--format", "json").stdout) == []


def test_a_server_with_a_certificate_speaks_https(tmp_path: Path, store: MemoryStore) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    check_files(cert, key)
    with serving(create_app(store), Address(certfile=cert, keyfile=key)) as url:
        assert url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(cert))
        assert httpx.get(f"{url}/api/v1/sweeps", verify=trusting, timeout=60).json() == []
    with pytest.raises(ConfigError, match="they cannot be used"):
        check_files(cert, cert)
