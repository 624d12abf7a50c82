"""Optuna's `storages`: the stores that they are here."""

from importlib import import_module
from typing import Any

from sonde.optuna.doors import door

_PLACES = {
    "InMemoryStorage": "storages",
    "JournalStorage": "storages",
    "RDBStorage": "storages",
    "get_storage": "storages",
}
__all__ = list(_PLACES)
_find = door("storages", _PLACES)


def __getattr__(name: str) -> Any:
    return import_module(f"{__name__}.journal") if name == "journal" else _find(name)
