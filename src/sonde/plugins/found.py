"""Entry points: which names installed distributions add, and what stands behind one.

Looking reads the metadata of every distribution on the path (20 ms for 66 of them); it
happens only where a name is not sonde's own. Loading imports the plugin.
"""

import importlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sonde.errors import ConfigError

__all__ = ["EXECUTORS", "GROUPS", "METHODS", "RULES", "STORES", "Plugin", "load", "plugins"]

METHODS, RULES, STORES = "sonde.methods", "sonde.rules", "sonde.stores"
EXECUTORS = "sonde.executors"
GROUPS = (METHODS, RULES, STORES, EXECUTORS)
_OURS = "sonde"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A name that an installed distribution adds.

    Attributes:
        target: `module:object`.
        distribution: Its name, and its version where that is known: `sonde-extra 1.2`.
    """

    group: str
    name: str
    target: str
    distribution: str

    @property
    def is_ours(self) -> bool:
        """Whether it comes with sonde itself."""
        return self.distribution.partition(" ")[0] == _OURS


def plugins(group: str) -> Sequence[Plugin]:
    """Return what installed distributions add to a group, by name."""
    found = {_plugin(point) for point in entry_points(group=group)}
    return sorted(found, key=lambda plugin: (plugin.name, not plugin.is_ours, plugin.distribution))


def load(group: str, name: str, taken: Collection[str], where: str) -> Any:
    """Import what stands behind a name; None: no distribution has it.

    Args:
        group: Where to look.
        name: The entry point's.
        taken: Names of sonde's own in that group, which nobody else may have.
        where: The user's words, for errors.

    Raises:
        ConfigError: If two distributions have the name, or the import fails.
    """
    ours = [plugin for plugin in plugins(group) if plugin.name == name and name not in taken]
    if not ours:
        return None
    first, *others = ours
    # A name that sonde itself gives away is sonde's own too: it comes first, and stays.
    if others and not first.is_ours:
        both = " and ".join(plugin.distribution for plugin in ours)
        raise ConfigError(where, f"{both} both have a {name}", "uninstall one of them")
    module, _, attribute = first.target.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split(".") if attribute else ():
            found = getattr(found, part)
    except Exception as error:  # whatever a stranger's module raises
        if isinstance(error, ConfigError):
            raise ConfigError(where, error.found, error.remedy) from error
        raise ConfigError(
            where,
            f"{first.distribution} gives it ({first.target}), which fails to import: "
            f"{type(error).__name__}: {error}",
            f"repair or uninstall {first.distribution.partition(' ')[0]}",
        ) from error
    return found


def _plugin(point: EntryPoint) -> Plugin:
    of = point.dist
    return Plugin(
        group=point.group,
        name=point.name,
        target=point.value.partition("[")[0].strip().replace(" ", ""),
        distribution="an unnamed distribution" if of is None else f"{of.name} {of.version}",
    )
