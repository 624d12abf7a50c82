"""Optuna's `exceptions`: what is raised here, under its names."""

from sonde.optuna.doors import door

_PLACES = {
    "CLIUsageError": "faults",
    "DuplicatedStudyError": "faults",
    "ExperimentalWarning": "faults",
    "OptunaError": "faults",
    "StorageInternalError": "faults",
    "TrialPruned": "faults",
    "UpdateFinishedTrialError": "faults",
}
__all__ = list(_PLACES)
__getattr__ = door("exceptions", _PLACES)
