"""Stopping rules by name: sonde's own, and those of plugins (`sonde.rules`).

An entry point names a callable that returns a rule, `make()`. Its keyword-only arguments are
the rule's options, as with search methods.
"""

from typing import Any

from sonde.core.stopping import RULES, Rule, unknown
from sonde.core.stopping import rule as own_rule
from sonde.core.wanted import RULE, called, parse_wanted
from sonde.errors import ConfigError
from sonde.plugins import found

__all__ = ["rule"]


def rule(text: str) -> Rule[Any]:
    """Return the stopping rule that a text names, such as `asha(eta=4)`.

    Raises:
        ConfigError: If there is none, it has no such options, or its plugin is broken.
    """
    wanted = parse_wanted(text, RULE)
    if wanted.name in RULES:
        return own_rule(text)
    where = RULE.where(text)
    make = found.load(found.RULES, wanted.name, RULES, where)
    if make is None:
        others = {plugin.name for plugin in found.plugins(found.RULES)} - RULES.keys()
        raise unknown(text, wanted.name, sorted(others))
    made: Any = called(make, wanted, text, RULE)
    lacking = [name for name in ("start", "hear", "judge") if not hasattr(made, name)]
    if lacking:
        raise ConfigError(
            where,
            f"what its plugin makes is no stopping rule: it has no {lacking[0]}",
            "see sonde.core.stopping.protocol.Rule",
        )
    return made  # type: ignore[no-any-return]
