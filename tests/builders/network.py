"""A network between client and server that can be cut, and that can lose answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Network:
    """Forwards TCP connections to a server.

    Attributes:
        url: To be used instead of the server's.
        losing: How many answers are still to be lost: their connections break instead.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "", parts.port or 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.losing = 0
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break all connections, and every one that is tried."""
        self._is_cut = True
        with self._lock:
            for one in self._open:
                _break(one)

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _break(client)
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:
                _break(client)
                continue
            with self._lock:
                self._open |= {client, server}
            for one, other, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._pump, args=(one, other, is_answer), daemon=True
                ).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if is_answer and self.losing > 0:
                    self.losing -= 1
                    break
                target.sendall(data)
        with self._lock:
            self._open -= {source, target}
        _break(source)
        _break(target)


def _break(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def network_to(url: str) -> Iterator[Network]:
    """Stand between a server and its clients for the time of a block."""
    network = Network(url)
    try:
        yield network
    finally:
        network.close()
