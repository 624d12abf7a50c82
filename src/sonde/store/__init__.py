"""Stores: where sweeps are kept. `open_store` opens the one that a URL names."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from sonde.errors import ConfigError
from sonde.store.passwords import hidden
from sonde.store.protocol import Store

__all__ = ["OWN_KINDS", "default_path", "is_database", "is_served", "is_shared", "open_store"]

_KNOWN = (
    "memory:, sqlite:///FILE, the path of a SQLite file, postgresql://USER@HOST/DATABASE, "
    "redis://HOST:6379/0, or http://HOST:PORT of a server"
)
_SERVED = {"http", "https"}
_ROOTS = (".git", "pyproject.toml")


def _postgresql(url: str, where: str) -> Store:
    try:
        from sonde.store.postgresql import PostgresStore
        from sonde.store.postgresql_url import address_of
    except ImportError as error:
        raise _lacks("psycopg[binary]", "PostgreSQL", where, error) from error
    return PostgresStore(address_of(url, where))


def _redis(url: str, where: str) -> Store:
    try:
        from sonde.store.redis import RedisStore
        from sonde.store.redis_url import address_of
    except ImportError as error:
        raise _lacks("redis", "Redis", where, error) from error
    return RedisStore(address_of(url, where))


_OPENERS: dict[str, Callable[[str, str], Store]] = {
    "postgresql": _postgresql,
    "postgresql+psycopg": _postgresql,
    "postgres": _postgresql,
    "redis": _redis,
    "rediss": _redis,
    "redis+unix": _redis,
    "redis+sentinel": _redis,
    "unix": _redis,
}
"""Database servers, by the scheme of their URLs."""
OWN_KINDS = frozenset({"memory", "sqlite", *_OPENERS} | _SERVED)
"""The schemes that no plugin may have."""


def open_store(url: str | None = None, *, start: Path | None = None) -> Store:
    """Open the store of a URL, of SONDE_STORE, or else the nearest project's own.

    Args:
        url: `memory:`, `sqlite:///relative.db`, `sqlite:////absolute.db`, a path,
            `postgresql://USER@HOST/DATABASE`, `redis://HOST:6379/0`, or `http://HOST:PORT` of a
            server (its token stands in SONDE_TOKEN).
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
    if kind in _OPENERS:
        return _OPENERS[kind](url, where)
    if scheme and not Path(start, url).exists():
        other = _of_plugin(kind, f"{where} {hidden(url)}", url)
        if other is not None:
            return other
        raise ConfigError(
            where,
            f"'{hidden(url)}' is no kind of store that is known",
            f"use {_KNOWN}",
        )
    return _sqlite(start / Path(url).expanduser())


def _lacks(driver: str, name: str, where: str, error: ImportError) -> ConfigError:
    """Return the error for a database whose driver is not installed."""
    return ConfigError(
        where,
        f"a store in {name} needs a driver that is not installed ({error})",
        f"type: pip install '{driver}'",
    )


def is_served(url: str) -> bool:
    """Tell whether a store's URL is that of a server."""
    return url.startswith(("http://", "https://"))


def is_database(url: str) -> bool:
    """Tell whether a store's URL is that of a database server, which has no folder of its own."""
    return url.partition(":")[0].lower() in _OPENERS


def is_shared(url: str) -> bool:
    """Tell whether agents of other machines may find a store at its URL."""
    return is_served(url) or is_database(url)


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
