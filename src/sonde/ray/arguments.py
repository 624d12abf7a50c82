"""A call's arguments as the values of a trial, and back.

The dict that comes first is spread: each of its items is a value of the trial. So are the other
arguments, by their names. What is no number, text or truth value travels pickled, as a blob of the
store, and its value is the blob's name.
"""

import inspect
import math
import os
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cloudpickle

from sonde.agent.blobs import BLOB, FOLDER

__all__ = ["decoded", "encoded", "plain"]

_EXACT = 2**53  # up to which whole numbers are exact in JSON, whoever reads it
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def encoded(
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    keep: Callable[[bytes], str],
    known: Callable[[Any], str | None],
) -> dict[str, Any]:
    """Return the values of the trial that a call is.

    Args:
        signature: Of the function.
        args: As it is called.
        kwargs: Likewise.
        keep: Keeps bytes in the store; returns their key.
        known: What stands for a value that is in the store already; None: it is not.

    Raises:
        TypeError: If it cannot be called so.
    """

    def kept(value: Any) -> Any:
        found: Any = known(value)
        if found is not None:
            return found
        found = plain(value)
        return BLOB + keep(cloudpickle.dumps(value)) if found is None else found

    bound = signature.bind(*args, **kwargs).arguments
    params: dict[str, Any] = {}
    for place, (name, value) in enumerate(bound.items()):
        if place or not _is_spread(value):
            params[name] = kept(value)
            continue
        taken = signature.parameters
        for key, item in value.items():
            params[f"{name}.{key}" if key in taken else key] = kept(item)
    return params


def decoded(
    signature: inspect.Signature, params: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of the call that a trial is."""
    names = signature.parameters
    first = next(iter(names), "")
    found: dict[str, Any] = {}
    spread: dict[str, Any] = {}
    for name, value in params.items():
        item = _fetched(value)
        if name in names:
            found[name] = item
        else:
            inner = name.removeprefix(f"{first}.")
            spread[inner if inner in names else name] = item
    if spread:
        found[first] = spread
    bound = inspect.BoundArguments(signature, {n: found[n] for n in names if n in found})
    return bound.args, bound.kwargs


def plain(value: Any) -> bool | int | float | str | None:
    """Return a value as a trial has it; None: it is not one that comes back as it was."""
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "shape", None) == () and hasattr(value, "dtype"):
        value = item()  # a scalar of NumPy
    kind = type(value)
    is_plain = (
        kind is bool
        or (kind is int and abs(value) <= _EXACT)
        or (kind is float and math.isfinite(value))
        or (kind is str and not value.startswith(BLOB) and len(value) <= 1000)
    )
    return value if is_plain else None


def _is_spread(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(isinstance(key, str) and _NAME.fullmatch(key) for key in value)
    )


def _fetched(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(BLOB):
        return value
    file = Path(os.environ[FOLDER]) / value.removeprefix(BLOB)
    return pickle.loads(file.read_bytes())  # noqa: S301 - the user's own
