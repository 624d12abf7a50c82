"""Optuna's names of exceptions, each with what is raised here."""

from sonde.errors import ConfigError, SondeError, StoreError, SweepExistsError
from sonde.studies.trials import TrialPruned

__all__ = [
    "CLIUsageError",
    "DuplicatedStudyError",
    "ExperimentalWarning",
    "OptunaError",
    "StorageInternalError",
    "TrialPruned",
    "UpdateFinishedTrialError",
]

OptunaError = SondeError
CLIUsageError = ConfigError
StorageInternalError = StoreError
DuplicatedStudyError = SweepExistsError
UpdateFinishedTrialError = ValueError


class ExperimentalWarning(Warning):
    """For programs that silence it: nothing here warns so."""
