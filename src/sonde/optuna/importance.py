"""Optuna's `importance`: which parameters matter."""

from sonde.optuna.doors import door

_PLACES = {
    "FanovaImportanceEvaluator": "importances",
    "PedAnovaImportanceEvaluator": "importances",
    "get_param_importances": "importances",
}
__all__ = list(_PLACES)
__getattr__ = door("importance", _PLACES)
