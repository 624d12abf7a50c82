"""Ray's names for programs that were written with them: `import sonde.ray as ray`.

Every call of a remote function is a trial of a sweep, run by processes of this machine, or, with
`SONDE_ON=ray` or `ray.init(address=...)`, by agents on a Ray cluster.

`SondeSearch` is for programs that use Ray itself, and its Tune.
"""

import atexit
from typing import TYPE_CHECKING, Any

from sonde.ray import exceptions
from sonde.ray.refs import ObjectRef, get, put, wait
from sonde.ray.remote import RemoteFunction, remote, settings, shutdown

if TYPE_CHECKING:
    from sonde.ray.searcher import SondeSearch

__all__ = [
    "ObjectRef",
    "RemoteFunction",
    "SondeSearch",
    "exceptions",
    "get",
    "init",
    "is_initialized",
    "put",
    "remote",
    "shutdown",
    "wait",
]

# Before threads are waited for at the end, and after whatever the program itself registers.
atexit.register(shutdown)


def init(address: str | None = None, **options: Any) -> None:
    """Say where calls run; without it, and without an address, here.

    Args:
        address: `HOST:PORT` of a Ray cluster, or `auto`; `local` is this machine without Ray.
        options: `num_cpus` of this machine is how many calls run at once; `on`, `workers` and
            `store` are sonde's own; Ray's others mean nothing here.
    """
    from sonde.core.wanted import written

    if address is not None and address != "local":
        settings["on"] = written("ray", {"address": address})
    if address is None and "num_cpus" in options:
        settings["workers"] = max(1, int(options["num_cpus"]))
    for name in ("on", "workers", "store"):
        if name in options:
            settings[name] = options[name]
    settings["initialized"] = True


def is_initialized() -> bool:
    """Tell whether `init` was called."""
    return bool(settings.get("initialized"))


def __getattr__(name: str) -> Any:
    if name == "SondeSearch":  # it loads Ray, which all else here does without
        from sonde.ray.searcher import SondeSearch

        return SondeSearch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
