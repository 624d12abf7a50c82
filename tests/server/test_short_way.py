"""The short way answers as the long one does, however a request comes in."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.controller import Controller
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Report
from sonde.server.app import create_app
from sonde.server.roles import Role
from sonde.server.serving import serving
from sonde.server.short_way import ShortWay
from sonde.server.tokens import Tokens
from sonde.store import wire
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STORE = "/api/v1/store"
LONG = ("TE: trailers",)  # with it a request takes the long way


class Line:
    """A connection, and what came back on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=100)
        self.read = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.read.close()
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.socket.sendall(part)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: its status, its headers but for the date, its body."""
        status = int(self.read.readline().split()[1])
        headers = {}
        while (line := self.read.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self.read.read(int(headers["content-length"]))
        headers.pop("date")
        return status, headers, body


class Place:
    """A server with one trial that is under way."""

    def __init__(self, port: int, lease: Lease, store: MemoryStore, tokens: Tokens) -> None:
        self.port, self.lease, self.store, self.tokens = port, lease, store, tokens

    def report(self, step: int, first: int = 1) -> bytes:
        reports = [Report(step, {"loss": 1.0}, 0.0)]
        call = wire.SendReports(lease=self.lease, first=first, reports=reports, now=NOW)
        return wire.encode(call)

    def line(self) -> Line:
        return Line(self.port)


def request(body: bytes, *more: str, name: str = "report", host: str = "127.0.0.1") -> bytes:
    lines = [f"POST {STORE}/{name} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *more, "", ""]).encode() + body


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = MemoryStore()
    space = space_of({"lr": "uniform(0, 1)"})
    made = store.create_sweep(Sweep(space=space, goals=(Goal(metric="loss"),)), NOW)
    (lease,) = Controller(store, made.id).step(1, Ask(agent="a", lease_s=1e6))
    tokens = Tokens(Path(tmp_path_factory.mktemp("tokens")) / "t")
    with serving(create_app(store, tokens=tokens)) as url:
        yield Place(int(url.rpartition(":")[2]), wire.for_wire(lease), store, tokens)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that took the short way."""
    paths: list[str] = []
    before = ShortWay._send

    def noted(self: ShortWay, *what: object) -> None:
        paths.append("one")
        before(self, *what)  # type: ignore[arg-type]

    monkeypatch.setattr(ShortWay, "_send", noted)
    return paths


def test_a_report_as_agents_send_it_takes_the_short_way(place: Place, taken: list[str]) -> None:
    with place.line() as line:
        body = place.report(1)
        head, _, _ = request(body, "Connection: keep-alive", "Idempotency-Key: k").partition(
            b"\r\n\r\n"
        )
        line.send(head + b"\r\n\r\n")  # as httpx does: the head by itself
        line.send(body)
        assert line.answer() == (
            200, {"content-type": "application/msgpack", "content-length": "1"}, wire.encode(1)
        )  # fmt: skip
        assert taken == ["one"]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (("TE: trailers",), "report"),
        (("Upgrade: websocket", "Connection: upgrade"), "report"),
        (("X: 1", "x: 2"), "report"),
        ((), "changes"),
        ((), "nothing"),
    ],
)
def test_what_is_unusual_is_left_to_the_long_way(
    place: Place, taken: list[str], more: tuple[str, ...], name: str
) -> None:
    with place.line() as line:
        line.send(request(place.report(1), *more, name=name))
        assert line.answer()[0] in {200, 404, 422}
        assert not taken


