"""A line to a Redis server that breaks once, with a question or an answer on its way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SIZE = 1 << 16


class BreakingLine:
    """Forwards connections to a server's socket, and breaks the one with the n-th packet.

    Attributes:
        broken: Whether it has done so.
    """

    def __init__(self, path: Path, server: Path, at: int, *, is_answer: bool) -> None:
        self._server = server
        self._left = at
        self._is_answer = is_answer
        self._lock = threading.Lock()
        self.broken = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            for one, other, is_answer in ((client, server, False), (server, client, True)):
                args = (one, other, is_answer)
                threading.Thread(target=self._forward, args=args, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with source, suppress(OSError):
            while data := source.recv(_SIZE):
                if is_answer is self._is_answer and self._is_due():
                    for one in (source, target):
                        one.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)

    def _is_due(self) -> bool:
        with self._lock:
            self._left -= 1
            due = self._left == 0
            self.broken = self.broken or due
            return due


@contextmanager
def breaking_line(path: Path, server: Path, at: int, *, is_answer: bool) -> Iterator[BreakingLine]:
    """A line that ends with the block."""
    line = BreakingLine(path, server, at, is_answer=is_answer)
    try:
        yield line
    finally:
        line.close()
