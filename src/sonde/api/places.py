"""Stores as a program names them, and where the folders of their trials lie."""

import functools
import tempfile
from pathlib import Path

from sonde.store import is_database, is_served, open_store
from sonde.store.protocol import Store

__all__ = ["opened", "root_of"]


def opened(store: str | Store | None) -> Store:
    """Return the store of a path or URL; None: `SONDE_STORE`, or the nearest project's.

    Raises:
        ConfigError: If there is no such kind of store.
        StoreError: If it cannot be opened.
    """
    return open_store(store) if store is None or isinstance(store, str) else store


def root_of(store: Store) -> Path:
    """Return the `.sonde` folder of a store; a temporary one where nothing is to last."""
    if is_served(store.url) or is_database(store.url):
        return Path.cwd() / ".sonde"
    path = getattr(store, "path", None)
    if not isinstance(path, Path):
        return _temporary()
    return path.parent if path.parent.name == ".sonde" else path.parent / ".sonde"


@functools.cache
def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="sonde-"))
