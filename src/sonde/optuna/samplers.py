"""Optuna's `samplers`: search methods of sonde under its names; called, one of its own.

`sonde.optuna.samplers("TPESampler", multivariate=True)` is what `optuna:TPESampler(...)` means as
a search method, which is why this module can be called.
"""

import sys
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sonde.errors import ConfigError
from sonde.optuna.doors import ABSENT, shown

if TYPE_CHECKING:
    from sonde.core.search.protocol import Method

__all__ = ["require"]


def require(where: str) -> None:
    """Refuse what needs Optuna where it is not installed.

    Raises:
        ConfigError: If it is not.
    """
    if find_spec("optuna") is None:
        raise ConfigError(where, "Optuna is not installed", "pip install optuna cmaes")


class _Samplers(ModuleType):
    """This module, which can be called."""

    def __call__(self, name: str | None = None, /, **options: Any) -> "Method[Any]":
        """Return a sampler of Optuna as a search method: what `optuna:NAME(key=value)` means.

        Args:
            name: The name of a class in `optuna.samplers`.
            options: Its keyword arguments.

        Raises:
            ConfigError: If Optuna is not installed, or has no such sampler.
        """
        require(f"method optuna{'' if name is None else f':{name}'}")
        from sonde.optuna.method import Sampled

        return Sampled(name, options)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    why = ABSENT.get(f"samplers.{name}")
    if why is not None:
        raise AttributeError(f"sonde.optuna.samplers has no {name}: {why}")
    return shown("names").own_sampler(name)


sys.modules[__name__].__class__ = _Samplers
