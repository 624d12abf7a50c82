"""A store in one file, as it is at one moment, while others go on writing."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sonde.errors import ConfigError
from sonde.store.copying import copy_sweep
from sonde.store.protocol import Store
from sonde.store.sqlite import SqliteStore
from sonde.store.sqlite_faults import fault

__all__ = ["back_up"]


def back_up(
    store: Store,
    path: Path,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write a store into a SQLite file that is a store itself; return its size in bytes.

    A SQLite file is copied whole, at one moment. Of other stores each sweep is, one after the
    other. The file has its name only when it is complete.

    Args:
        store: What is to be kept.
        path: Of the file, which is not there yet.
        told: Is told how many sweeps are done, and of how many.

    Raises:
        ConfigError: If there is something at that path.
        StoreError: If the store cannot be read, or the file not written.
    """
    where = f"FILE {path}"
    if os.path.lexists(path):
        raise ConfigError(where, "it is there already", "name another, or move it away")
    if not path.parent.is_dir():
        raise ConfigError(where, f"there is no folder {path.parent}", "make it")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if isinstance(store, SqliteStore):
            store.file.backup(draft)
        else:
            _copied(store, draft, told)
        try:
            os.link(draft, path)  # unlike a rename it takes nothing away that came meanwhile
        except FileExistsError as error:
            raise ConfigError(where, "somebody has just made it", "name another") from error
        except OSError:  # a file system without links
            draft.rename(path)
        return path.stat().st_size
    except OSError as error:
        raise fault(path, error) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-queue", "-journal"):
            with suppress(OSError):
                Path(f"{draft}{suffix}").unlink()


def _copied(store: Store, draft: Path, told: Callable[[int, int], None]) -> None:
    target = SqliteStore(draft)
    try:
        records = store.list_sweeps()
        for done, record in enumerate(records):
            told(done, len(records))
            copy_sweep(store, target, record.id)
    finally:
        target.close()
