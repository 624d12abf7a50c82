"""What can be wrong with a PostgreSQL store, in words: where, what was found, what to do."""

import psycopg
from psycopg import errors

from sonde.errors import StoreError, StoreVersionError

__all__ = ["fault", "foreign", "is_passing", "newer"]

_PASSING = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.DeadlockDetected,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
    errors.SerializationFailure,
    errors.TooManyConnections,
)
_WORDS: tuple[tuple[type[psycopg.Error], str, str], ...] = (
    (
        errors.ReadOnlySqlTransaction,
        "it is a read replica, or read-only",
        "name the primary (several hosts with target_session_attrs=read-write find it)",
    ),
    (
        errors.TooManyConnections,
        "the server takes no more connections",
        "raise its max_connections, or start fewer agents",
    ),
    (
        errors.InsufficientPrivilege,
        "this user may not do that there",
        "let its administrator GRANT CREATE ON DATABASE to it, or name a schema with ?schema=",
    ),
    (
        errors.InvalidCatalogName,
        "there is no such database",
        "make it (`createdb NAME`), or name another one",
    ),
    (
        errors.InvalidPassword,
        "the password is wrong",
        "put the right one into ~/.pgpass or PGPASSWORD, or behind the user in the URL",
    ),
    (
        errors.DiskFull,
        "the disk of the server is full; nothing of this call was kept",
        "free some space there",
    ),
)


def is_passing(error: psycopg.Error) -> bool:
    """Tell whether the server may answer when it is asked again: it restarts, or failed over."""
    if isinstance(error, _PASSING):
        return True
    state = error.sqlstate
    return state is not None and state[:2] in {"08", "57"} and state != "57014"


def fault(place: str, error: psycopg.Error) -> StoreError:
    """Return the error to raise for one of the driver's."""
    for kind, found, remedy in _WORDS:
        if isinstance(error, kind):
            return StoreError(f"{place}: {found}; {remedy}")
    said = " ".join(str(error).split()) or type(error).__name__
    if "password authentication failed" in said or "no password supplied" in said:
        found, remedy = next(words[1:] for words in _WORDS if words[0] is errors.InvalidPassword)
        return StoreError(f"{place}: {found}; {remedy}")
    if "does not exist" in said and "database" in said:
        found, remedy = next(words[1:] for words in _WORDS if words[0] is errors.InvalidCatalogName)
        return StoreError(f"{place}: {found}; {remedy}")
    if ("does not exist" in said and "role" in said) or "pg_hba.conf" in said:
        reason = said.rpartition("FATAL:")[2].strip()
        return StoreError(
            f"{place}: the server lets this user not in ({reason}); name another one in the URL, "
            "or let its administrator add it"
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreError(f"{place}: no answer from the server ({said}); is it running there?")
    return StoreError(f"{place}: {said}; nothing of this call was kept")


def foreign(place: str, schema: str) -> StoreError:
    """Return the error for a schema that another program uses."""
    return StoreError(
        f"{place}: the schema {schema} has tables of another program, and was left as it is; "
        "name another one with ?schema="
    )


def newer(place: str, found: int, known: int) -> StoreVersionError:
    """Return the error for a store that a later sonde has written."""
    return StoreVersionError(
        f"{place}: the store is of version {found}, but this sonde knows versions up to {known}; "
        "it was left as it is; upgrade sonde"
    )
