"""Optuna's `trial`: what an objective is given, and what a study has of it afterwards."""

from sonde.optuna.doors import door

_PLACES = {
    "FixedTrial": "frozen",
    "FrozenTrial": "frozen",
    "Trial": "trials",
    "TrialState": "frozen",
    "create_trial": "frozen",
}
__all__ = list(_PLACES)
__getattr__ = door("trial", _PLACES)
