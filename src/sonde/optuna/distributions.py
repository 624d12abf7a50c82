"""Optuna's `distributions`: what parameters are searched in."""

from sonde.optuna.doors import door

_PLACES = {
    "BaseDistribution": "searched",
    "CategoricalDistribution": "searched",
    "FloatDistribution": "searched",
    "IntDistribution": "searched",
}
__all__ = list(_PLACES)
__getattr__ = door("distributions", _PLACES)
