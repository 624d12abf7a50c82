"""URLs of Redis stores: where the server is, and which of its keys are ours.

    redis://host:6379/0              plain, database 0
    rediss://user@host:6380/2        over TLS, as a user of the server's ACL
    unix:///run/redis/redis.sock?db=1
    redis+sentinel://one:26379,two:26379/mymaster/0

with `?prefix=NAME`, so that several stores share a database, and `?replicas=N`: an answer
waits until N replicas have it. The password may stand in the URL, or in REDISCLI_AUTH.
"""

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sonde.errors import ConfigError
from sonde.store.passwords import keep, kept_for, parted

__all__ = ["SCHEMES", "Address", "address_of"]

SCHEMES = frozenset({"redis", "rediss", "redis+unix", "redis+sentinel", "unix"})
_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FORM = (
    "write redis://HOST:6379/0, rediss://..., unix:///PATH or redis+sentinel://HOST:26379/NAME/0"
)
_TLS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_cert_reqs"}
_OPTIONS = {"db", "prefix", "replicas"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A server, a database of it, and what its keys begin with.

    Attributes:
        url: For people and for agents: without the password.
        options: For the connections: host, port, path, db, username, password, TLS.
        sentinels: Who knows where the server named `service` is; none: it is where `options` say.
        replicas: So many replicas have what was answered.
    """

    url: str
    options: dict[str, Any]
    prefix: str
    replicas: int
    is_tls: bool
    sentinels: tuple[tuple[str, int], ...]
    service: str


def address_of(url: str, where: str) -> Address:
    """Read a URL.

    Args:
        url: One of the forms above.
        where: The user's words, for errors.

    Raises:
        ConfigError: If it cannot be understood.
    """
    shown, password = parted(url)
    if password is None:
        password = kept_for(shown) or os.environ.get("REDISCLI_AUTH") or None
    else:
        keep(shown, password)
    parts = urlsplit(shown)
    given = dict(parse_qsl(parts.query))
    user, _, place = parts.netloc.rpartition("@")
    options: dict[str, Any] = {"password": password, "username": unquote(user) or None}
    sentinels: tuple[tuple[str, int], ...] = ()
    service = ""
    if unknown := given.keys() - _OPTIONS - (_TLS if parts.scheme == "rediss" else set()):
        raise _refused(where, shown, f"the option {min(unknown)} is unknown")
    database = given.get("db", "")
    if parts.scheme in {"unix", "redis+unix"}:
        if not parts.path.strip("/"):
            raise _refused(where, shown, "it names no socket")
        options["path"] = unquote(parts.path)
    elif parts.scheme == "redis+sentinel":
        service, _, rest = parts.path.strip("/").partition("/")
        if not service or not place:
            raise _refused(where, shown, "it names no service of the sentinels")
        sentinels = tuple(_host(one, 26379, where, shown) for one in place.split(","))
        database = database or rest
    else:
        options["host"], options["port"] = _host(place or "localhost", 6379, where, shown)
        database = database or parts.path.strip("/")
    options["db"] = _number(database or "0", "database", where, shown)
    prefix = given.get("prefix", "sonde")
    if not _PREFIX.fullmatch(prefix):
        raise _refused(where, shown, f"'{prefix}' cannot be a prefix: use letters, digits, . _ -")
    return Address(
        url=shown,
        options=options | {key: value for key, value in given.items() if key in _TLS},
        prefix=prefix,
        replicas=_number(given.get("replicas", "0"), "number of replicas", where, shown),
        is_tls=parts.scheme == "rediss",
        sentinels=sentinels,
        service=service,
    )


def _host(text: str, port: int, where: str, url: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(\d{1,5}))?", text)
    if found is None:
        raise _refused(where, url, f"'{text}' is no host and port")
    return found[1].strip("[]"), int(found[2] or port)


def _number(text: str, what: str, where: str, url: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise _refused(where, url, f"'{text}' is no {what}")
    return int(text)


def _refused(where: str, url: str, found: str) -> ConfigError:
    return ConfigError(where, f"'{url}': {found}", _FORM)
