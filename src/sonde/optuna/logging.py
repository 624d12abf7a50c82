"""Optuna's `logging`: how much is written while a study runs."""

from sonde.optuna.doors import door

_PLACES = {
    "CRITICAL": "logs",
    "DEBUG": "logs",
    "ERROR": "logs",
    "FATAL": "logs",
    "INFO": "logs",
    "WARN": "logs",
    "WARNING": "logs",
    "create_default_formatter": "logs",
    "disable_default_handler": "logs",
    "disable_propagation": "logs",
    "enable_default_handler": "logs",
    "enable_propagation": "logs",
    "get_logger": "logs",
    "get_verbosity": "logs",
    "set_verbosity": "logs",
}
__all__ = list(_PLACES)
__getattr__ = door("logging", _PLACES)
