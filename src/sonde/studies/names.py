"""Optuna's names of samplers and pruners, each with what it is here."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sonde.core.streams import check_seed
from sonde.errors import ConfigError

__all__ = ["Pruner", "Pruners", "Sampler", "own_sampler"]

_METHODS = {
    "TPESampler": "tpe",
    "RandomSampler": "random",
    "GPSampler": "bayes",
    "CmaEsSampler": "cmaes",
    "NSGAIISampler": "evolution",
    "QMCSampler": "quasirandom",
}


def _any_seed() -> int:
    return int.from_bytes(os.urandom(4), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """A search method, and its seed; without one each study draws its own."""

    method: str = "auto"
    seed: int = field(default_factory=_any_seed)

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

    Raises:
        AttributeError: If there is none of that name here.
    """
    if name not in _METHODS:
        known = ", ".join(_METHODS)
        raise AttributeError(
            f"sonde.optuna.samplers has {known}; by name any: sampler='optuna:{name}'"
        )

    def sampler(*, seed: int | None = None, **options: Any) -> Sampler:
        if options:
            raise ConfigError(
                f"{name}({', '.join(options)}=...)",
                f"sonde's {_METHODS[name]} has no such options",
                f"leave them out, or use Optuna's own: sampler='optuna:{name}(...)'",
            )
        if seed is None:
            return Sampler(method=_METHODS[name])
        check_seed(seed)
        return Sampler(method=_METHODS[name], seed=seed)

    return sampler


@dataclass(frozen=True, slots=True)
class Pruner:
    """A stopping rule, as text; None: nobody is stopped."""

    rule: str | None

    @staticmethod
    def of(given: "Pruner | str | None") -> str | None:
        """Return the rule that a program means."""
        if isinstance(given, Pruner):
            return given.rule
        if given is None or isinstance(given, str):
            return given or "median"
        raise ConfigError(
            f"pruner={given!r:.60}",
            "that is none of sonde's",
            "use sonde.optuna.pruners.MedianPruner(), or a stopping rule by name: 'asha'",
        )


class Pruners:
    """`sonde.optuna.pruners`."""

    @staticmethod
    def MedianPruner(  # noqa: N802 Optuna's name
        n_startup_trials: int = 5, n_warmup_steps: int = 0
    ) -> Pruner:
        """Return the median rule."""
        return Pruner(f"median(min_trials={max(n_startup_trials, 1)}, "
                      f"min_steps={max(n_warmup_steps, 1)})")  # fmt: skip

    @staticmethod
    def SuccessiveHalvingPruner(  # noqa: N802
        min_resource: int = 1, reduction_factor: int = 4
    ) -> Pruner:
        """Return asynchronous successive halving."""
        return Pruner(f"asha(min_steps={min_resource}, eta={reduction_factor})")

    @staticmethod
    def HyperbandPruner(min_resource: int = 1, reduction_factor: int = 3) -> Pruner:  # noqa: N802
        """Return asynchronous successive halving too, which takes its place here."""
        return Pruner(f"asha(min_steps={min_resource}, eta={reduction_factor})")

    @staticmethod
    def NopPruner() -> Pruner:  # noqa: N802
        """Return that nobody is stopped."""
        return Pruner(None)
