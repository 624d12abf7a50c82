"""A sweep mirrored into a directory for TensorBoard while it is watched."""

import time
from collections.abc import Sequence
from pathlib import Path

from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.executors.drive import Listener, Result, View
from sonde.store.protocol import Store, SweepRecord
from sonde.tensorboard.export import Export

__all__ = ["Mirror", "Mirrored"]

_BATCH = 500  # trials whose curves are in memory at a time
_EVERY_S = 1.0


class Mirror:
    """A directory that is brought up to date with a sweep."""

    def __init__(self, store: Store, record: SweepRecord, logdir: Path) -> None:
        """Take a directory, which is made if need be.

        Raises:
            ConfigError: It cannot be made.
        """
        self._store, self._sweep = store, record.id
        self._version = 0
        try:
            self._export = Export(logdir, record.sweep, record.id, record.name)
        except OSError as error:
            raise ConfigError(
                str(logdir), f"it cannot be made ({error.strerror})", "name another directory"
            ) from error

    def update(self) -> int:
        """Write what is new; return how many trials had something new.

        Raises:
            StoreError: The store cannot be read.
            OSError: A file cannot be written.
        """
        changes = self._store.changes(self._sweep, self._version)
        self._export.follow(changes.record.sweep)
        begun = [trial for trial in changes.trials if trial.state is not State.WAITING]
        for at in range(0, len(begun), _BATCH):
            some = begun[at : at + _BATCH]
            curves = self._store.curves(self._sweep, [trial.number for trial in some])
            self._export.update(some, curves)
        self._version = changes.version
        return len(begun)


class Mirrored:
    """A listener that passes everything on, and keeps a mirror up to date on the way."""

    def __init__(self, listener: Listener, mirror: Mirror) -> None:
        self._listener, self._mirror = listener, mirror
        self._next_at, self._has_failed = 0.0, False

    def begin(self, view: View) -> None:
        """Pass it on."""
        self._listener.begin(view)

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Pass it on; write what is new once a second."""
        self._listener.update(view, changed)
        if time.monotonic() >= self._next_at:
            self._write()
            self._next_at = time.monotonic() + _EVERY_S

    def note(self, text: str) -> None:
        """Pass it on."""
        self._listener.note(text)

    def end(self, view: View, result: Result) -> None:
        """Write the rest, and pass it on."""
        self._write()
        self._listener.end(view, result)

    def _write(self) -> None:
        try:
            self._mirror.update()
        except OSError as error:
            # The sweep is what counts; the store has everything, and an export can be made later.
            if not self._has_failed:
                self._listener.note(f"--tensorboard: cannot write ({error})")
            self._has_failed = True
        else:
            self._has_failed = False
