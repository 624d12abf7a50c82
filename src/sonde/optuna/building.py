"""Samplers of Optuna by name, with options as a person writes them.

Options that are objects are given by what would be written in Python, as text: another
sampler (`independent_sampler="TPESampler()"`), a crossover or a mutation
(`crossover="UniformCrossover"`).
"""

import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.samplers import BaseGASampler, BaseSampler

from sonde.core.space import Space
from sonde.core.wanted import parse_wanted
from sonde.errors import ConfigError

__all__ = ["Recipe", "quiet"]

_NAMES = tuple(
    name
    for name in optuna.samplers.__all__
    if isinstance(found := getattr(optuna.samplers, name), type)
    and issubclass(found, BaseSampler)
    and found not in {BaseSampler, BaseGASampler}
)
_SEQUENCES = {"QMCSampler", "GridSampler"}  # whose seed makes the sequence that trials follow
# What they import when some trials have ended, so that it would be missing only then.
_NEEDS = {"GPSampler": "torch", "CmaEsSampler": "cmaes"}
# What they would say of a study that grows trial by trial, or that sonde sees to.
_UNASKED = {"warn_independent_sampling": False, "warn_asynchronous_seeding": False}
# An optimizer that has to be told what it drew, not what was tried.
_REFUSED = {
    "with_margin": "what it notes of a trial cannot be known again from the trial's values",
    "source_trials": "trials cannot be written down as an option",
    "constraints_func": "the sweep's constraints are passed on by themselves",
    "seed": "the sweep has the seed",
}


class Recipe:
    """A sampler that can be made again and again, each time with another seed."""

    def __init__(self, name: str | None, options: Mapping[str, Any]) -> None:
        where = f"method optuna{'' if name is None else f':{name}'}"
        if name is None:
            raise ConfigError(
                where, "that names no sampler", f"use optuna:{', optuna:'.join(_NAMES)}"
            )
        if name not in _NAMES:
            near = get_close_matches(name, _NAMES, n=1)
            remedy = f"did you mean optuna:{near[0]}?" if near else f"use {', '.join(_NAMES)}"
            raise ConfigError(where, f"Optuna has no sampler {name}", remedy)
        needed = _NEEDS.get(name)
        if needed is not None and find_spec(needed) is None:
            raise ConfigError(where, f"{needed} is not installed", f"pip install {needed}")
        self.where = where
        self.name = name
        self.is_sequence = name in _SEQUENCES
        self._class: Any = getattr(optuna.samplers, name)
        self._known = inspect.signature(self._class).parameters
        self._options = {key: self._option(key, value) for key, value in options.items()}

    def make(self, seed: int, space: Space) -> BaseSampler:
        """Return a new sampler.

        Raises:
            ConfigError: If it refuses its options, or lacks a package.
        """
        given: dict[str, Any] = {k: v for k, v in _UNASKED.items() if k in self._known}
        if "seed" in self._known:
            given["seed"] = seed
        if self.name == "GridSampler" and "search_space" not in self._options:
            given["search_space"] = self._grid(space)
        for key, value in self._options.items():
            given[key] = value.make(seed, space) if isinstance(value, Recipe) else value
        try:
            with quiet():
                sampler: BaseSampler = self._class(**given)
        except ImportError as error:
            raise ConfigError(
                self.where, f"it needs a package: {_first_line(error)}", "install that package"
            ) from error
        except (TypeError, ValueError) as error:
            raise ConfigError(self.where, _first_line(error), "change its options") from error
        return sampler

    def _option(self, key: str, value: Any) -> Any:
        if key in _REFUSED and key in self._known:
            remedy = "use --seed, or seed=" if key == "seed" else "leave it out"
            raise ConfigError(self.where, f"{key} is no option here: {_REFUSED[key]}", remedy)
        if key not in self._known:
            near = get_close_matches(key, self._known, n=1)
            known = ", ".join(k for k in self._known if k not in _REFUSED)
            remedy = f"did you mean {near[0]}?" if near else f"it has {known}"
            raise ConfigError(self.where, f"{self.name} has no option {key}", remedy)
        if not isinstance(value, str):
            return value
        if key in {"independent_sampler", "base_sampler"}:
            wanted = parse_wanted(value)
            return Recipe(wanted.name, wanted.options)
        if key in {"crossover", "mutation"}:
            wanted = parse_wanted(value)
            made = getattr(optuna.samplers.nsgaii, wanted.name, None)
            if not isinstance(made, type):
                offered = [
                    n
                    for n in optuna.samplers.nsgaii.__all__
                    if n.lower().endswith(key) and n.lower() != f"base{key}"
                ]
                raise ConfigError(
                    self.where, f"there is no {key} {value}", f"use {', '.join(offered)}"
                )
            with quiet():
                return made(**wanted.options)
        return value

    def _grid(self, space: Space) -> dict[str, Any]:
        from sonde.optuna.suggesting import Suggested

        grid = {}
        for parameter in space.dimensions:
            suggested = Suggested(parameter.distribution)
            values = parameter.distribution.grid()  # ConfigError where there is no end of them
            grid[parameter.name] = [suggested.to_theirs(value) for value in values]
        return grid


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from warning about what the user did not write."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
