"""Values in dicts of dicts."""

from collections.abc import Sequence
from typing import Any


def get_nested_value(data: Any, keys: Sequence[str]) -> Any:
    """Follow keys; KeyError where one is missing."""
    for key in keys:
        data = data[key]
    return data


def dict_has_nested_key(data: Any, keys: Sequence[str]) -> bool:
    """Tell whether all keys are there."""
    try:
        get_nested_value(data, keys)
    except KeyError:
        return False
    return True
