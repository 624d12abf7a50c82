"""References: to what a call will come to, or to something that was put."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from sonde.errors import ConfigError
from sonde.ray.exceptions import GetTimeoutError

__all__ = ["ObjectRef", "get", "put", "wait"]

_news = threading.Condition()  # notified whenever a reference gets its value


class ObjectRef:
    """What will have a value: of a call, or at once.

    Attributes:
        trial: The trial that the call became, as `SWEEP/NUMBER`; None before, and of a value
            that was put.
    """

    __slots__ = ("_error", "_is_ready", "_value", "trial")

    def __init__(self) -> None:
        self._is_ready = False
        self._value: Any = None
        self._error: BaseException | None = None
        self.trial: str | None = None

    def fulfil(self, value: Any = None, error: BaseException | None = None) -> None:
        """Give it its value, or its error."""
        with _news:
            self._value, self._error, self._is_ready = value, error, True
            _news.notify_all()

    @property
    def is_ready(self) -> bool:
        """Whether it has one."""
        return self._is_ready

    def value(self) -> Any:
        """Return it, or raise the error."""
        if self._error is not None:
            raise self._error
        return self._value

    def __repr__(self) -> str:
        state = "failed" if self._error is not None else "ready" if self._is_ready else "pending"
        return f"ObjectRef({self.trial or 'value'}, {state})"


def put(value: Any) -> ObjectRef:
    """Return a reference to a value; given to a call it is sent once for all calls."""
    ref = ObjectRef()
    ref.fulfil(value)
    return ref


def get(refs: Any, timeout: float | None = None) -> Any:
    """Return the value of a reference, or the values of several, waiting for them.

    What is no reference is returned as it is.

    Raises:
        RayTaskError: If the call raised: it is also an instance of what was raised.
        TaskCancelledError: If the call was cancelled.
        GetTimeoutError: If there is none after so many seconds.
    """
    if isinstance(refs, list | tuple):
        several = [ref for ref in refs if isinstance(ref, ObjectRef)]
        _wait_for(several, len(several), timeout)
        return [ref.value() if isinstance(ref, ObjectRef) else ref for ref in refs]
    if not isinstance(refs, ObjectRef):
        return refs
    _wait_for([refs], 1, timeout)
    return refs.value()


def wait(
    refs: Sequence[ObjectRef], *, num_returns: int = 1, timeout: float | None = None, **_: Any
) -> tuple[list[ObjectRef], list[ObjectRef]]:
    """Wait until so many have a value, at most so long; return those, and the rest.

    Raises:
        ConfigError: If there are not so many.
    """
    known = list(refs)
    if not 0 < num_returns <= len(known):
        raise ConfigError(
            f"wait(num_returns={num_returns})", f"there are {len(known)} references",
            "ask for 1 to as many as there are",
        )  # fmt: skip
    _until(known, num_returns, timeout)
    ready = [ref for ref in known if ref.is_ready][:num_returns]
    return ready, [ref for ref in known if ref not in ready]


def _wait_for(refs: Sequence[ObjectRef], count: int, timeout: float | None) -> None:
    if not _until(refs, count, timeout):
        left = sum(not ref.is_ready for ref in refs)
        raise GetTimeoutError(f"{left} of {len(refs)} calls have no result after {timeout:g} s")


def _until(refs: Sequence[ObjectRef], count: int, timeout: float | None) -> bool:
    end = None if timeout is None else time.monotonic() + timeout
    with _news:
        while sum(ref.is_ready for ref in refs) < count:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            _news.wait(1.0 if left is None else min(left, 1.0))
    return True
