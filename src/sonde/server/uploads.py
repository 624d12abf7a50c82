"""Uploads: what trials print and leave on other machines, kept as if they had run here.

A log grows from the byte that the server has on. An artifact is known by its content: agents
name what a trial has (`keep`), send what lacks in parts (`put_part`), and name it again, which
puts it in place. A content lies in `objects/`, linked from each trial that has it, so that no
two trials send or hold the same file twice; what is on its way lies in `uploads/` until it is
whole and its hash is right. Whatever is cut off goes on from the byte that is there.
"""

import errno
import hashlib
import os
import re
import shutil
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from sonde.agent.artifacts import checked, list_artifacts, parent_of
from sonde.agent.folder import TrialFolder
from sonde.agent.place import root_of
from sonde.core.trial import Lease, State
from sonde.errors import (
    ConfigError,
    ConflictError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
    StoreError,
)
from sonde.server.desk import Desk
from sonde.store import wire

__all__ = ["LIMIT", "LOG_LIMIT", "Uploads"]

LIMIT = 10 << 30
"""Bytes of the artifacts of one attempt, by default."""
LOG_LIMIT = 256 << 20
"""Bytes of a log."""
_MOST = 10_000  # files of an attempt, and attempts that are remembered
_KEPT_S = 24 * 3600.0  # that half a content waits for the rest
_SPARE = 256 << 20  # bytes of the disk that are left free
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LOCKS = 64


class Uploads:
    """What agents send, put where a trial of this machine would have left it.

    Args:
        desk: Knows who holds which trial.
        limit: Bytes of artifacts that an attempt may have.
    """

    def __init__(self, desk: Desk, limit: int = LIMIT) -> None:
        self._desk, self._limit = desk, limit
        url = desk.store.url
        self._root = None if url == "memory:" else root_of(url)
        self._locks = [Lock() for _ in range(_LOCKS)]
        self._lock = Lock()
        self._named: OrderedDict[tuple[str, int, int], Mapping[str, int]] = OrderedDict()
        self._hashes: OrderedDict[Path, tuple[int, hashlib._Hash]] = OrderedDict()

    def keep(self, call: wire.KeepFiles) -> wire.Kept:
        """Put in place what there is of an attempt's artifacts; say what lacks."""
        folder = self._folder(call.lease)
        taken, refused = self._taken(call.files)
        sizes = {file.sha256: file.size for file in taken}
        with self._lock:
            key = call.lease.sweep, call.lease.number, call.lease.attempt
            self._named.pop(key, None)
            self._named[key] = sizes
            if len(self._named) > _MOST:
                self._named.popitem(last=False)
        missing: dict[str, int] = {}
        for file in taken:
            if file.sha256 in missing:
                continue
            content = self._content(file.sha256)
            if not content.is_file():
                missing[file.sha256] = _size(self._part(call.lease.sweep, file.sha256))
                continue
            try:
                with parent_of(folder.artifacts, file.path) as (parent, name):
                    _put(content, parent, name)
            except OSError as error:
                _check_room(error)
                refused[file.path] = f"it cannot be put in its place: {error.strerror}"
        if call.whole:
            _remove_others(folder.artifacts, {file.path for file in call.files})
        return wire.Kept(missing=missing, refused=refused)

    def put_part(self, call: wire.PutPart) -> int:
        """Add to a content; return how many bytes of it there are."""
        self._folder(call.lease)
        with self._lock:
            named = self._named.get((call.lease.sweep, call.lease.number, call.lease.attempt), {})
        size = named.get(call.sha256)
        if size is None:
            raise ConflictError("no artifact of that content was named; name the trial's first")
        with self._locks[int(call.sha256[:8], 16) % _LOCKS], _on_disk():
            content = self._content(call.sha256)
            if content.is_file():
                return size
            part = self._part(call.lease.sweep, call.sha256)
            part.parent.mkdir(parents=True, exist_ok=True)
            have = self._append(part, call.offset, call.data, size)
            if have == size:
                self._complete(part, content, call.sha256)
            return have

    def put_log(self, call: wire.PutLog) -> int:
        """Add to a log; return how many bytes of it there are."""
        folder = self._folder(call.lease)
        with self._locks[hash(folder.path) % _LOCKS], _on_disk():
            folder.path.mkdir(parents=True, exist_ok=True)
            log = folder.stdout if call.stream == "stdout" else folder.stderr
            have = _size(log)
            if call.offset < 0 or max(have, call.offset + len(call.data)) > LOG_LIMIT:
                raise ConfigError(
                    f"{call.stream} of a trial",
                    f"no more than {LOG_LIMIT >> 20} MiB of it are kept here",
                    "print less; all of it is on the machine that ran it",
                )
            return _append(log, call.offset, call.data)

    def clean(self, now: float | None = None) -> int:
        """Take away what nobody will complete, and contents that no trial has; return how many.

        Args:
            now: Seconds since the epoch.
        """
        if self._root is None:
            return 0
        horizon = (time.time() if now is None else now) - _KEPT_S
        count = 0
        for path in [*self._root.glob("uploads/*/*"), *self._root.glob("objects/*/*")]:
            with suppress(OSError):
                status = path.lstat()
                is_object = path.parent.parent.name == "objects"
                if status.st_mtime < horizon and not (is_object and status.st_nlink > 1):
                    path.unlink()
                    count += 1
        return count

    def _folder(self, lease: Lease) -> TrialFolder:
        """Return the folder of an attempt whose files are to be taken.

        Raises:
            NotFoundError: If there is no such trial.
            LeaseLostError: If the trial is another agent's, or has another attempt.
            IllegalTransitionError: If the attempt runs, or ran, in this very folder.
            ConflictError: If nothing is kept here.
        """
        if self._root is None:
            raise ConflictError("this server's store lies in memory; it keeps no files")
        with self._desk.sweep(lease.sweep) as (record, history):
            if record.id != lease.sweep or not 0 <= lease.number < len(history.trials):
                raise NotFoundError(f"there is no trial {lease.sweep:.80}/{lease.number}")
            trial = history.trials[lease.number]
        is_given_back = trial.agent is None and trial.state is State.WAITING
        if trial.attempts != lease.attempt or not (is_given_back or trial.agent == lease.agent):
            raise LeaseLostError(f"trial {lease.number} is not at attempt {lease.attempt} there")
        folder = TrialFolder(self._root, record.id, lease.number, lease.attempt)
        if folder.params.exists():
            raise IllegalTransitionError("the trial's files are here already: it ran here")
        return folder

    def _taken(self, files: Sequence[wire.FileMark]) -> tuple[list[wire.FileMark], dict[str, str]]:
        """Return the files that may be kept, and why others may not."""
        taken: list[wire.FileMark] = []
        refused: dict[str, str] = {}
        room = self._limit
        for file in files:
            if not _SHA256.fullmatch(file.sha256) or file.size < 0:
                raise ValueError("a file is named by its SHA-256, in hex, and its size")
            try:
                checked(file.path)
            except ConfigError as error:
                refused[file.path] = error.found
                continue
            if len(taken) == _MOST:
                refused[file.path] = f"no more than {_MOST} files of a trial are kept here"
            elif file.size > room:
                refused[file.path] = f"no more than {_shown(self._limit)} of a trial are kept here"
            else:
                room -= file.size
                taken.append(file)
        return taken, refused

    def _content(self, sha256: str) -> Path:
        assert self._root is not None
        return self._root / "objects" / sha256[:2] / sha256

    def _part(self, sweep: str, sha256: str) -> Path:
        assert self._root is not None
        return self._root / "uploads" / sweep / sha256

    def _append(self, part: Path, offset: int, data: bytes, size: int) -> int:
        """Add to what is there of a content; keeps its hash as long as it comes in order."""
        if offset < 0 or offset + len(data) > size:
            raise ValueError("that is more than the content has")
        before = _size(part)
        if shutil.disk_usage(part.parent).free < _SPARE + len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        have = _append(part, offset, data)
        known, hashed = self._hashes.pop(part, (0, hashlib.sha256()))
        if have > before and known == before:
            hashed.update(data[before - offset :])
            known = have
        if known == have:
            self._hashes[part] = known, hashed
            if len(self._hashes) > _LOCKS:
                self._hashes.popitem(last=False)
        return have

    def _complete(self, part: Path, content: Path, sha256: str) -> None:
        """Make a content of what has come, if it is what was announced."""
        known, hashed = self._hashes.pop(part, (-1, None))
        with part.open("rb") as source:
            if hashed is None or known != _size(part):
                hashed = hashlib.file_digest(source, "sha256")
            if hashed.hexdigest() != sha256:
                part.unlink()
                raise ValueError("what came has another hash than was announced")
            os.fsync(source.fileno())
        part.chmod(0o444)  # other trials may have the same file
        content.parent.mkdir(parents=True, exist_ok=True)
        part.rename(content)


