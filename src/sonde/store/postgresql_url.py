"""URLs of PostgreSQL stores: what libpq understands, and `schema`, which is ours.

    postgresql://user@host:5432/database?schema=sonde
    postgresql:///database?host=/var/run/postgresql
    postgresql://user@first,second/database?target_session_attrs=read-write

The password may stand in it, or wherever libpq looks for it: PGPASSWORD, ~/.pgpass, a service.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from sonde.errors import ConfigError
from sonde.store.passwords import keep, kept_for, parted

__all__ = ["DEFAULT_SCHEMA", "Address", "address_of"]

DEFAULT_SCHEMA = "sonde"
_SCHEMA = re.compile(r"([?&])schema=([^&]*)(&?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database and the schema in it.

    Attributes:
        url: For people and for agents: without the password.
        conninfo: For libpq: without the password, and the schema.
        place: What of it names the database, for messages.
    """

    url: str
    conninfo: str
    password: str | None
    schema: str
    place: str


def address_of(url: str, where: str) -> Address:
    """Read a URL.

    Args:
        url: `postgresql://...`, `postgres://...` or `postgresql+psycopg://...`.
        where: The user's words, for errors.

    Raises:
        ConfigError: If it cannot be understood.
    """
    shown, password = parted(url)
    shown = "postgresql:" + shown.partition(":")[2]
    if password is None:
        password = kept_for(shown)
    else:
        keep(shown, password)
    found = _SCHEMA.search(shown)
    schema = unquote(found[2]) if found else DEFAULT_SCHEMA
    if not _NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise ConfigError(
            where,
            f"'{schema}' cannot be the name of a schema",
            "use letters, digits and _, as in ?schema=vision",
        )
    conninfo = _SCHEMA.sub(lambda m: m[1] if m[3] else "", shown)
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(conninfo)
    except ProgrammingError as error:
        # What libpq says of it may quote a part of a password with a sign that it stumbled over.
        said = "" if password is not None else f" ({str(error).strip()})"
        raise ConfigError(
            where,
            f"'{shown}' is no URL of a PostgreSQL database{said}",
            "write postgresql://USER@HOST:5432/DATABASE; in a password %, @, / and : "
            "are %25, %40, %2F and %3A",
        ) from None
    return Address(
        url=shown,
        conninfo=conninfo,
        password=password,
        schema=schema,
        place=f"{conninfo} (schema {schema})" if found else conninfo,
    )
