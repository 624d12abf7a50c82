"""Optuna's `storages.journal`: a store in a file."""

from sonde.optuna.doors import door

_PLACES = {
    "JournalFileBackend": "storages",
}
__all__ = list(_PLACES)
__getattr__ = door("storages.journal", _PLACES)
