"""What a Redis server keeps of what it has answered, as it is set up.

A server with `appendonly yes` and `appendfsync always` has on its disk what it answered, as a
SQLite file has. Others keep less, and some may drop keys when their memory is full. The store
looks once, and says so to people.
"""

import shlex
import time
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from redis import exceptions

from sonde.errors import StoreError, StoreVersionError
from sonde.store.redis_line import FIRST_PATIENCE_S, RedisLine

__all__ = ["FORMAT", "check", "doubts_of"]

FORMAT = 1
"""Of the layout in `sonde.store.redis_rows`."""
_OLDEST = (6, 0)
_SAID_S = 600  # so long a doubt is not told again, by whatever process


def check(line: RedisLine) -> tuple[list[str], float]:
    """Look at the server.

    Returns:
        What people should know, unless it was told just now, and how many seconds this
        machine's clock is ahead of the server's.

    Raises:
        StoreError: If it does not answer, or is none that the store can use.
    """
    prefix = line.address.prefix
    info, save, version, ahead_s = line.patiently(lambda: _ask(line), FIRST_PATIENCE_S)
    fields = _fields(info)
    _refuse(line.address.url, fields, version)
    line.is_replica = fields.get("role") == "slave" and not line.address.sentinels
    doubts = doubts_of(line.address.url, fields, save)
    if not doubts:
        return [], ahead_s
    try:
        (first,) = line.put(("SET", f"{prefix}:told", 1, "NX", "EX", _SAID_S))
    except exceptions.ResponseError:  # a replica, a full memory: that is told too
        first = True
    return doubts if first else [], ahead_s


def _refuse(url: str, info: Mapping[str, str], version: bytes | None) -> None:
    """Raise if the server is none that the store can use."""
    found = tuple(int(part) for part in info.get("redis_version", "6.0").split(".")[:2])
    if found < _OLDEST:
        raise StoreError(
            f"{url}: it is Redis {info['redis_version']}, and the store needs 6.0 or newer; "
            "upgrade it, or name another with --store"
        )
    if info.get("cluster_enabled") == "1":
        raise StoreError(
            f"{url}: it is a node of a Redis Cluster, which spreads keys over servers, and a "
            "sweep's must be on one; name a server that is in no cluster (with replicas and "
            "sentinels, if it is to fail over)"
        )
    if version is not None and int(version) > FORMAT:
        raise StoreVersionError(
            f"{url}: the store is of version {int(version)}, but this sonde knows versions up to "
            f"{FORMAT}; it was left as it is; upgrade sonde"
        )


def doubts_of(url: str, info: Mapping[str, str], save: str | None) -> list[str]:
    """Return where the server keeps less than was answered, each with its remedy.

    Args:
        url: Of the store.
        info: The fields of INFO.
        save: The setting `save`, where it may be read.
    """
    doubts, cli = [], _cli(url)
    if info.get("aof_enabled") == "0":
        kept = "what was written since its last snapshot" if save else "everything"
        if save is None:
            kept = "what was written since its last snapshot, or everything where it makes none,"
        doubts.append(
            f"{url}: the server keeps no append-only file: when it stops, {kept} is lost; "
            f"`{cli} CONFIG SET appendonly yes` and `{cli} CONFIG SET appendfsync always` "
            "(and the same in its redis.conf) have it keep all that it answered"
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy.startswith("allkeys") and info.get("maxmemory", "0") != "0":
        doubts.append(
            f"{url}: when the server's memory is full it drops keys, of sweeps too "
            f"(maxmemory-policy {policy}); `{cli} CONFIG SET maxmemory-policy noeviction` (and "
            "the same in its redis.conf) has it refuse to write instead"
        )
    return doubts


def _cli(url: str) -> str:
    """Return how redis-cli is told which server is meant."""
    parts = urlsplit(url)
    if parts.scheme in {"unix", "redis+unix"}:
        return f"redis-cli -s {shlex.quote(parts.path)}"
    if parts.scheme == "redis+sentinel" or not parts.hostname:
        return "redis-cli -h HOST -p PORT"  # whichever the sentinels name
    words = ["redis-cli", "-h", parts.hostname]
    words += [] if parts.port in {None, 6379} else ["-p", str(parts.port)]
    words += ["--tls"] if parts.scheme == "rediss" else []
    words += ["--user", unquote(parts.username)] if parts.username else []
    return shlex.join(words)


def _ask(line: RedisLine) -> tuple[bytes, str | None, bytes | None, float]:
    line.put(("PING",))  # the line is made: what follows takes no longer than it must
    before = time.time()
    (seconds, micros), info = line.put(("TIME",), ("INFO",))
    ahead_s = (before + time.time()) / 2 - (int(seconds) + int(micros) / 1e6)
    version = None
    if "cluster_enabled:1" not in info.decode("utf-8", "replace"):
        (version,) = line.put(("GET", f"{line.address.prefix}:format"))
    try:
        ((_, save),) = line.put(("CONFIG", "GET", "save"))
    except (exceptions.ResponseError, ValueError):  # forbidden, as by most who host servers
        save = None
    return info, None if save is None else save.decode(), version, ahead_s


def _fields(info: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {name: value for name, colon, value in lines if colon}
