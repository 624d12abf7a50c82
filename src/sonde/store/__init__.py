"""Stores: where sweeps are kept. `open_store` opens the one that a URL names."""

import os
import re
from pathlib import Path

from sonde.errors import ConfigError
from sonde.store.protocol import Store

__all__ = ["OWN_KINDS", "default_path", "is_served", "open_store"]

_KNOWN = (
    "memory:, sqlite:///FILE, the path of a SQLite file, redis://HOST:6379/0, or "
    "http://HOST:PORT of a server"
)
_LATER = {"postgresql", "postgres"}
_REDIS = {"redis", "rediss", "redis+unix", "redis+sentinel", "unix"}
_SERVED = {"http", "https"}
OWN_KINDS = frozenset({"memory", "sqlite"} | _LATER | _REDIS | _SERVED)
"""The schemes that no plugin may have."""
_ROOTS = (".git", "pyproject.toml")


def open_store(url: str | None = None, *, start: Path | None = None) -> Store:
    """Open the store of a URL, of SONDE_STORE, or else the nearest project's own.

    Args:
        url: `memory:`, `sqlite:///relative.db`, `sqlite:////absolute.db`, a path, or
            `http://HOST:PORT` of a server (its token stands in SONDE_TOKEN).
        start: The folder that relative paths and the search for the project begin at; by
            default the current one.

    Raises:
        ConfigError: If there is no such kind of store.
        StoreError: If it cannot be opened.
    """
    where = "--store"
    if url is None:
        where, url = "SONDE_STORE", os.environ.get("SONDE_STORE") or None
    start = Path.cwd() if start is None else start
    if url is None:
        return _sqlite(default_path(start))
    if not url.strip():
        raise ConfigError(where, "the URL is empty", f"write {_KNOWN}")
    scheme = re.match(r"([A-Za-z][\w+.-]+):", url)
    kind = scheme.group(1).lower() if scheme else ""
    if url.lower() in {"memory:", "memory://"}:
        from sonde.store.memory import MemoryStore

        return MemoryStore()
    if kind == "sqlite":
        path = url.partition(":")[2].removeprefix("//")
        if not path.startswith("/") or path in {"/", "//"}:
            raise ConfigError(
                where,
                f"'{url}' names no file",
                "write sqlite:///relative.db or sqlite:////absolute.db",
            )
        return _sqlite(start / Path(path[1:]).expanduser())
    if kind in _SERVED:
        from sonde.store.http import HttpStore

        return HttpStore(url)
    if kind in _REDIS:
        return _redis(url, where)
    if kind.partition("+")[0] in _LATER:
        raise ConfigError(where, f"{kind} stores are not there yet ('{url}')", f"use {_KNOWN}")
    if scheme and not Path(start, url).exists():
        other = _of_plugin(kind, f"{where} {url}", url)
        if other is not None:
            return other
        raise ConfigError(
            where,
            f"'{url}' is no kind of store that is known",
            f"use {_KNOWN} (postgresql is not there yet)",
        )
    return _sqlite(start / Path(url).expanduser())


def is_served(url: str) -> bool:
    """Tell whether a store's URL is that of a server."""
    return url.startswith(("http://", "https://"))


def _of_plugin(kind: str, where: str, url: str) -> Store | None:
    """Open the store of a scheme that another distribution adds, if one does."""
    from sonde.plugins import found

    opener = found.load(found.STORES, kind, OWN_KINDS, where)
    if opener is None:
        return None
    store: Store = opener(url)
    return store


def default_path(start: Path) -> Path:
    """Return `.sonde/sonde.db` of the nearest project folder at or above `start`.

    That is the nearest folder which has `.sonde` already, else the nearest with `.git` or
    `pyproject.toml`, else `start` itself.
    """
    start = start.absolute()
    folders = [start, *start.parents]
    project = next((at for at in folders if (at / ".sonde").is_dir()), None)
    if project is None:
        project = next((at for at in folders if any((at / r).exists() for r in _ROOTS)), start)
    return project / ".sonde" / "sonde.db"


def _sqlite(path: Path) -> Store:
    from sonde.store.sqlite import SqliteStore
    from sonde.store.sqlite_faults import fault

    folder = path.parent
    if folder.name == ".sonde":
        try:
            folder.mkdir(exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists() and os.access(folder, os.W_OK):
                ignore.write_text("*\n", "utf-8")
        except OSError as error:
            raise fault(path, error) from error
    return SqliteStore(path)


def _redis(url: str, where: str) -> Store:
    try:
        import redis  # noqa: F401 - whether it is there
    except ImportError:
        raise ConfigError(
            where,
            "stores on Redis need redis-py, which is not installed",
            "pip install 'sonde[redis]'",
        ) from None
    from sonde.store.redis import RedisStore
    from sonde.store.redis_url import address_of

    return RedisStore(address_of(url, where))
