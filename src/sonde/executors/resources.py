"""What each trial is to have, and how many trials there is room for.

Resources are counted, not enforced: a trial that is to have 2 cores is started where 2 are
left. A GPU is shared by trials that ask for a part of it, and never split over two: a device
has room for three trials of 0.3. Custom resources are names that a place gives a meaning to,
such as licences.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sonde.core.notation.sizes import bytes_of, size_text
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["FLAGS", "Machine", "Resources", "resources_of", "room_in"]

_NAME = re.compile(r"[A-Za-z_][\w.:/-]*")
FLAGS = ("--cpus-per-trial {}", "--gpus-per-trial {}", "--mem-per-trial {}", "--resource {}")
"""How resources are asked for on the command line, in the order of `resources_of`."""
_TINY = 1e-9  # 0.3 / 0.1 is less than 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What each trial is to have.

    Attributes:
        cpus: Cores; None: not said, which is 1 where a place counts them.
        gpus: A part of one, or a whole number of them.
        memory: Bytes.
        others: Custom resources by name.
    """

    cpus: float | None = None
    gpus: float = 0
    memory: int = 0
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_asking(self) -> bool:
        """Whether anything was said."""
        return bool(self.cpus or self.gpus or self.memory or self.others)

    def told(self) -> str:
        """Return it for people: `2 cpus, 0.5 gpus, 4 GB memory`."""
        parts = [f"{self.cpus:g} cpus"] if self.cpus else []
        parts += [f"{self.gpus:g} gpus"] if self.gpus else []
        parts += [f"{size_text(self.memory)} memory"] if self.memory else []
        parts += [f"{amount:g} {name}" for name, amount in self.others.items() if amount]
        return ", ".join(parts) or "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one machine of a place has; None: it is not counted there.

    Attributes:
        name: For people.
    """

    name: str
    cpus: float | None = None
    gpus: float | None = None
    memory: float | None = None
    others: Mapping[str, float] = field(default_factory=dict)

    def room(self, each: Resources) -> int | None:
        """Return how many trials fit at once; None: nothing that is asked for is counted."""
        rooms: list[int] = []
        if each.cpus and self.cpus is not None:
            rooms.append(_times(self.cpus, each.cpus))
        if each.gpus and self.gpus is not None:
            rooms.append(_share(self.gpus, each.gpus))
        if each.memory and self.memory is not None:
            rooms.append(_times(self.memory, each.memory))
        rooms += [
            _times(self.others.get(name, 0.0), amount)
            for name, amount in each.others.items()
            if amount
        ]
        return min(rooms, default=None)

    def told(self) -> str:
        """Return it for people."""
        parts = [] if self.cpus is None else [f"{self.cpus:g} cpus"]
        parts += [] if self.gpus is None else [f"{self.gpus:g} gpus"]
        parts += [] if self.memory is None else [f"{size_text(self.memory)} memory"]
        parts += [f"{amount:g} {name}" for name, amount in self.others.items()]
        return f"{self.name} has {', '.join(parts)}"


def room_in(machines: Sequence[Machine], each: Resources, where: str, remedy: str) -> int | None:
    """Return how many trials there is room for on all machines; None: without bound.

    Args:
        machines: All of a place.
        each: What each trial is to have.
        where: The place, for the error.
        remedy: What to do where no machine has so much.

    Raises:
        ConfigError: If no machine could ever run one.
    """
    rooms = [machine.room(each) for machine in machines]
    if any(room is None for room in rooms):
        return None
    total = sum(room for room in rooms if room is not None)
    if total:
        return total
    # Machines that are alike are told of once.
    kinds = list(dict.fromkeys(machine.told() for machine in machines))
    shown = "; ".join(kinds[:3]) + (f" and {len(kinds) - 3} more" if len(kinds) > 3 else "")
    raise ConfigError(
        where,
        f"no machine there can run a trial: each is to have {each.told()}, and "
        + (shown or "there is none"),
        remedy,
    )


def resources_of(
    cpus: Any = None,
    gpus: Any = None,
    memory: Any = None,
    others: Mapping[str, Any] | Sequence[str] | None = None,
    *,
    flags: Sequence[str] = FLAGS,
) -> Resources:
    """Read what somebody wrote: numbers, or text as of the command line.

    Args:
        cpus: Cores.
        gpus: Devices.
        memory: Bytes, or text such as `4GB`.
        others: By name, or texts `NAME=AMOUNT`.
        flags: How each was asked for, with `{}` for what was written.

    Raises:
        ConfigErrors: With all that is wrong.
    """
    reader = _Reader(flags)
    found = Resources(
        cpus=None if cpus is None else reader.number(0, cpus, "write 1, 2, ... or a part: 0.5"),
        gpus=0 if gpus is None else reader.gpus(gpus),
        memory=0 if memory is None else reader.memory(memory),
        others=reader.others(others or ()),
    )
    if reader.faults:
        raise reader.faults[0] if len(reader.faults) == 1 else ConfigErrors(reader.faults)
    return found


class _Reader:
    """Reads amounts, and keeps what is wrong with them."""

    def __init__(self, flags: Sequence[str]) -> None:
        self.flags = flags
        self.faults: list[ConfigError] = []

    def number(self, flag: int, value: Any, remedy: str, written: str | None = None) -> float:
        try:
            amount = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            amount = math.nan
        if 0 <= amount < math.inf:
            return amount
        shown = (value if isinstance(value, str) else repr(value)) if written is None else written
        found = "that is no number, or below 0"
        self.faults.append(ConfigError(self.flags[flag].format(shown), found, remedy))
        return 0.0

    def gpus(self, value: Any) -> float:
        amount = self.number(1, value, "write 0.5 or 1")
        if amount > 1 and amount != int(amount):
            where, remedy = self.flags[1].format(value), "use 0.5, 0.25, 1, 2, ..."
            self.faults.append(ConfigError(where, "this is no share of devices", remedy))
        return amount

    def memory(self, value: Any) -> int:
        if not isinstance(value, str):
            return int(self.number(2, value, "write bytes, or text such as '4GB'"))
        try:
            return bytes_of(value, "")
        except ConfigError as fault:
            where = self.flags[2].format(value)
            self.faults.append(ConfigError(where, fault.found, fault.remedy))
            return 0

    def others(self, given: Mapping[str, Any] | Sequence[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        for one in given:
            if isinstance(given, Mapping):
                name, equals, amount = one, "=", given[one]
            else:
                name, equals, amount = (part.strip() for part in one.partition("="))
            written = f"{name}{equals}{amount}"
            if not equals or not _NAME.fullmatch(name):
                where, remedy = self.flags[3].format(written), "write for instance a100=1"
                self.faults.append(ConfigError(where, "that is no NAME=AMOUNT", remedy))
            else:
                found[name] = self.number(3, amount, f"write for instance {name}=1", written)
        return found


def _times(have: float, each: float) -> int:
    return int(have / each + _TINY)


def _share(devices: float, each: float) -> int:
    if each <= 1:
        return int(devices + _TINY) * int(1 / each + _TINY)
    return int(devices + _TINY) // round(each)
