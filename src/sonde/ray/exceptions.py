"""What `get` raises, by Ray's names."""

from typing import Any

from sonde.errors import TrialError

__all__ = ["GetTimeoutError", "RayError", "RayTaskError", "TaskCancelledError", "raised"]


class RayError(TrialError):
    """The root of them."""


class RayTaskError(RayError):
    """A call raised; also an instance of what it raised, which stands in `cause`."""

    def __init__(self, text: str, cause: BaseException | None = None) -> None:
        Exception.__init__(self, text)
        self.cause = cause

    def __str__(self) -> str:
        return str(Exception.__str__(self))


class TaskCancelledError(RayError):
    """A call was ended before it had a result."""


class GetTimeoutError(RayError, TimeoutError):
    """There was no result in time."""


def raised(text: str, cause: BaseException | None) -> RayTaskError:
    """Return the error of a call that raised: a `RayTaskError` that is also the cause's kind."""
    if cause is None or not isinstance(cause, Exception):
        return RayTaskError(text, cause)
    kind = type(cause)
    try:
        both: Any = type(f"RayTaskError({kind.__name__})", (RayTaskError, kind), {})
        found: RayTaskError = both(text, cause)
    except TypeError:  # a class that allows no other one beside it
        return RayTaskError(text, cause)
    return found
