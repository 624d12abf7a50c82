"""Machine types of the clouds: what they have, what they cost, and which one fits.

The shapes are the clouds' published ones. Prices are list prices in US dollars an hour, on
demand, Linux, of one region each, without disks and traffic: as in the table that Apache
Libcloud 3.9.1 brings (`libcloud/data/pricing.json`, of 2025-03-02). That table takes shared and
dedicated machines of EC2 for one; used are those of its prices that agree with the size's
neighbours in the family. Google's are its prices for a core and a GB of memory, added up. Where
it says nothing, or where prices are known to have changed since, there is none here.
"""

import math
from dataclasses import dataclass

from sonde.errors import ConfigError
from sonde.executors.resources import Machine, Resources

__all__ = ["HEAD", "PRICES_OF", "PRICE_REGION", "TYPES", "Choice", "MachineType", "choose"]

PRICES_OF = "2025-03-02"
PRICE_REGION = {"ec2": "us-west-2", "gcloud": "us-central1"}
HEAD = {"ec2": "m6i.large", "gcloud": "e2-standard-2"}
"""What the head is, which runs no trials."""

_GIB = 1 << 30
_USABLE = 0.9  # of the memory: the system and Ray have the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineType:
    """One type of machine.

    Attributes:
        cpus: As the cloud counts them: threads.
        memory_gib: Memory.
        gpu: The kind of its GPUs, in small letters.
        price: US dollars an hour; None: unknown.
    """

    cloud: str
    name: str
    cpus: int
    memory_gib: float
    gpus: int = 0
    gpu: str = ""
    price: float | None = None

    @property
    def machine(self) -> Machine:
        """What trials may have of it."""
        return Machine(
            name=self.name, cpus=self.cpus, gpus=self.gpus,
            memory=self.memory_gib * _GIB * _USABLE,
        )  # fmt: skip

    def told(self) -> str:
        """Return it for people: `g5.xlarge (4 cpus, 16 GiB, 1 a10g)`."""
        gpus = f", {self.gpus} {self.gpu}" if self.gpus else ""
        return f"{self.name} ({self.cpus} cpus, {self.memory_gib:g} GiB{gpus})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The machines for so many trials at once.

    Attributes:
        per: How many trials each runs at once.
        machines: How many there are at most.
        why: For people.
    """

    type: MachineType
    per: int
    machines: int
    why: str


def choose(
    cloud: str,
    each: Resources,
    workers: int,
    *,
    where: str,
    name: str | None = None,
    gpu: str | None = None,
) -> Choice:
    """Return the machines on which so many trials at once cost the least.

    Where several cost the same it is the smallest: more of them, of which each is quicker lost
    and quicker ended. Types without a known price come after those with one. Trials without
    GPUs get no machine that has some.

    Args:
        cloud: `ec2` or `gcloud`.
        each: What each trial is to have; one cpu where nothing is said.
        workers: How many trials at once.
        where: How it was asked for, for errors.
        name: The type that is to be taken.
        gpu: The kind of GPU.

    Raises:
        ConfigError: If no type has as much as a trial is to have.
    """
    if each.others:
        raise ConfigError(
            f"{where} --resource {next(iter(each.others))}",
            "machines of a cloud have cores, memory and GPUs only", "leave it out",
        )  # fmt: skip
    each = each if each.cpus else Resources(cpus=1, gpus=each.gpus, memory=each.memory)
    of_cloud = [one for one in TYPES if one.cloud == cloud]
    there = [one for one in of_cloud if _fits_kind(one, each, name, gpu)]
    if not there:
        raise _no_such(of_cloud, where, name, gpu)
    found = [
        Choice(type=one, per=per, machines=math.ceil(workers / per), why="")
        for one in there
        if (per := one.machine.room(each) or 0)
    ]
    if not found:
        most = max(there, key=lambda one: (one.gpus, one.cpus, one.memory_gib))
        raise ConfigError(
            where,
            f"no machine type can run a trial: each is to have {each.told()}, and the largest "
            f"that sonde knows is {most.told()}",
            "ask for less",
        )
    best = min(found, key=_cost)
    trials = f"{best.per} trial" + "s at once" * (best.per > 1)
    if name is not None:
        why = f"as you said; each runs {trials} with {each.told()}"
    else:
        known = "the cheapest" if best.type.price is not None else "the smallest, of unknown price,"
        why = f"{known} of {len(found)} types for {each.told()} a trial; each runs {trials}"
    return Choice(type=best.type, per=best.per, machines=best.machines, why=why)


def _fits_kind(one: MachineType, each: Resources, name: str | None, gpu: str | None) -> bool:
    if name is not None:
        return one.name == name
    if gpu is not None and one.gpu != gpu.lower():
        return False
    return bool(one.gpus) == bool(each.gpus)


def _cost(choice: Choice) -> tuple[bool, float, float, float]:
    one = choice.type
    total = 0.0 if one.price is None else round(one.price * choice.machines, 6)
    return one.price is None, total, one.cpus, one.memory_gib


def _no_such(
    of_cloud: list[MachineType], where: str, name: str | None, gpu: str | None
) -> ConfigError:
    if name is not None:
        families = dict.fromkeys(_family(one.name) for one in of_cloud)
        return ConfigError(
            where, f"sonde knows no machine type {name}", f"there are {', '.join(families)}"
        )
    kinds = dict.fromkeys(one.gpu for one in of_cloud if one.gpu)
    if gpu is not None and gpu.lower() not in kinds:
        return ConfigError(where, f"no machine has GPUs {gpu}", f"there are {', '.join(kinds)}")
    return ConfigError(where, f"gpu={gpu!r} without a GPU for each trial", "add --gpus 1")


def _family(name: str) -> str:
    head, dot, _ = name.partition(".")
    return f"{head}.*" if dot else f"{name.rpartition('-')[0]}-*"


def _ec2() -> list[MachineType]:
    sizes = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "16xlarge": 64,
             "32xlarge": 128}  # fmt: skip
    found = [
        MachineType(
            cloud="ec2", name=f"{family}.{size}", cpus=cpus, memory_gib=cpus * gib,
            price=round(cpus * price, 4),
        )
        for family, gib, price in (("c6i", 2, 0.0425), ("m6i", 4, 0.048), ("r6i", 8, 0.063))
        for size, cpus in sizes.items()
    ]  # fmt: skip
    with_gpus: list[tuple[str, str, list[tuple[str, int, int, int, float | None]]]] = [
        ("g4dn", "t4", [("xlarge", 4, 16, 1, 0.526), ("2xlarge", 8, 32, 1, 0.752),
                        ("4xlarge", 16, 64, 1, 1.204),
                        ("12xlarge", 48, 192, 4, 3.912)]),
        ("g5", "a10g", [("xlarge", 4, 16, 1, 1.006), ("2xlarge", 8, 32, 1, 1.212),
                        ("4xlarge", 16, 64, 1, 1.624), ("8xlarge", 32, 128, 1, 2.448),
                        ("12xlarge", 48, 192, 4, None), ("48xlarge", 192, 768, 8, 16.288)]),
        ("g6", "l4", [("xlarge", 4, 16, 1, 0.8048), ("2xlarge", 8, 32, 1, 0.9776),
                      ("4xlarge", 16, 64, 1, 1.3232), ("12xlarge", 48, 192, 4, 4.6016),
                      ("48xlarge", 192, 768, 8, 13.3504)]),
        ("g6e", "l40s", [("xlarge", 4, 32, 1, 1.861), ("2xlarge", 8, 64, 1, 2.24208),
                         ("12xlarge", 48, 384, 4, 10.49264)]),
        ("p4d", "a100", [("24xlarge", 96, 1152, 8, None)]),
        ("p5", "h100", [("48xlarge", 192, 2048, 8, None)]),
    ]  # fmt: skip
    for family, gpu, rows in with_gpus:
        found += [
            MachineType(
                cloud="ec2", name=f"{family}.{size}", cpus=cpus, memory_gib=gib, gpus=gpus,
                gpu=gpu, price=price,
            )
            for size, cpus, gib, gpus, price in rows
        ]  # fmt: skip
    return found


def _gcloud() -> list[MachineType]:
    # Family, GiB a core, its sizes, and what a core and a GiB cost.
    families = (
        ("e2-standard", 4, (2, 4, 8, 16, 32), 0.02181159, 0.00292353),
        ("e2-highmem", 8, (2, 4, 8, 16), 0.02181159, 0.00292353),
        ("n2-standard", 4, (48, 64, 80), 0.031611, 0.004237),
        ("n2-highmem", 8, (32, 48, 64, 80), 0.031611, 0.004237),
    )
    found = [
        MachineType(
            cloud="gcloud", name=f"{family}-{cpus}", cpus=cpus, memory_gib=cpus * gib,
            price=round(cpus * (core + gib * memory), 4),
        )
        for family, gib, sizes, core, memory in families
        for cpus in sizes
    ]  # fmt: skip
    with_gpus: list[tuple[str, int, float, int, str]] = [
        ("g2-standard-4", 4, 16, 1, "l4"), ("g2-standard-8", 8, 32, 1, "l4"),
        ("g2-standard-16", 16, 64, 1, "l4"), ("g2-standard-24", 24, 96, 2, "l4"),
        ("g2-standard-48", 48, 192, 4, "l4"), ("g2-standard-96", 96, 384, 8, "l4"),
        ("a2-highgpu-1g", 12, 85, 1, "a100"), ("a2-highgpu-2g", 24, 170, 2, "a100"),
        ("a2-highgpu-4g", 48, 340, 4, "a100"), ("a2-highgpu-8g", 96, 680, 8, "a100"),
        ("a3-highgpu-8g", 208, 1872, 8, "h100"),
    ]  # fmt: skip
    found += [
        MachineType(cloud="gcloud", name=name, cpus=cpus, memory_gib=gib, gpus=gpus, gpu=gpu)
        for name, cpus, gib, gpus, gpu in with_gpus
    ]
    return found


TYPES: tuple[MachineType, ...] = (*_ec2(), *_gcloud())
