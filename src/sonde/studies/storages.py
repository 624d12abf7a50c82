"""Optuna's names of storages: each is a store of sonde's."""

from pathlib import Path
from typing import Any

from sonde.api.places import opened
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store

__all__ = ["InMemoryStorage", "JournalFileBackend", "JournalStorage", "RDBStorage", "get_storage"]


def InMemoryStorage() -> Store:  # noqa: N802 Optuna's name
    """Return a store that is forgotten with the program."""
    return MemoryStore()


def RDBStorage(url: str, **options: Any) -> Store:  # noqa: N802
    """Return the store of a URL; what Optuna asks of its database's driver has no effect."""
    return opened(url)


class JournalFileBackend:
    """The file of a journal: a store of sonde's in SQLite, not Optuna's format."""

    def __init__(self, file_path: str, lock_obj: Any = None) -> None:
        self.path = Path(file_path)


def JournalStorage(log_storage: JournalFileBackend) -> Store:  # noqa: N802
    """Return the store in a file."""
    return opened(str(log_storage.path))


def get_storage(storage: str | Store | None) -> Store:
    """Return the store of a URL; None: the project's."""
    return opened(storage)