@pytest.mark.parametrize(
    ("body", "more", "host", "status"),
    [
        (b"\x01", (), "127.0.0.1", 422),
        (b"", (), "127.0.0.1", 422),
        (b"\xc1", (), "127.0.0.1", 422),
        (None, (), "evil.example", 421),
        (None, ("Origin: http://evil.example",), "127.0.0.1", 403),
        (None, ("Sec-Fetch-Site: cross-site",), "127.0.0.1", 403),
        (None, (), "127.0.0.1", 200),
    ],
)
def test_both_ways_answer_alike(
    place: Place,
    taken: list[str],
    body: bytes | None,
    more: tuple[str, ...],
    host: str,
    status: int,
) -> None:
    body = place.report(1) if body is None else body
    with place.line() as line:
        line.send(request(body, *more, host=host))
        short = line.answer()
        line.send(request(body, *more, *LONG, host=host))
        assert short == line.answer()
        assert (short[0], len(taken)) == (status, 1)


def test_both_ways_refuse_a_lease_that_is_lost(place: Place, taken: list[str]) -> None:
    call = wire.Renew(leases=[], now=NOW, lease_s=-1.0)
    with place.line() as line:
        for more in ((), LONG):
            line.send(request(wire.encode(call), *more, name="renew"))
        assert line.answer() == (first := line.answer())
        assert (first[0], len(taken)) == (422, 1)


def test_who_may_only_look_reports_nothing_either_way(place: Place, taken: list[str]) -> None:
    place.tokens.add("boss", Role.ADMIN)
    token = place.tokens.add("guest", Role.VIEWER)
    try:
        with place.line() as line:
            shown = f"Authorization: Bearer {token}"
            for more in ((shown,), (shown, *LONG), (), LONG):
                line.send(request(place.report(9, 2), *more))
            answers = [line.answer() for _ in range(4)]
            assert [one[0] for one in answers] == [403, 403, 401, 401]
            assert answers[0] == answers[1]
            assert answers[2] == answers[3]
            line.send(request(wire.encode(None), shown, name="stamp"))
            assert line.answer()[0] == 200
    finally:
        place.tokens.revoke("guest")
        place.tokens.revoke("boss")
    assert 2 <= len(taken) <= 3  # the third may come while uvicorn still has the second


@given(st.data())
def test_requests_are_answered_in_turn_wherever_the_network_cuts_them(
    place: Place, data: st.DataObject
) -> None:
    bodies = [place.report(step) for step in (1, 300, 70_000)]
    ways = data.draw(st.lists(st.sampled_from([(), LONG]), min_size=1, max_size=6))
    stream, lengths = b"", []
    for at, way in enumerate(ways):
        name = "stamp" if at % 2 else "report"
        stream += request(wire.encode(None) if at % 2 else bodies[at % 3], *way, name=name)
        lengths.append(name)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=5).map(sorted))
    with place.line() as line:
        line.send(*(stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)))
        answers = [line.answer() for _ in ways]
        assert [one[0] for one in answers] == [200] * len(ways)
        assert [wire.decode(one[2], int if name == "report" else str) for one, name in
                zip(answers, lengths, strict=True)]  # fmt: skip


def test_what_would_be_smuggled_in_a_body_is_no_request(place: Place, taken: list[str]) -> None:
    with place.line() as line:
        inner = request(place.report(1))
        line.send(request(inner, *LONG, name="nothing"))  # a request, in the body of another
        line.send(request(b"", "X: 1", "x: 2", name="nothing"))
        assert [line.answer()[0] for _ in range(2)] == [404, 404]
        assert not taken


def test_thousands_at_once_are_answered(place: Place) -> None:
    with place.line() as line:
        some = request(b"", host="evil.example") * 2000  # each refused at once
        line.send(some)
        assert {line.answer()[0] for _ in range(2000)} == {421}


def test_the_server_leaves_with_the_answer_that_is_due() -> None:
    class Slow(MemoryStore):
        entered, go_on = threading.Event(), threading.Event()

        def stamp(self) -> object:
            self.entered.set()
            self.go_on.wait(100)
            return super().stamp()

    store = Slow()
    with serving(create_app(store)) as url:
        line = Line(int(url.rpartition(":")[2]))
        line.send(request(wire.encode(None), name="stamp"))
        store.entered.wait(100)
        threading.Timer(0.2, store.go_on.set).start()
    with line:
        status, headers, _ = line.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert line.read.read() == b""
