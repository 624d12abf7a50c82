"""Places by name: where agents can be started, here or by a plugin (`sonde.executors`).

An entry point names a callable that returns an executor, `make()`. Its keyword-only arguments
are the place's options: `--on "NAME(key=value)"` calls `make(key=value)`, once before the sweep
is made, to refuse what is wrong, and once when it runs. So making one starts nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from sonde.core.wanted import PLACE, called, parse_wanted
from sonde.errors import ConfigError
from sonde.executors.protocol import Executor
from sonde.plugins import found

__all__ = ["CLOUDS", "LOCAL", "PLACES", "executor", "is_cloud", "is_here"]

LOCAL = "local"
_NOT_YET = {"kubernetes"}
_PARTS = ("start", "room", "watch", "said", "alive", "stop", "close")


def _local(**others: Any) -> Executor:
    from sonde.executors.local import LocalExecutor

    return LocalExecutor(**others)


def _ray(*, address: str | None = None, runtime_env: Any = None) -> Executor:
    from sonde.executors.ray import RayExecutor

    return RayExecutor(address=address, runtime_env=runtime_env)


def _dask(*, address: str | None = None) -> Executor:
    from sonde.executors.dask import DaskExecutor

    return DaskExecutor(address=address)


def _slurm(**options: Any) -> Executor:
    from sonde.executors.slurm import SlurmExecutor

    return SlurmExecutor(**options)


def _cloud(name: str) -> Callable[..., Executor]:
    def make(**options: Any) -> Executor:
        from sonde.executors.cloud.executor import CloudExecutor

        # StudioML's words for machines that may be taken away.
        if name in SPOT:
            return CloudExecutor(SPOT[name], **{**options, "spot": True})
        return CloudExecutor(name, **options)

    return make


SPOT = {"ec2spot": "ec2", "gcspot": "gcloud"}
CLOUDS = ("ec2", "gcloud", *SPOT)
PLACES: Mapping[str, Callable[..., Executor]] = {
    LOCAL: _local, "ray": _ray, "dask": _dask, "slurm": _slurm,
    **{name: _cloud(name) for name in CLOUDS},
}  # fmt: skip


def executor(text: str = LOCAL, *, flag: str = PLACE.flag) -> Executor:
    """Return an executor for the place that a text names; nothing is started yet.

    Args:
        flag: How it was asked for, in the words of errors.

    Raises:
        ConfigError: If there is none, it has no such options, or its plugin is broken.
    """
    sort = replace(PLACE, flag=flag)
    wanted = parse_wanted(text, sort)
    where = sort.where(text)
    make = PLACES.get(wanted.name) or found.load(found.EXECUTORS, wanted.name, PLACES, where)
    if make is None:
        raise _unknown(wanted.name, where, flag)
    made: Any = called(make, wanted, text, sort)
    lacking = [name for name in _PARTS if not hasattr(made, name)]
    if lacking:
        raise ConfigError(
            where,
            f"what its plugin makes is no executor: it has no {lacking[0]}",
            "see sonde.executors.protocol.Executor",
        )
    return made  # type: ignore[no-any-return]


def is_here(text: str) -> bool:
    """Tell whether a place is this machine, by itself."""
    return text.partition("(")[0].strip() == LOCAL


def is_cloud(text: str) -> bool:
    """Tell whether a place is machines that are started for a sweep, and paid for."""
    return text.partition("(")[0].strip() in CLOUDS


def _unknown(name: str, where: str, flag: str) -> ConfigError:
    others = sorted({plugin.name for plugin in found.plugins(found.EXECUTORS)} - PLACES.keys())
    wrong = "sonde cannot run there yet" if name in _NOT_YET else "there is no such place"
    near = get_close_matches(name, [*PLACES, *others], n=1)
    known = f"use {flag} {' or '.join([*(one for one in PLACES if one not in SPOT), *others])}"
    return ConfigError(where, wrong, f"did you mean {near[0]}?" if near else known)
