"""Who runs the trials: how many at once, with which devices, shared by how many agents."""

from dataclasses import dataclass

from sonde.agent.devices import Devices, cores
from sonde.cli.faults import Faults
from sonde.cli.gpus import gpus_of
from sonde.cli.quantities import whole_of
from sonde.executors.places import LOCAL, executor

__all__ = ["Crew", "crew_of", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who is to run the trials.

    Attributes:
        workers: How many trials at once.
        place: Where agents are started, as `sonde.executors.places` reads it.
    """

    workers: int
    gpus: tuple[str, ...] = ()
    gpus_per_trial: float = 0
    cpus_per_trial: int = 0
    place: str = LOCAL

    @property
    def agents(self) -> int:
        """How many agents share the workers equally.

        As many as there are cores at most, so that the end of one ends few trials; one where
        devices or cores have to be in one hand.
        """
        if self.gpus or self.cpus_per_trial:
            return 1
        most = min(self.workers, cores())
        return next(n for n in range(most, 0, -1) if self.workers % n == 0)


def crew_of(
    workers: str | None,
    gpus: str | None,
    gpus_per_trial: str | None,
    cpus_per_trial: str | None,
    faults: Faults,
    place: str = LOCAL,
) -> Crew:
    """Read the options; without `workers` one a device, or else one a core.

    Never more than the devices and cores allow, where each trial is to have some.
    """
    asked = whole_of(workers, "-j", 1, faults)
    cpus = whole_of(cpus_per_trial, "--cpus-per-trial", 0, faults) or 0
    per_trial, names = 0.0, tuple[str, ...]()
    if gpus_per_trial is not None:
        try:
            per_trial = float(gpus_per_trial)
        except ValueError:
            faults.add(f"--gpus-per-trial {gpus_per_trial}", "that is no number", "write 0.5 or 1")
    capacity: int | None = None
    with faults.collected():
        names = gpus_of(gpus)
        capacity = Devices(names, per_trial).capacity
    room = [asked or capacity or cores()]
    room += [capacity] if capacity is not None else []
    room += [cores() // cpus] if cpus else []
    return Crew(
        workers=max(min(room), 1), gpus=names, gpus_per_trial=per_trial, cpus_per_trial=cpus,
        place=place,
    )  # fmt: skip


def place_of(on: str | None, cloud: str | None, faults: Faults) -> str:
    """Return where trials are to run; a place where they cannot is refused."""
    for flag, place in (("--on", on), ("--cloud", cloud)):
        if place is not None:
            with faults.collected():
                executor(place, flag=flag)
    return on or cloud or LOCAL
