"""sonde: hyperparameter search for any training script.

In a script that is tuned: `sonde.config`, `sonde.log`, `sonde.should_stop`,
`sonde.checkpoint`. To tune one: `sonde.sweep`, with a `sonde.Space` of `sonde.Float`,
`sonde.Int` and `sonde.Choice`.

This module loads the standard library only, and each name with its first use.
"""

TYPE_CHECKING = False  # `typing` would cost each training process 3 ms
if TYPE_CHECKING:
    from typing import Any

    from sonde.api.declare import sweep  # not `sonde.api`, where a module has the name too
    from sonde.api.sweep import Sweep
    from sonde.api.trial import Trial
    from sonde.errors import (
        AmbiguousError,
        ConfigError,
        ConfigErrors,
        ConflictError,
        ExhaustedError,
        IllegalTransitionError,
        LeaseLostError,
        NotFoundError,
        SondeError,
        Stopped,
        StoreError,
        StoreVersionError,
        SweepExistsError,
        TrialError,
    )
    from sonde.space import Choice, Float, Int, Space
    from sonde.tracking import checkpoint, config, finish, init, log, seed, should_stop, summary

    __version__: str

__all__ = [
    "AmbiguousError",
    "Choice",
    "ConfigError",
    "ConfigErrors",
    "ConflictError",
    "ExhaustedError",
    "Float",
    "IllegalTransitionError",
    "Int",
    "LeaseLostError",
    "NotFoundError",
    "SondeError",
    "Space",
    "Stopped",
    "StoreError",
    "StoreVersionError",
    "Sweep",
    "SweepExistsError",
    "Trial",
    "TrialError",
    "__version__",
    "checkpoint",
    "config",
    "finish",
    "init",
    "log",
    "seed",
    "should_stop",
    "summary",
    "sweep",
]

_HOMES = {
    "sonde.api": ("Sweep", "Trial", "sweep"),
    "sonde.space": ("Choice", "Float", "Int", "Space"),
    "sonde.tracking": (
        "checkpoint",
        "config",
        "finish",
        "init",
        "log",
        "seed",
        "should_stop",
        "summary",
    ),
}  # the other names are errors


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        raise AttributeError(f"module 'sonde' has no attribute '{name}'")
    if name == "__version__":
        from importlib.metadata import version

        value = version("sonde")
    else:
        from importlib import import_module

        home = next((home for home, names in _HOMES.items() if name in names), "sonde.errors")
        value = getattr(import_module(home), name)
    globals()[name] = value  # so that this function is asked once
    return value


def __dir__() -> list[str]:
    return __all__
