"""Optuna's `pruners`: the stopping rules that they are here."""

from sonde.optuna.doors import door

_PLACES = {
    "HyperbandPruner": "pruners",
    "MedianPruner": "pruners",
    "NopPruner": "pruners",
    "PatientPruner": "pruners",
    "PercentilePruner": "pruners",
    "SuccessiveHalvingPruner": "pruners",
    "ThresholdPruner": "pruners",
}
__all__ = list(_PLACES)
__getattr__ = door("pruners", _PLACES)
