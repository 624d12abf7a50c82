"""Search methods by name: sonde's own, and those of plugins (`sonde.methods`).

An entry point names a callable that returns a method, `make()`. Its keyword-only
arguments are the method's options: `NAME(key=value)` calls `make(key=value)`. One that
stands for several methods takes the name of one: `NAME:MEMBER` calls `make("MEMBER")`.
"""

from typing import Any

from sonde.core.search import CUSTOM, METHODS, Method, called, parse_wanted, unknown
from sonde.core.search import method as own_method
from sonde.errors import ConfigError
from sonde.plugins import found
from sonde.plugins.watched import watched

__all__ = ["method"]


def method(text: str) -> Method[Any]:
    """Return the search method that a text names; see `sonde.core.search.choose` for `auto`.

    Raises:
        ConfigError: If there is none, it has no such options, or its plugin is broken. What a
            plugin's method does wrong later is one too.
    """
    wanted = parse_wanted(text)
    if wanted.name in METHODS or wanted.name in {"auto", CUSTOM}:
        return own_method(text)
    where = f"method {text}"
    make = found.load(found.METHODS, wanted.name, METHODS, where)
    plugins = found.plugins(found.METHODS)
    if make is None:
        others = {plugin.name for plugin in plugins} - METHODS.keys()
        raise unknown(wanted.name, sorted(others))
    made: Any = called(make, wanted, text)
    expected = ("start", "observe", "propose", "name", "adaptive")
    lacking = [name for name in expected if not hasattr(made, name)]
    if lacking:
        raise ConfigError(
            where,
            f"what its plugin makes is no search method: it has no {lacking[0]}",
            "see sonde.core.search.protocol.Method",
        )
    plugin = next(one for one in plugins if one.name == wanted.name)
    return made if plugin.is_ours else watched(made, where, plugin.distribution)