def _append(path: Path, offset: int, data: bytes) -> int:
    """Add what is new of some bytes from an offset on; return how many the file has then."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags, 0o644)
    try:
        have = os.fstat(fd).st_size
        new = memoryview(data)[have - offset :] if offset <= have else memoryview(b"")
        while new:
            count = os.pwrite(fd, new, have)
            have += count
            new = new[count:]
        return have
    finally:
        os.close(fd)


def _put(content: Path, parent: int, name: str) -> None:
    """Have a content under a name in a folder, in place of what may be there."""
    status = content.stat()
    with suppress(FileNotFoundError):
        now = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if (now.st_dev, now.st_ino) == (status.st_dev, status.st_ino):
            return
    draft = f".{os.urandom(6).hex()}.tmp"
    try:
        try:
            os.link(content, draft, dst_dir_fd=parent)
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV}:
                raise
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with (
                content.open("rb") as source,
                os.fdopen(os.open(draft, flags, 0o444, dir_fd=parent), "wb") as target,
            ):
                shutil.copyfileobj(source, target, 1 << 20)
        os.replace(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=parent)
        raise


def _remove_others(folder: Path, names: set[str]) -> None:
    """Take away what an attempt had and has no more."""
    for one in list_artifacts(folder):
        if one.path not in names:
            with suppress(OSError), parent_of(folder, one.path) as (parent, name):
                os.unlink(name, dir_fd=parent)


@contextmanager
def _on_disk() -> Iterator[None]:
    """Make what goes wrong with files an error of the store, which agents wait for."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"the server cannot keep files: {error.strerror or error}") from error


def _check_room(error: OSError) -> None:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}:
        raise StoreError(f"the server cannot keep files: {error.strerror}") from error


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _shown(size: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"
