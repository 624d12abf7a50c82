"""The stamp of a Redis store: whether anything has changed, without asking each time.

A connection of its own has read the server's count of changes, and the server says over it
when that count is no longer what was read (`CLIENT TRACKING`). To look whether it has said so
is a call of the kernel. Then, and now and then to see that the line is not dead, the count is
read again. A change of another process is seen within a millisecond of its answer.
"""

import os
import select
import time
from threading import Lock
from typing import Any, cast

from redis import Connection, exceptions

from sonde.store.redis_faults import FAILURES
from sonde.store.redis_line import RedisLine

__all__ = ["RedisStamp"]

_SURE_S = 5.0  # so long a line is believed that says nothing


class RedisStamp:
    """A count of changes, as it was last heard of, and of the lines that it was heard over."""

    def __init__(self, line: RedisLine, key: str) -> None:
        self._line = line
        self._key = key
        self._lock = Lock()
        self._connection: Connection | None = None
        self._poll: select.poll | None = None  # of the connection's socket, where it tracks
        self._pid = 0
        self._read_at = 0.0
        self._value: tuple[int, bytes] = (0, b"")
        self._made = 0  # connections: a server that was started anew may have lost some changes

    def value(self) -> object:
        """Return the count."""
        with self._lock:
            if self._pid != os.getpid():  # the connection is our parent's
                self._connection, self._pid = None, os.getpid()
            if self._is_silent():
                return self._value
            self._value = self._line.patiently(self._read)
            return self._value

    def forget(self) -> None:
        """Read the count next time: we have changed it ourselves."""
        self._read_at = 0.0

    def forget_parent(self) -> None:
        """Make a lock of our own, in a child: another thread of the parent may hold it."""
        self._lock = Lock()

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()

    def _is_silent(self) -> bool:
        if self._connection is None or self._poll is None:
            return False
        return time.monotonic() - self._read_at < _SURE_S and not self._poll.poll(0)

    def _read(self) -> tuple[int, bytes]:
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._read_at = time.monotonic()  # before: `forget` may come meanwhile
            self._connection.send_command("GET", self._key)
            answer = self._connection.read_response()  # and what the server said before it
        except FAILURES:
            self._drop()
            raise
        return self._made, answer or b"0"

    def _connect(self) -> Connection:
        connection = self._line.listener()
        connection.connect()
        self._made += 1
        self._poll = None
        connection.send_command("CLIENT", "TRACKING", "ON")
        try:
            connection.read_response()
        except exceptions.ResponseError:
            return connection  # forbidden, or unknown to what stands before it: then we ask
        socket: Any = cast("Any", connection)._sock
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        self._poll = poll
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._pid == os.getpid():
            connection.disconnect()
