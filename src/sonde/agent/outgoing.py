"""One attempt's files on their way to a server: its two logs, and its artifacts.

`step` is called again and again and makes a few requests at most. Nothing is kept in memory but
where it stands: what the server has, it says itself, so that everything goes on from there
after an outage, and after a restart of either side.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any, Literal

from sonde.agent.artifacts import Artifact, list_artifacts, open_artifact
from sonde.agent.folder import TrialFolder
from sonde.core.trial import Lease
from sonde.errors import ConfigError, ConflictError, NotFoundError
from sonde.store import wire
from sonde.store.http import HttpStore

__all__ = ["NOTE", "Outgoing"]

NOTE = "unsent.json"
"""The file in an attempt's folder that says that something is left to send."""
_CHUNK = 2 << 20
_PARTS = 4  # of a log at a time
_LOG_S, _LONGEST_LOG_S = 1.0, 5.0  # between two looks at a young and an old log
_SCAN_S, _LONGEST_SCAN_S = 5.0, 60.0  # the same for artifacts while the trial runs
_AGE_SHARE = 60  # looks in a trial's age so far
_QUIET_S = 2.0  # a file that was changed since then is still being written
_EARLY = 8 << 20  # bytes of a file that is sent before the trial ends: it may change again
_HASHED = 64 << 20  # bytes at a time
_TRIES = 5  # for files that change, and servers that are started anew
_STREAMS: tuple[Literal["stdout", "stderr"], ...] = ("stdout", "stderr")


