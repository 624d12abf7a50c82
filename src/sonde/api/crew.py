"""Who runs the trials that a program starts: how many at once, and what each of them gets."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from sonde.agent.devices import Devices
from sonde.errors import ConfigError
from sonde.executors.resources import Resources

__all__ = ["Crew", "Gpus", "crew_of", "named_as_run", "place_of"]

Gpus: TypeAlias = "str | Sequence[int | str] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who is to run the trials.

    Attributes:
        workers: How many trials at once; None: not said.
        gpus: As CUDA_VISIBLE_DEVICES names them.
        place: Where agents are started, as `sonde.executors.places` reads it; None: here.
    """

    workers: int | None = None
    gpus: tuple[str, ...] = ()
    each: Resources = field(default_factory=Resources)
    place: str | None = None


def crew_of(
    workers: int | None,
    gpus: Gpus = None,
    each: Resources | None = None,
    place: str | None = None,
) -> Crew:
    """Check what a program asks for; never more workers here than this machine has room for.

    Raises:
        ConfigError: If it is no number, or not so much can be had.
    """
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 0
    ):
        raise ConfigError(
            f"run(workers={workers!r})", "that is no number of processes", "use 0, 1, 2, ..."
        )
    each = each or Resources()
    from sonde.executors.places import LOCAL, executor, is_here

    at = executor(place or LOCAL, flag="run(on=)")
    if place is not None and workers == 0:
        raise ConfigError(
            "run(workers=0)", "this process is at no other place", "use workers=1 or more"
        )
    names = _names(gpus)
    if place is not None and not is_here(place):
        return Crew(workers=workers, gpus=names, each=each, place=place)
    capacity = Devices(names, each.gpus).capacity
    if workers == 0 and (names or each.is_asking):
        raise ConfigError(
            "run(workers=0)",
            "only processes can be given devices or cores",
            "use workers=1 or more, or leave it out",
        )
    bounds = [workers, capacity, at.room(each)]
    room = [bound for bound in bounds if bound is not None]
    least = 0 if workers == 0 else 1
    count = max(least, min(room)) if room else None
    return Crew(workers=count, gpus=names, each=each, place=place)


@contextmanager
def named_as_run(on: str | None) -> Iterator[None]:
    """Have errors about the place name it as a program does: `run(on='ray')`, not `--on ray`."""
    try:
        yield
    except ConfigError as fault:
        if on is None or type(fault) is not ConfigError or not fault.where.startswith("--on"):
            raise
        raise ConfigError(f"run(on={on!r})", fault.found, fault.remedy) from fault


def place_of(on: str | None, cloud: str | None) -> str | None:
    """Return the place that `run(on=, cloud=)` names; None: this machine.

    Raises:
        ConfigError: If one contradicts the other.
    """
    if cloud is None:
        if on == "cloud":
            raise ConfigError("run(on='cloud')", "there are several", "add cloud='ec2' or 'gcloud'")
        return on
    from sonde.executors.places import CLOUDS, is_cloud

    where = f"run(cloud={cloud!r})"
    if not isinstance(cloud, str) or not is_cloud(cloud):
        raise ConfigError(where, "there is no such cloud", f"use {' or '.join(CLOUDS[:2])}")
    if on not in {None, "cloud"}:
        raise ConfigError(where, f"that contradicts on={on!r}", "leave one of them out")
    return cloud


def _names(gpus: Gpus) -> tuple[str, ...]:
    from sonde.cli.gpus import gpus_of

    if gpus is None or isinstance(gpus, str):
        return gpus_of(gpus)
    return tuple(str(name) for name in gpus)
