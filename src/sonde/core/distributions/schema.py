"""Distributions from JSON: W&B's names and keys.

Of our own are `step`, `log`, `ordered` and `guess`.

Without a `distribution` it follows from the keys as in W&B: `value`, `values`, or
`min` and `max` (ints if both are).
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from sonde.core.distributions.base import Distribution
from sonde.core.distributions.bounded import Float, Int
from sonde.core.distributions.choice import Choice, Constant
from sonde.core.distributions.quantised import (
    QBeta,
    QExpUniform,
    QLogNormal,
    QLogUniform,
    QNormal,
    QUniform,
)
from sonde.core.distributions.shapes import Beta, ExpUniform, LogNormal, Normal
from sonde.errors import ConfigError

__all__ = ["KINDS", "from_json"]

_BOUNDS, _NORMAL = {"min": "low", "max": "high"}, {"mu": "mu", "sigma": "sigma"}
_Q = {"q": "q"}
_GUESS = {"guess": "guess"}


def _log_float(**given: Any) -> Float:
    return Float(**given, log=True)


def _inverse_exponents(low: Any, high: Any) -> ExpUniform:
    return ExpUniform(-high, -low)


# W&B's name: what builds it, its keys and our arguments, the keys it cannot do without.
KINDS: Mapping[str, tuple[Callable[..., Distribution], Mapping[str, str], tuple[str, ...]]] = {
    "constant": (Constant, {"value": "value"}, ("value",)),
    "categorical": (Choice, {"values": "values", "ordered": "ordered"} | _GUESS, ("values",)),
    "categorical_w_probabilities": (
        Choice,
        {"values": "values", "probabilities": "probabilities", "ordered": "ordered"} | _GUESS,
        ("values", "probabilities"),
    ),
    "int_uniform": (Int, _BOUNDS | {"log": "log", "step": "step"} | _GUESS, ("min", "max")),
    "uniform": (Float, _BOUNDS | {"log": "log", "step": "step"} | _GUESS, ("min", "max")),
    "q_uniform": (QUniform, _BOUNDS | _Q, ("min", "max")),
    "log_uniform": (ExpUniform, _BOUNDS, ("min", "max")),
    "q_log_uniform": (QExpUniform, _BOUNDS | _Q, ("min", "max")),
    "log_uniform_values": (_log_float, _BOUNDS | {"step": "step"} | _GUESS, ("min", "max")),
    "q_log_uniform_values": (QLogUniform, _BOUNDS | _Q, ("min", "max")),
    "inv_log_uniform": (_inverse_exponents, _BOUNDS, ("min", "max")),
    # The reciprocal of a log-uniform reciprocal is log-uniform again.
    "inv_log_uniform_values": (_log_float, _BOUNDS, ("min", "max")),
    "normal": (Normal, _NORMAL, ()),
    "q_normal": (QNormal, _NORMAL | _Q, ()),
    "log_normal": (LogNormal, _NORMAL, ()),
    "q_log_normal": (QLogNormal, _NORMAL | _Q, ()),
    "beta": (Beta, {"a": "a", "b": "b"}, ()),
    "q_beta": (QBeta, {"a": "a", "b": "b"} | _Q, ()),
}


def from_json(document: Mapping[str, Any], *, where: str = "distribution") -> Distribution:
    """Build a distribution from what `to_json` gave, or from a parameter of a W&B sweep.

    Args:
        document: Its keys; nested `parameters` are not dealt with here.
        where: What an error names as its place, with the key added.

    Raises:
        ConfigError: If keys are missing, unknown or do not fit.
    """
    given = {key: value for key, value in document.items() if key != "distribution"}
    kind = document.get("distribution") or _implied(given, where)
    if kind not in KINDS:
        near = get_close_matches(str(kind), KINDS, n=1)
        raise ConfigError(
            f"{where}.distribution",
            f"there is no {kind!r}",
            f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(KINDS)}",
        )
    build, keys, needed = KINDS[kind]
    for key in given:
        if key not in keys:
            raise ConfigError(f"{where}.{key}", f"{kind} has no such key", f"use {', '.join(keys)}")
    for key in needed:
        if key not in given:
            raise ConfigError(where, f"{kind} needs {key}", f"add {key}")
    for key in ("min", "max", "q", "mu", "sigma", "a", "b", "step"):
        if key in given and (isinstance(given[key], (bool, str)) or given[key] is None):
            raise ConfigError(f"{where}.{key}", f"{given[key]!r} is no number", "write a number")
    try:
        return build(**{keys[key]: value for key, value in given.items()})
    except ConfigError as fault:
        raise ConfigError(where, fault.found, fault.remedy) from fault


def _implied(given: Mapping[str, Any], where: str) -> str:
    if "value" in given:
        return "constant"
    if "values" in given:
        return "categorical_w_probabilities" if "probabilities" in given else "categorical"
    if {"min", "max"} <= given.keys() and "q" not in given:
        whole = all(type(given[key]) is int for key in ("min", "max"))
        return "int_uniform" if whole and type(given.get("step", 1)) is int else "uniform"
    raise ConfigError(
        where,
        f"from {', '.join(given) or 'nothing'} no distribution follows",
        "write value, values, min and max, or a distribution",
    )
