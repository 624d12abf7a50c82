"""Who runs the trials: how many at once, what each is to have, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sonde.agent.devices import Devices, cores
from sonde.cli.faults import Faults
from sonde.cli.gpus import gpus_of
from sonde.cli.quantities import whole_of
from sonde.core.wanted import PLACE, parse_wanted, written
from sonde.executors.places import CLOUDS, LOCAL, executor, is_cloud, is_here
from sonde.executors.resources import Resources, resources_of

__all__ = ["Crew", "crew_of", "each_of", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who is to run the trials.

    Attributes:
        workers: How many trials at once; None: as many as the place has room for.
        gpus: The devices of this machine that are handed out.
        each: What each trial is to have.
        place: Where agents are started, as `sonde.executors.places` reads it.
    """

    workers: int | None
    gpus: tuple[str, ...] = ()
    each: Resources = field(default_factory=Resources)
    place: str = LOCAL

    @property
    def agents(self) -> int:
        """How many agents of this machine share the workers equally.

        As many as there are cores at most, so that the end of one ends few trials; one where
        devices or cores have to be in one hand.
        """
        if self.gpus or self.each.cpus or self.workers is None:
            return 1
        most = min(self.workers, cores())
        return next(n for n in range(most, 0, -1) if self.workers % n == 0)

    @property
    def most(self) -> int | None:
        """How many trials at once they may grow to when the sweep's limit is raised; None: no more.

        Not where each trial is to have devices or cores, which say how many fit, nor where
        others are asked for a place.
        """
        if self.gpus or self.each != Resources() or not is_here(self.place):
            return None
        return 2 * cores()


def crew_of(
    workers: str | None,
    gpus: str | None,
    each: Resources,
    faults: Faults,
    place: str = LOCAL,
) -> Crew:
    """Read the options; without `workers` one a device, or else one a core.

    On this machine never more than its devices, cores and memory allow, where each trial is to
    have some. Other places are asked when it begins.
    """
    asked = whole_of(workers, "-j", 1, faults)
    names = tuple[str, ...]()
    with faults.collected():
        names = gpus_of(gpus)
    if not is_here(place):
        return Crew(workers=asked, gpus=names, each=each, place=place)
    devices: int | None = None
    room: int | None = None
    with faults.collected():
        devices = Devices(names, each.gpus).capacity
    with faults.collected():
        room = executor(place).room(each)
    default = devices or (room if each.cpus else None) or cores()
    count = max(min([asked or default, *(n for n in (devices, room) if n is not None)]), 1)
    return Crew(workers=count, gpus=names, each=each, place=place)


def each_of(
    cpus: str | None, gpus: str | None, memory: str | None, others: Sequence[str], faults: Faults
) -> Resources:
    """Return what each trial is to have."""
    with faults.collected():
        return resources_of(cpus, gpus, memory, others)
    return Resources()


def place_of(
    on: str | None,
    cloud: str | None,
    faults: Faults,
    address: str | None = None,
    machines: Mapping[str, tuple[str, Any]] | None = None,
) -> str:
    """Return where trials are to run; a place where they cannot is refused.

    Args:
        on, cloud: As they were written; `--on cloud` leaves it to `--cloud`.
        address: Of a cluster that runs.
        machines: Options of a cloud's machines: how each was written, and its value.
    """
    if on == "cloud" and cloud is None:
        faults.add("--on cloud", "there are several", f"add --cloud {' or '.join(CLOUDS[:2])}")
        return LOCAL
    place = (cloud if on == "cloud" else on or cloud) or LOCAL
    more: dict[str, Any] = {} if address is None else {"address": address}
    for name, (written_as, value) in (machines or {}).items():
        if is_cloud(place):
            more[name] = value
        else:
            faults.add(
                written_as, "only machines of a cloud have it", "add --cloud ec2, or leave it out"
            )
    with faults.collected():
        if more:
            wanted = parse_wanted(place, PLACE)
            place = written(str(wanted), {**wanted.options, **more})
        executor(place, flag="--cloud" if cloud and on in {None, "cloud"} else "--on")
    return place
