"""What can be wrong with a Redis server, in words: where, what was found, what to do."""

from redis import exceptions

from sonde.errors import StoreError

__all__ = ["FAILURES", "fault", "may_pass"]

FAILURES = (exceptions.RedisError, OSError)
"""What the driver raises."""

# A server that begins, that has become a replica, or that waits for one.
_PASSING = ("LOADING ", "READONLY ", "MASTERDOWN ", "BUSY ", "NOREPLICAS ", "UNBLOCKED ")
_WORDS = {
    "OOM": (
        "its memory is full (maxmemory); nothing of this call was kept",
        "raise maxmemory, or remove what else is in it",
    ),
    "MISCONF": (
        "it cannot write to its disk, and takes nothing more; nothing of this call was kept",
        "free some space and look into its log",
    ),
    "READONLY": (
        "it is a replica, which takes no writes",
        "name the primary, or its sentinels (redis+sentinel://)",
    ),
    "NOAUTH": (
        "it asks for a password",
        "put it into the URL (redis://:PASSWORD@HOST) or into REDISCLI_AUTH",
    ),
    "WRONGPASS": ("the user or the password is wrong", "correct the URL, or REDISCLI_AUTH"),
    "NOPERM": (
        "its ACL forbids it",
        "give the user `~PREFIX:* +@all -@admin +info +config|get`",
    ),
    "WRONGTYPE": (
        "keys of another program stand where ours would",
        "name another prefix: ?prefix=NAME",
    ),
}


def may_pass(error: Exception) -> bool:
    """Tell whether the call may succeed when it is tried again."""
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthorizationError):
        return False
    if isinstance(error, exceptions.ReadOnlyError | exceptions.MasterDownError):
        return True
    if isinstance(error, exceptions.ResponseError):
        return any(word in _said(error) for word in _PASSING)
    return isinstance(error, exceptions.ConnectionError | exceptions.TimeoutError | OSError)


def fault(url: str, error: Exception) -> StoreError:
    """Return the error to raise for one that came up at the server."""
    if isinstance(error, StoreError):
        return error
    said = _said(error)
    found, remedy = f"it said: {said}", "look into its log, or name another with --store"
    if isinstance(error, exceptions.AuthenticationError):
        word = "WRONGPASS" if "WRONGPASS" in said or "invalid" in said else "NOAUTH"
        found, remedy = _WORDS[word]
    elif isinstance(error, exceptions.NoPermissionError):
        found, remedy = f"{_WORDS['NOPERM'][0]} ({said})", _WORDS["NOPERM"][1]
    elif isinstance(error, exceptions.ReadOnlyError):
        found, remedy = (
            "it is a replica, which takes no writes",
            "name the primary, or its sentinels",
        )
    elif isinstance(error, exceptions.OutOfMemoryError):
        found, remedy = _WORDS["OOM"]
    elif may_pass(error):
        found = f"it does not answer ({said})"
        remedy = "is it running, and is the address right? `redis-cli ping` asks it"
    elif isinstance(error, exceptions.ResponseError):
        # In the midst of a script's error, where the server is older than 7.
        found, remedy = next((_WORDS[word] for word in _WORDS if word in said), (found, remedy))
    return StoreError(f"{url}: {found}; {remedy}")


def _said(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
