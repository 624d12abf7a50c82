"""Following the event files that a script writes, wherever under a directory it puts them.

`Tail.poll` is called again and again and says what is new. An unchanged tree costs one
`stat` for each directory and file: a directory is listed again only when its own time of
change says so, and as writing into a file does not change that, files are asked for their
size. A file is read from where the last poll left off.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sonde.tensorboard.events import Scalar
from sonde.tensorboard.naming import matches, names_of
from sonde.tensorboard.reader import ScalarReader

__all__ = ["New", "Problem", "Scalar", "Tail", "matches", "names_of"]

_MARK = "tfevents"  # in the name of every event file
_SKIPPED = frozenset({".git", "__pycache__", "node_modules", ".sonde", ".venv"})
_CHUNK = 4 << 20  # bytes read at a time
# A directory changed twice within the resolution of its clock shows one time (2 s on FAT, and
# the clocks of a file server differ): what changed so lately is listed again at the next poll.
_RECENT_NS = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What could not be read: the file, the byte where it begins, and what was found there."""

    path: Path
    offset: int
    found: str

    def __str__(self) -> str:
        return f"{self.path}: byte {self.offset}: {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What was written into one file since it was last read.

    Attributes:
        path: The file.
        run: Its directory, relative to the watched one.
        scalars: In the order of the file.
        marked: Events with messages of the HParams plugin, for `hparams.messages.decode`.
    """

    path: str
    run: str
    scalars: list[Scalar]
    marked: list[bytes]


@dataclass(slots=True, kw_only=True)
class _File:
    path: str
    run: str
    identity: tuple[int, int] = (0, 0)  # device and inode
    size: int = 0  # when it was last read, or tried
    offset: int = 0  # read so far
    has_problem: bool = False


@dataclass(slots=True, kw_only=True)
class _Directory:
    path: str
    run: str
    changed_ns: int = -1
    is_settled: bool = False  # it was listed well after its last change


class Tail:
    """The scalars under a directory as they are written.

    Not for several threads at once.

    Attributes:
        problems: Damaged and unreadable files, the first fault of each only. Reading goes on
            behind the fault, and of a damaged record only that record is lost.
    """

    def __init__(self, root: Path | str, *, skip_present: bool = False) -> None:
        """Watch a directory.

        Args:
            root: It need not exist yet. Symbolic links inside it are not followed, so neither
                loops nor the data sets that people link to are walked through; `.git`,
                `__pycache__`, `node_modules`, `.sonde` and `.venv` are passed by.
            skip_present: Leave out what the event files hold now, such as those of earlier
                trainings in a copied working directory.
        """
        self.problems: list[Problem] = []
        self._reader = ScalarReader()
        self._directories = {"": _Directory(path=os.fspath(root), run="")}
        self._files: dict[str, _File] = {}
        if skip_present:
            self._list_changed()
            for file in self._files.values():
                self._skip_to_end(file)

    def poll(self) -> list[Scalar]:
        """Return what was written since the last poll; in each file's order, files by path.

        A record that is written only in part is left for the next poll. A file that was
        replaced or has shrunk is read anew. Never raises on account of a file.
        """
        return [scalar for new in self.files() for scalar in new.scalars]

    def files(self) -> Iterator[New]:
        """Yield what `poll` would return file by file, so that one may stop between two."""
        if self._list_changed():
            self._files = dict(sorted(self._files.items()))
        gone = []
        for path, file in self._files.items():
            try:
                status = os.lstat(path)
            except OSError:
                gone.append(path)
                continue
            identity = (status.st_dev, status.st_ino)
            if identity != file.identity or status.st_size < file.offset:
                file.identity, file.size, file.offset = identity, 0, 0
            if status.st_size != file.size:
                file.size = status.st_size
                new = New(path=path, run=file.run, scalars=[], marked=[])
                self._read(file, new)
                yield new
        for path in gone:
            del self._files[path]

    def _list_changed(self) -> bool:
        """List the directories that may have changed; tell whether there are more files."""
        known = len(self._files)
        todo = list(self._directories.values())
        while todo:
            directory = todo.pop()
            now = time.time_ns()
            try:
                changed_ns = os.stat(directory.path).st_mtime_ns  # noqa: PTH116 - Path is slower
                if directory.is_settled and changed_ns == directory.changed_ns:
                    continue
                todo.extend(self._list(directory))
            except OSError:  # it is gone, or not there yet
                if directory.run:
                    self._directories.pop(directory.run, None)
                continue
            directory.changed_ns = changed_ns
            directory.is_settled = now - changed_ns > _RECENT_NS
        return len(self._files) > known

    def _list(self, directory: _Directory) -> list[_Directory]:
        """Take note of the files in a directory and return the directories that are new."""
        new = []
        prefix = directory.run + "/" if directory.run else ""
        with os.scandir(directory.path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    run = prefix + entry.name
                    if entry.name not in _SKIPPED and run not in self._directories:
                        self._directories[run] = found = _Directory(path=entry.path, run=run)
                        new.append(found)
                elif (
                    _MARK in entry.name
                    and entry.path not in self._files
                    and entry.is_file(follow_symlinks=False)
                ):
                    self._files[entry.path] = _File(path=entry.path, run=directory.run)
        return new

    def _read(self, file: _File, new: New) -> None:
        """Read what is new in a file, a chunk at a time."""
        want = _CHUNK
        try:
            with open(file.path, "rb", buffering=0) as source:  # noqa: PTH123 - Path is slower
                source.seek(file.offset)
                rest = b""
                while data := source.read(want):
                    chunk = self._reader.read(rest + data, file.run)
                    new.scalars.extend(chunk.scalars)
                    new.marked.extend(chunk.marked)
                    if chunk.damages:
                        first = chunk.damages[0]
                        self._report(file, file.offset + first.offset, first.found)
                    file.offset += chunk.consumed
                    rest = (rest + data)[chunk.consumed :]
                    # A record longer than a chunk would be copied again and again.
                    want = max(_CHUNK, len(rest))
        except OSError as error:
            self._report(file, file.offset, f"cannot be read ({error.strerror})")

    def _report(self, file: _File, offset: int, found: str) -> None:
        if not file.has_problem:
            file.has_problem = True
            self.problems.append(Problem(path=Path(file.path), offset=offset, found=found))

    def _skip_to_end(self, file: _File) -> None:
        """Regard a file as read, but for a record that is being written at its end."""
        status = os.lstat(file.path)
        self._read(file, New(path=file.path, run=file.run, scalars=[], marked=[]))
        file.identity, file.size = (status.st_dev, status.st_ino), status.st_size
