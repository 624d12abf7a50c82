"""Who runs the trials that a program starts: how many at once, and what each of them gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sonde.agent.devices import Devices, cores
from sonde.errors import ConfigError

__all__ = ["Crew", "Gpus", "crew_of"]

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
    gpus_per_trial: float = 0
    cpus_per_trial: int = 0
    place: str | None = None

    @property
    def is_sharing(self) -> bool:
        """Whether trials are given devices or cores."""
        return bool(self.gpus or self.cpus_per_trial)


def crew_of(
    workers: int | None,
    gpus: Gpus = None,
    gpus_per_trial: float = 0,
    cpus_per_trial: int = 0,
    place: str | None = None,
) -> Crew:
    """Check what a program asks for; never more workers than devices and cores allow.

    Raises:
        ConfigError: If it is no number, or not so much can be had.
    """
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 0
    ):
        raise ConfigError(
            f"run(workers={workers!r})", "that is no number of processes", "use 0, 1, 2, ..."
        )
    if (
        isinstance(cpus_per_trial, bool)
        or not isinstance(cpus_per_trial, int)
        or cpus_per_trial < 0
    ):
        raise ConfigError(
            f"run(cpus_per_trial={cpus_per_trial!r})", "that is no number of cores", "use 1, 2, ..."
        )
    if place is not None:
        from sonde.executors.places import executor

        executor(place, flag="run(on=)")
        if workers == 0:
            raise ConfigError(
                "run(workers=0)", "this process is at no other place", "use workers=1 or more"
            )
    names = _names(gpus)
    capacity = Devices(names, gpus_per_trial).capacity
    if workers == 0 and (names or cpus_per_trial):
        raise ConfigError(
            "run(workers=0)",
            "only processes can be given devices or cores",
            "use workers=1 or more, or leave it out",
        )
    room = [] if workers is None else [workers]
    room += [] if capacity is None else [capacity]
    room += [cores() // cpus_per_trial] if cpus_per_trial else []
    least = 0 if workers == 0 else 1
    return Crew(
        workers=max(least, min(room)) if room else None,
        gpus=names,
        gpus_per_trial=gpus_per_trial,
        cpus_per_trial=cpus_per_trial,
        place=place,
    )


def _names(gpus: Gpus) -> tuple[str, ...]:
    from sonde.cli.gpus import gpus_of

    if gpus is None or isinstance(gpus, str):
        return gpus_of(gpus)
    return tuple(str(name) for name in gpus)
