"""Search methods by name, each imported when it is first asked for.

To add one: a file in this package, and a line in `METHODS`.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sonde.core.search.auto import Progress, choose
from sonde.core.search.protocol import Method, Problem, Request
from sonde.core.wanted import Wanted, called, parse_wanted
from sonde.errors import ConfigError

__all__ = [
    "BREEDERS",
    "CUSTOM",
    "METHODS",
    "Method",
    "Problem",
    "Progress",
    "Request",
    "Wanted",
    "called",
    "choose",
    "method",
    "parse_wanted",
    "unknown",
]


def _grid() -> Method[Any]:
    from sonde.core.search.grid import Grid

    return Grid()


def _random() -> Method[Any]:
    from sonde.core.search.random import Random

    return Random()


def _quasirandom() -> Method[Any]:
    from sonde.core.search.quasirandom import Quasirandom

    return Quasirandom()


def _tpe() -> Method[Any]:
    from sonde.core.search.tpe import Tpe

    return Tpe()


def _bayes() -> Method[Any]:
    from sonde.core.search.bayes import Bayes

    return Bayes()


def _cmaes() -> Method[Any]:
    from sonde.core.search.cmaes import Cmaes

    return Cmaes()


def _evolution() -> Method[Any]:
    from sonde.core.search.evolution import Evolution

    return Evolution()


def _pbt(
    *,
    population: int = 10,
    quantile: float = 0.25,
    resample: float = 0.25,
    factors: Sequence[float] = (0.8, 1.2),
    keep: str | Sequence[str] = (),
) -> Method[Any]:
    from sonde.core.search.pbt import Pbt

    return Pbt(
        population=population, quantile=quantile, resample=resample, factors=factors, keep=keep
    )


METHODS: Mapping[str, Callable[..., Method[Any]]] = {
    "grid": _grid,
    "random": _random,
    "quasirandom": _quasirandom,
    "bayes": _bayes,
    "tpe": _tpe,
    "cmaes": _cmaes,
    "evolution": _evolution,
    "pbt": _pbt,
}


CUSTOM = "custom"  # in W&B's words: a program of the user's proposes, through a controller


BREEDERS = frozenset({"pbt"})  # whose trials go on from one another


def method(text: str) -> Method[Any]:
    """Return the method of this package that a text names: `tpe`, or `auto`, which passes on.

    `custom` is none to choose from a list: it waits for others to propose.

    Options of a method, if it has any, follow in brackets: `NAME(key=value)`. What other
    packages offer is found by `sonde.plugins.methods`.

    Raises:
        ConfigError: If there is none, or it has no such options.
    """
    wanted = parse_wanted(text)
    make = {"auto": _auto, CUSTOM: _custom, **METHODS}.get(wanted.name)
    if make is None:
        raise unknown(wanted.name)
    made: Method[Any] = called(make, wanted, text)
    return made


def unknown(name: str, others: Sequence[str] = ()) -> ConfigError:
    """Return the error for a name that no method has; `others` are those of plugins."""
    near = get_close_matches(name, [*METHODS, *others], n=1)
    known = f"use {', '.join(['auto', *METHODS, *others])}"
    return ConfigError(
        f"method {name}",
        "there is no such search method",
        f"did you mean {near[0]}?" if near else known,
    )


def _custom() -> Method[Any]:
    from sonde.core.search.custom import Custom

    return Custom()


def _auto() -> Method[Any]:
    from sonde.core.search.switching import Auto

    return Auto(method)
