"""The store, for machines of a cluster that cannot reach the driver's: through its connection.

SSH brings a socket of the driver's machine to the head as a file; here it is offered on the
head's own address, where the others reach it.
"""

import socket
import threading
from contextlib import suppress

__all__ = ["Relay"]

_CHUNK = 1 << 16


class Relay:
    """Passes connections to `host:port` on to a Unix socket."""

    def __init__(self, host: str, path: str) -> None:
        """Listen at a port that is free, until closed."""
        self._path = path
        self._server = socket.create_server((host, 0), backlog=128)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        far = socket.socket(socket.AF_UNIX)
        with near, far:
            try:
                far.connect(self._path)
            except OSError:
                return  # whoever asks is refused, and asks again
            back = threading.Thread(target=_pass, args=(far, near), daemon=True)
            back.start()
            _pass(near, far)
            back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
