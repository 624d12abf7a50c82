"""The answers to writes of late, in a file: a server that is killed and started again has them.

Records are appended, one write call each, before the answer is sent: what an end of the process
leaves of them is whole but for the last, which has a check sum. Two files take turns, so that
old answers go away by themselves.
"""

import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

from sonde.store.packing import pack, unpack

__all__ = ["Answered"]

_HEAD = struct.Struct("<II")  # length and check sum of a record


class Answered:
    """Answers by caller and key.

    Args:
        path: The file; the older answers are in `PATH.1`.
        kept_s: For how long answers are kept at least.
    """

    def __init__(self, path: Path, kept_s: float) -> None:
        self._path, self._older, self._kept_s = path, path.with_name(f"{path.name}.1"), kept_s
        self._lock = threading.Lock()
        self._fd = -1
        self._since = 0.0

    def read(self) -> Iterator[tuple[float, Any]]:
        """Yield what was added of late, oldest first, with its time since the epoch."""
        horizon = time.time() - self._kept_s
        for path in (self._older, self._path):
            try:
                data = path.read_bytes()
            except OSError:
                continue
            at = 0
            while at + _HEAD.size <= len(data):
                length, check = _HEAD.unpack_from(data, at)
                record = data[at + _HEAD.size : at + _HEAD.size + length]
                if len(record) < length or crc32(record) != check:
                    break  # cut off by the end of the process that wrote it
                when, value = unpack(record)
                if when >= horizon:
                    yield when, value
                at += _HEAD.size + length

    def add(self, value: Any) -> None:
        """Keep a value that MessagePack can hold.

        Raises:
            OSError: If it cannot be written.
        """
        now = time.time()
        record = pack([now, value])
        with self._lock:
            if self._fd < 0 or now - self._since > self._kept_s:
                self._begin(now)
            os.write(self._fd, _HEAD.pack(len(record), crc32(record)) + record)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _begin(self, now: float) -> None:
        """Begin a file; a former one stays for as long again.

        Also after a start: what a torn record may stand before would not be read.
        """
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            if self._path.exists():
                self._path.replace(self._older)
        else:
            self._path.parent.mkdir(exist_ok=True)
            self._keep_former()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)
        self._since = now

    def _keep_former(self) -> None:
        """Put what earlier runs left, of late, into the older file."""
        former = list(self.read())
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as target:
            for when, value in former:
                record = pack([when, value])
                target.write(_HEAD.pack(len(record), crc32(record)) + record)
        draft.replace(self._older)
        self._path.unlink(missing_ok=True)
