"""Stopping rules by name, each imported when it is first asked for.

To add one: a file in this package, and a line in `RULES`.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from sonde.core.stopping.protocol import Heard, Point, Rule
from sonde.core.wanted import RULE, called, parse_wanted
from sonde.errors import ConfigError

__all__ = ["RULES", "Heard", "Point", "Rule", "rule", "unknown"]


def _asha(*, eta: int = 3, min_steps: int = 1, max_steps: int | None = None) -> Rule[Any]:
    from sonde.core.stopping.asha import Asha

    return Asha(eta=eta, min_steps=min_steps, max_steps=max_steps)


def _hyperband(
    *,
    max_iter: int | None = None,
    s: int | None = None,
    min_iter: int | None = None,
    eta: float = 3,
    strict: bool = True,
) -> Rule[Any]:
    from sonde.core.stopping.hyperband import Hyperband

    return Hyperband(max_iter=max_iter, s=s, min_iter=min_iter, eta=eta, strict=strict)


def _median(
    *, min_steps: int = 1, min_trials: int = 5, percent: float = 50, every: int = 1
) -> Rule[Any]:
    from sonde.core.stopping.median import Median

    return Median(min_steps=min_steps, min_trials=min_trials, percent=percent, every=every)


def _patient(*, steps: int = 5, least: float = 0.0, rule: str | None = None) -> Rule[Any]:
    from sonde.core.stopping.patient import Patient

    other = None
    if rule is not None:
        if not isinstance(rule, str):
            raise ConfigError(
                "stop patient", f"rule={rule!r} is no text", "write rule='median', say"
            )
        other = _own(rule)
    return Patient(steps=steps, least=least, rule=other)


def _threshold(
    *,
    worst: float | None = None,
    best: float | None = None,
    min_steps: int = 1,
    every: int = 1,
) -> Rule[Any]:
    from sonde.core.stopping.threshold import Threshold

    return Threshold(worst=worst, best=best, min_steps=min_steps, every=every)


RULES: Mapping[str, Callable[..., Rule[Any]]] = {
    "asha": _asha,
    "hyperband": _hyperband,
    "median": _median,
    "patient": _patient,
    "threshold": _threshold,
}


def rule(text: str) -> Rule[Any]:
    """Return the rule of this package that a text names, such as `asha(eta=4, min_steps=3)`.

    What other packages offer is found by `sonde.plugins.rules`.

    Raises:
        ConfigError: If there is none, or it has no such options.
    """
    wanted = parse_wanted(text, RULE)
    if wanted.name not in RULES:
        raise unknown(text, wanted.name)
    made: Rule[Any] = called(RULES[wanted.name], wanted, text, RULE)
    return made


def unknown(text: str, name: str, others: Sequence[str] = ()) -> ConfigError:
    """Return the error for a name that no rule has; `others` are those of plugins."""
    near = get_close_matches(name, [*RULES, *others], n=1)
    known = f"use {', '.join([*RULES, *others])}"
    return ConfigError(
        RULE.where(text),
        "there is no such stopping rule",
        f"did you mean {near[0]}?" if near else known,
    )


_own = rule  # under another name, as an option is called `rule`
