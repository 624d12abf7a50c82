"""A way to a server on which requests are held up, overtake each other and arrive twice."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep

import httpx

_OWN = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class _Disorder(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, server: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server_url = server
        self.random = random.Random(seed)
        self.late: list[threading.Timer] = []
        self.twice = self.lost = 0
        self._fates: list[str] = []
        self._turn = threading.Lock()

    def fate(self) -> str:
        """Return what becomes of the next write: of ten, two arrive twice and one is lost."""
        with self._turn:
            if not self._fates:
                self._fates = ["twice", "twice", "lost", *[""] * 7]
                self.random.shuffle(self._fates)
            return self._fates.pop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Disorder

    def do_GET(self) -> None:
        self._forward(disturbed=False)

    def do_POST(self) -> None:
        self._forward(disturbed=True)

    def log_message(self, *_: object) -> None:
        pass

    def _forward(self, *, disturbed: bool) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
        fate = self.server.fate() if disturbed else ""
        if fate:
            sleep(self.server.random.random() / 4)  # others overtake it
        status, named, content = self._send(body, headers)
        if fate == "twice":
            self.server.twice += 1
            delay = self.server.random.random()
            again = threading.Timer(delay, self._send, (body, headers))
            self.server.late.append(again)
            again.start()
        if fate == "lost":
            self.server.lost += 1
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in named.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send(self, body: bytes, headers: dict[str, str]) -> tuple[int, httpx.Headers, bytes]:
        url = self.server.server_url.rstrip("/") + self.path
        with httpx.stream(self.command, url, content=body, headers=headers, timeout=60) as answer:
            return answer.status_code, answer.headers, b"".join(answer.iter_raw())


@contextmanager
def disorder_before(server: str, seed: int) -> Iterator[_Disorder]:
    """Give a forwarder to a server; its address is `url_of` it.

    Of the writes a fifth arrives twice, the second time up to a second later, behind whatever
    was sent meanwhile; of a tenth the answer is lost; all these are held up by up to a quarter
    of a second.
    """
    forwarder = _Disorder(server, seed)
    thread = threading.Thread(target=forwarder.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield forwarder
    finally:
        for again in forwarder.late:
            again.join()
        forwarder.shutdown()
        thread.join()
        forwarder.server_close()


def url_of(forwarder: ThreadingHTTPServer) -> str:
    """Return where it listens."""
    return f"http://127.0.0.1:{forwarder.server_address[1]}"
