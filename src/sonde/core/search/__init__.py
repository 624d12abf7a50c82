"""Search methods by name, each imported when it is first asked for.

To add one: a file in this package, and a line in `METHODS`.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from sonde.core.search.auto import Progress, choose
from sonde.core.search.protocol import Method, Problem, Request
from sonde.errors import ConfigError

__all__ = ["METHODS", "Method", "Problem", "Progress", "Request", "choose", "method"]


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


METHODS: Mapping[str, Callable[[], Method[Any]]] = {
    "grid": _grid,
    "random": _random,
    "quasirandom": _quasirandom,
    "bayes": _bayes,
    "tpe": _tpe,
    "cmaes": _cmaes,
    "evolution": _evolution,
}


def method(name: str) -> Method[Any]:
    """Return the search method of that name, also `auto`, which passes on to the others.

    Raises:
        ConfigError: If there is none.
    """
    if name == "auto":
        from sonde.core.search.switching import Auto

        return Auto(method)
    if name not in METHODS:
        near = get_close_matches(name, METHODS, n=1)
        known = f"use auto, {', '.join(METHODS)}"
        raise ConfigError(
            f"method {name}",
            "there is no such search method",
            f"did you mean {near[0]}?" if near else known,
        )
    return METHODS[name]()