class Outgoing:
    """An attempt of which something may be left to send.

    Args:
        store: The server.
        lease: The attempt's.
        folder: The attempt's.
        limit: Bytes of artifacts that are sent; None: as many as the server takes.
        note: Told what is not sent, for people.

    Attributes:
        ended: When the attempt was said to have ended; None before.
        is_told: Whether the store knows how it ended, which comes before all artifacts.
        logs_are_in: Whether the server has all that it printed.
        is_done: Whether it has everything.
    """

    def __init__(
        self,
        store: HttpStore,
        lease: Lease,
        folder: TrialFolder,
        *,
        limit: int | None,
        note: Callable[[str], None],
    ) -> None:
        self.lease, self.folder = lease, folder
        self.ended: float | None = None
        self.is_told = self.logs_are_in = self.is_done = False
        self._store, self._limit, self._note = store, limit, note
        self._note_path = folder.path / NOTE
        self._began = time.monotonic()
        self._log_at = self._began
        self._scan_at = self._began + _SCAN_S
        self._is_noted = self._is_last = False
        self._sent = dict.fromkeys(_STREAMS, 0)
        self._hashes: dict[str, tuple[Artifact, str]] = {}
        self._named: set[wire.FileMark] = set()
        self._given_up: set[str] = set()
        self._files: Iterator[None] | None = None

    def step(self) -> bool:
        """Send some of what is due; tell whether more is.

        Raises:
            SondeError: As the server says, or does not answer; `step` goes on where it was.
        """
        has_ended, now = self.ended is not None, time.monotonic()
        if not self._has_note():
            self._log_at = now + _LOG_S
            self.logs_are_in = self.is_done = has_ended
            return False
        if now >= self._log_at and not self.logs_are_in:
            if self._send_logs():
                return True
            self._log_at = now + _paced(now - self._began, _LOG_S, _LONGEST_LOG_S)
            self.logs_are_in = has_ended
        if has_ended:
            if self.logs_are_in and self.is_told and not self._is_last:
                self._files, self._is_last = self._send_files(whole=True), True
        elif self._files is None and now >= self._scan_at:
            self._files = self._send_files(whole=False)
            self._scan_at = now + _paced(now - self._began, _SCAN_S, _LONGEST_SCAN_S)
        return self._step_files()

    def end(self) -> None:
        """Send the rest now, as the attempt has ended."""
        if self.ended is None:
            self._log_at = 0.0
            self.ended = time.monotonic()

    @property
    def next_s(self) -> float:
        """In how many seconds something may be due."""
        if self.logs_are_in:
            return 0.0 if self.is_told else _LONGEST_LOG_S
        return max(0.0, min(self._log_at, self._scan_at) - time.monotonic())

    def forget(self) -> None:
        """Leave nothing for a later agent to send."""
        with suppress(OSError):
            self._note_path.unlink()

    def _has_note(self) -> bool:
        """Leave word that there is something to send; false while there is not even a folder."""
        if not self._is_noted and self.folder.params.exists():
            lease = self.lease
            note: dict[str, Any] = {"agent": lease.agent, "attempt": lease.attempt}
            with suppress(OSError):  # a full disk; then nobody takes it over
                self._note_path.write_text(json.dumps(note), encoding="utf-8")
            self._is_noted = True
        return self._is_noted

    def _send_logs(self) -> bool:
        """Send what was printed since the last time; tell whether that was not all."""
        for stream in _STREAMS:
            path = self.folder.stdout if stream == "stdout" else self.folder.stderr
            try:
                source = path.open("rb", buffering=0)
            except OSError:
                continue
            with source:
                for _ in range(_PARTS):
                    offset = self._sent[stream]
                    source.seek(offset)
                    data = b"" if stream in self._given_up else source.read(_CHUNK) or b""
                    if not data:
                        break
                    try:
                        have = self._store.put_log(self.lease, stream, offset, data)
                    except ConfigError as error:
                        self._give_up(stream, error)
                        break
                    self._sent[stream] = have
                else:
                    return True
        return False

    def _step_files(self) -> bool:
        if self._files is None:
            return False
        try:
            next(self._files)
        except StopIteration:
            self._files, self.is_done = None, self._is_last
            return False
        except BaseException:
            self._files, self._is_last = None, False  # it is begun anew
            raise
        return True

    def _send_files(self, *, whole: bool) -> Iterator[None]:
        """Send the artifacts, a part at a time."""
        for _ in range(_TRIES):
            marks: set[wire.FileMark] = set()
            yield from self._look(marks, whole=whole)
            if marks == self._named or not (marks or whole):
                return
            ordered = sorted(marks, key=lambda mark: mark.path)
            kept = self._store.keep_files(self.lease, ordered, whole=whole)
            yield
            for path, why in kept.refused.items():
                self._give_up(path, ConfigError(path, why, ""))
            if not kept.missing:
                self._named = marks
                return
            missing = dict(kept.missing)
            for mark in ordered:
                if mark.sha256 in missing:
                    yield from self._send_content(mark, missing.pop(mark.sha256))
        if whole:
            self._note(f"{self._shown}: files that go on changing were not sent")

    def _look(self, marks: set[wire.FileMark], *, whole: bool) -> Iterator[None]:
        """Find what is to be sent by now."""
        room = self._limit
        for one in list_artifacts(self.folder.artifacts):
            is_young = time.time() - one.modified_ns / 1e9 < _QUIET_S
            if one.path in self._given_up or (not whole and (is_young or one.size > _EARLY)):
                continue
            if room is not None and one.size > room:
                if whole:
                    why = f"with it the trial's artifacts have more than {self._limit} bytes"
                    self._give_up(one.path, ConfigError(one.path, why, ""))
                continue
            room = None if room is None else room - one.size
            known = self._hashes.get(one.path)
            if known is None or known[0] != one:
                yield from self._hash(one)
                known = self._hashes.get(one.path)
            if known is not None:
                marks.add(wire.FileMark(path=one.path, sha256=known[1], size=one.size))

    def _hash(self, one: Artifact) -> Iterator[None]:
        self._hashes.pop(one.path, None)
        try:
            fd = open_artifact(self.folder.artifacts, one.path)
        except NotFoundError:
            return  # gone since it was listed
        hashed, size = sha256(), 0
        with os.fdopen(fd, "rb", buffering=0) as source:
            while size < one.size and (data := source.read(min(_CHUNK, one.size - size))):
                hashed.update(data)
                size += len(data)
                if size % _HASHED == 0:
                    yield
        if size == one.size:
            self._hashes[one.path] = one, hashed.hexdigest()

    def _send_content(self, mark: wire.FileMark, offset: int) -> Iterator[None]:
        """Send a file from an offset on; what does not come through is seen by the next look."""
        try:
            fd = open_artifact(self.folder.artifacts, mark.path)
        except NotFoundError:
            return
        try:
            while True:
                data = os.pread(fd, min(_CHUNK, mark.size - offset), offset)
                if not data and mark.size:
                    return  # the server has all of it, or it was cut
                try:
                    offset = self._store.put_part(self.lease, mark.sha256, offset, data)
                except ConflictError:
                    return  # the server was started anew: it wants to hear all names again
                except ValueError:
                    self._hashes.pop(mark.path, None)
                    return  # it was changed since its hash was taken
                if offset >= mark.size:
                    return
                yield
        finally:
            os.close(fd)

    def _give_up(self, what: str, error: ConfigError) -> None:
        """Note what is not sent, unless the server takes nothing at all."""
        if error.where == self._store.url:
            raise error
        if what not in self._given_up:
            self._given_up.add(what)
            where = self.folder.path if what in _STREAMS else self.folder.artifacts
            self._note(f"{self._shown}: {what} was not sent: {error.found}; it lies in {where}")

    @property
    def _shown(self) -> str:
        return f"trial {self.lease.number}"


def _paced(age_s: float, least_s: float, most_s: float) -> float:
    return min(max(least_s, age_s / _AGE_SHARE), most_s)
