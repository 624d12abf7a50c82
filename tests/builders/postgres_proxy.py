"""A way to a PostgreSQL server that breaks when it is told to."""

import os
import socket
import tempfile
import threading
from pathlib import Path

__all__ = ["Proxy"]

_NAME = ".s.PGSQL.5432"


class Proxy:
    """A socket that passes everything on, both ways.

    Attributes:
        cut: When it next breaks all connections, once: `asked` before a commit reaches the
            server, `answered` before the answer to one comes back; None: not.
        cuts: How often it has.
    """

    def __init__(self, folder: Path) -> None:
        self.cut: str | None = None
        self.cuts = 0
        self._server = str(folder / _NAME)
        self.folder = Path(tempfile.mkdtemp(prefix="sonde-proxy-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / _NAME))
        self._listener.listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Break what is open, and take no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break()
        os.unlink(self.folder / _NAME)  # noqa: PTH108
        self.folder.rmdir()

    def _serve(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(self._server)
            self._open += [ours, theirs]
            for one, other, when, sign in (
                (ours, theirs, "asked", b"commit\0"),
                (theirs, ours, "answered", b"COMMIT\0"),
            ):
                threading.Thread(
                    target=self._pass_on, args=(one, other, when, sign), daemon=True
                ).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, when: str, sign: bytes
    ) -> None:
        try:
            while data := source.recv(1 << 16):
                if self.cut == when and sign in data:
                    self.cut = None
                    self.cuts += 1
                    self._break()
                    return
                target.sendall(data)
        except OSError:
            pass
        finally:
            for one in (source, target):
                _shut(one)

    def _break(self) -> None:
        for one in self._open:
            _shut(one)
        self._open.clear()


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
    one.close()
