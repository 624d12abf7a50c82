"""Optuna's door, both ways: `sonde.optuna.SondeSampler`, and Optuna's samplers as methods.

Nothing of Optuna is imported before it is asked for; the extra `optuna` installs it.
"""

from typing import TYPE_CHECKING, Any

from sonde.errors import ConfigError

if TYPE_CHECKING:
    from sonde.core.search.protocol import Method
    from sonde.optuna.sampler import SondeSampler

__all__ = ["SondeSampler", "samplers"]


def samplers(name: str | None = None, /, **options: Any) -> "Method[Any]":
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


def __getattr__(name: str) -> Any:
    if name == "SondeSampler":
        _require("sonde.optuna.SondeSampler")
        from sonde.optuna.sampler import SondeSampler

        return SondeSampler
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _require(where: str) -> None:
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise ConfigError(where, "Optuna is not installed", "pip install 'sonde[optuna]'")
