"""Every exception that sonde raises on purpose.

SondeError
├── ConfigError          what the user wrote is wrong: where, what was found, what to do
│   └── ConfigErrors     several of them, found in one reading
├── NotFoundError        no sweep, trial or file of that name
├── AmbiguousError       a prefix that fits several sweeps
├── StoreError           the store cannot be opened, read or written
│   ├── StoreVersionError    it was written by a newer sonde
│   ├── ConflictError        the decision was made from an older revision: read again
│   ├── SweepExistsError     a sweep of that name is there already
│   └── LeaseLostError       the lease lapsed and another agent has the trial, or it was ended
├── IllegalTransitionError   a state that cannot follow the present one
├── PlaceError           a place where agents are started refuses, or does not answer
├── ExhaustedError       the search method has nothing left to propose
└── TrialError           the user's program failed

Stopped (BaseException)  raised in the user's function when its trial is to end
"""

from collections.abc import Sequence

__all__ = [
    "AmbiguousError",
    "ConfigError",
    "ConfigErrors",
    "ConflictError",
    "ExhaustedError",
    "IllegalTransitionError",
    "LeaseLostError",
    "NotFoundError",
    "PlaceError",
    "ReportsLostError",
    "SondeError",
    "Stopped",
    "StoreError",
    "StoreVersionError",
    "SweepExistsError",
    "TrialError",
]


class SondeError(Exception):
    """The root of all errors that sonde raises on purpose."""

    exit_code = 2


class ConfigError(SondeError):
    """Something the user wrote is wrong.

    Attributes:
        where: The flag, key path or expression at fault.
        found: What stands there and why it cannot be used.
        remedy: What to write instead.
    """

    def __init__(self, where: str, found: str, remedy: str) -> None:
        super().__init__(f"{where}: {found}; {remedy}")
        self.where = where
        self.found = found
        self.remedy = remedy


class ConfigErrors(ConfigError):
    """All faults of one input, in the order in which they were found."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        Exception.__init__(self, "\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
        first = self.faults[0]
        self.where, self.found, self.remedy = first.where, first.found, first.remedy


class NotFoundError(SondeError):
    """There is no sweep, trial or file of that name."""


class AmbiguousError(SondeError):
    """A name or prefix fits several sweeps."""


class StoreError(SondeError):
    """The store cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The store was written by a newer sonde; it was not touched."""


class ConflictError(StoreError):
    """A decision was made from an older revision than the store has: read and decide again."""


class SweepExistsError(StoreError):
    """A sweep of that name is there already."""


class LeaseLostError(StoreError):
    """The lease has lapsed and the trial was leased again, or it has been ended."""


class ReportsLostError(SondeError, ValueError):
    """The store lacks reports before those that it was given."""


class IllegalTransitionError(SondeError):
    """A state that cannot follow the present one."""


class PlaceError(SondeError):
    """A place where agents are started refuses what it is asked, or does not answer."""


class ExhaustedError(SondeError):
    """The search method has nothing left to propose, or the budget is used up."""


class TrialError(SondeError):
    """The user's program failed; the message carries the end of what it printed."""


class Stopped(BaseException):
    """Raised inside the user's function by `sonde.log` when its trial is to end.

    A verdict, not an error: it must get past the user's own `except Exception`.
    """
