"""A call where it runs: what the trial's worker calls, and what comes back of it.

What a function returns, or raises, comes back through the trial's facts: as it is where it is
plain, else pickled.
"""

import base64
import inspect
import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import cloudpickle

from sonde.core.returned import Returned
from sonde.ray.arguments import decoded, plain

__all__ = ["GOAL", "Called", "cause_of", "result_of"]

GOAL = "value"
_RESULT, _PICKLED, _ERROR = "result", "result_pickled", "error_pickled"
_LARGEST = 8 << 20  # bytes of a result that the store is given


class Called:
    """Calls the user's function with a trial's values."""

    def __init__(self, function: Callable[..., Any], goal: str = GOAL) -> None:
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self._goal = goal

    def __call__(self, **params: Any) -> Returned:
        """Return what the worker is to tell; what the function raises is raised."""
        args, kwargs = decoded(inspect.signature(self.__wrapped__), params)
        try:
            returned = self.__wrapped__(*args, **kwargs)
        except Exception as error:
            error.sonde_facts = _facts_of_error(error)  # type: ignore[attr-defined]
            raise
        return Returned(values=_metrics(returned, self._goal), facts=_facts(returned))


def result_of(facts: Mapping[str, Any]) -> Any:
    """Return what a call returned, from its trial's facts.

    Raises:
        LookupError: If it says nothing of it.
    """
    if _PICKLED in facts:
        return pickle.loads(base64.b64decode(facts[_PICKLED]))  # noqa: S301 - the user's own
    return facts[_RESULT]


def cause_of(facts: Mapping[str, Any]) -> BaseException | None:
    """Return what a call raised, where it could be sent."""
    if _ERROR not in facts:
        return None
    try:
        found = pickle.loads(base64.b64decode(facts[_ERROR]))  # noqa: S301 - the user's own
    except Exception:  # noqa: BLE001 - whatever unpickling it does here
        return None
    return found if isinstance(found, BaseException) else None


def _facts(returned: Any) -> dict[str, Any]:
    if returned is None or (plain(returned) is not None and type(returned) in _EXACT):
        return {_RESULT: returned}
    data = cloudpickle.dumps(returned)
    if len(data) > _LARGEST:
        text = f"the result is too large to be sent: {len(data) >> 20} MB; write it to a file"
        raise ValueError(text)
    return {_PICKLED: base64.b64encode(data).decode()}


def _facts_of_error(error: Exception) -> dict[str, Any]:
    try:
        data = cloudpickle.dumps(error)
        pickle.loads(data)  # noqa: S301 - some can be written and not read
    except Exception:  # noqa: BLE001 - whatever its class does
        return {}
    return {_ERROR: base64.b64encode(data).decode()} if len(data) <= _LARGEST else {}


def _metrics(returned: Any, goal: str) -> dict[str, float]:
    """Return the numbers of a result: of itself, or of a dict's items by name."""
    items = returned.items() if isinstance(returned, Mapping) else [(goal, returned)]
    found = {str(name): _number(value) for name, value in items}
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool | str | bytes | bytearray):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    return number if not math.isinf(number) else None


_EXACT = (bool, int, float, str)
