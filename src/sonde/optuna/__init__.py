"""Optuna's door, both ways.

Programs written for Optuna run here with one import changed (`import sonde.optuna as optuna`:
`create_study(...).optimize(objective)`), without Optuna being installed. `SondeSampler` has
sonde's methods in Optuna's studies, and `optuna:NAME` has Optuna's samplers as methods: both
need the extra `optuna`. Nothing is imported before it is asked for.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sonde.errors import ConfigError

if TYPE_CHECKING:
    from sonde.core.search.protocol import Method
    from sonde.optuna.sampler import SondeSampler
    from sonde.studies.names import Pruners
    from sonde.studies.opening import create_study, load_study
    from sonde.studies.study import Study
    from sonde.studies.trials import FrozenTrial, Trial, TrialPruned, TrialState

    pruners = Pruners()

__all__ = [
    "FrozenTrial",
    "SondeSampler",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialState",
    "create_study",
    "load_study",
    "pruners",
    "samplers",
]

_PLACES = {
    "FrozenTrial": "trials",
    "Study": "study",
    "Trial": "trials",
    "TrialPruned": "trials",
    "TrialState": "trials",
    "create_study": "opening",
    "load_study": "opening",
}


class _Samplers:
    """Samplers under Optuna's names; called, a sampler of Optuna's as a search method."""

    def __call__(self, name: str | None = None, /, **options: Any) -> "Method[Any]":
        """Return a sampler of Optuna as a search method: what `optuna:NAME(key=value)` means.

        Args:
            name: The name of a class in `optuna.samplers`.
            options: Its keyword arguments.

        Raises:
            ConfigError: If Optuna is not installed, or has no such sampler.
        """
        _require(f"method optuna{'' if name is None else f':{name}'}")
        from sonde.optuna.method import Sampled

        return Sampled(name, options)

    def __getattr__(self, name: str) -> Any:
        return _shown("names").own_sampler(name)


samplers = _Samplers()


def __getattr__(name: str) -> Any:
    if name == "SondeSampler":
        _require("sonde.optuna.SondeSampler")
        from sonde.optuna.sampler import SondeSampler

        return SondeSampler
    if name == "pruners":
        return _shown("names").Pruners()
    if name == "exceptions":
        return SimpleNamespace(TrialPruned=_shown("trials").TrialPruned)
    if name in _PLACES:
        return getattr(_shown(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _shown(name: str) -> Any:
    """Return a module of `sonde.studies`; by name, as the command line stands below it."""
    return import_module(f"sonde.studies.{name}")


def _require(where: str) -> None:
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise ConfigError(where, "Optuna is not installed", "pip install optuna cmaes")
