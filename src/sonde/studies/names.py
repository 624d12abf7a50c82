"""Optuna's names of samplers, each with what it is here."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any

from sonde.core.appearing import clean
from sonde.core.streams import check_seed
from sonde.errors import ConfigError
from sonde.studies.frozen import FrozenTrial

__all__ = ["SAMPLERS", "Sampler", "own_sampler"]

_METHODS = {
    "TPESampler": "tpe",
    "RandomSampler": "random",
    "GPSampler": "bayes",
    "CmaEsSampler": "cmaes",
    "NSGAIISampler": "evolution",
    "QMCSampler": "quasirandom",
}
_THEIRS = ("BruteForceSampler", "NSGAIIISampler")  # there is nothing like them here
SAMPLERS = (*_METHODS, *_THEIRS, "GridSampler", "PartialFixedSampler")
"""The names that `own_sampler` knows."""


def _any_seed() -> int:
    return int.from_bytes(os.urandom(4), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """A search method, and its seed; without one each study draws its own.

    Attributes:
        grid: The values of each parameter, of a grid.
        fixed: Values that parameters have in all trials.
        bounds: Says of a trial how far it breaks each bound; 0 or less keeps to it.
    """

    method: str = "auto"
    seed: int = field(default_factory=_any_seed)
    grid: Mapping[str, Sequence[Any]] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    bounds: Callable[[FrozenTrial], Sequence[float]] | None = None

    @staticmethod
    def of(given: "Sampler | str | None") -> "Sampler":
        """Return what a program gave."""
        if isinstance(given, Sampler):
            return given
        if given is None or isinstance(given, str):
            return Sampler(method=given or "auto")
        raise ConfigError(
            f"sampler={given!r:.60}",
            "that is none of sonde's",
            "use sonde.optuna.samplers.TPESampler(), or a method by name: 'optuna:TPESampler'",
        )


def own_sampler(name: str) -> Callable[..., Sampler]:
    """Return what makes the sampler of a name that Optuna has.

    Where it is given options, which are of Optuna's algorithm, that is what makes the
    proposals: `optuna:NAME(...)`.

    Raises:
        AttributeError: If there is none of that name here.
    """
    if name == "GridSampler":
        return _grid
    if name == "PartialFixedSampler":
        return _partly_fixed
    if name not in SAMPLERS:
        raise AttributeError(
            f"sonde.optuna.samplers has {', '.join(SAMPLERS)}; by name any: sampler='optuna:{name}'"
        )

    def sampler(
        seed: int | None = None, *, constraints_func: Any = None, **options: Any
    ) -> Sampler:
        method = _METHODS.get(name)
        if options or method is None:
            method = _theirs(name, options)
        seed = _any_seed() if seed is None else _whole(seed)
        return Sampler(method=method, seed=seed, bounds=constraints_func)

    return sampler


def _theirs(name: str, options: Mapping[str, Any]) -> str:
    """Return Optuna's own sampler as a search method."""
    written = ", ".join(f"{key}={value!r}" for key, value in options.items())
    where = f"{name}({written:.60})"
    for key, value in options.items():
        if not (value is None or isinstance(value, bool | int | float | str)):
            raise ConfigError(
                where,
                f"{key} is an object, and a study keeps its sampler as text",
                f"leave it out, or write it as text: {key}='RandomSampler()'",
            )
    if find_spec("optuna") is None:
        raise ConfigError(
            where,
            "that is Optuna's own, which is not installed",
            f"pip install optuna cmaes; or leave the options out: {_METHODS.get(name, 'auto')}",
        )
    return f"optuna:{name}({written})" if written else f"optuna:{name}"


def _grid(search_space: Mapping[str, Sequence[Any]], seed: int | None = None) -> Sampler:
    """Return a grid of these values; `optimize` ends once all of it was tried."""
    grid = {clean(name): tuple(values) for name, values in search_space.items()}
    return Sampler(method="grid", seed=_any_seed() if seed is None else _whole(seed), grid=grid)


def _partly_fixed(fixed_params: Mapping[str, Any], base_sampler: Any) -> Sampler:
    """Return a sampler of which some parameters have one value."""
    return replace(Sampler.of(base_sampler), fixed=dict(fixed_params))


def _whole(seed: int) -> int:
    check_seed(seed)
    return seed
