"""Points to try first, as people write them: `lr=0.01,opt=adam` behind `--try`."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from sonde.core.distributions.values import Params, Value, is_number
from sonde.core.notation.literals import read_value, split_items
from sonde.core.space import Space
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["completed_points", "read_point"]


def read_point(text: str, space: Space, *, flag: str = "--try") -> dict[str, Value]:
    """Read `NAME=VALUE,NAME=VALUE`; names and values are checked by `completed_points`.

    Raises:
        ConfigError: Its place names the flag and the text.
    """
    place = f"{flag} {text}"
    found: dict[str, Value] = {}
    for item in split_items(text, place):
        name, equals, written = (part.strip() for part in item.partition("="))
        if not equals or not name or not written:
            raise ConfigError(
                place,
                f"{item or 'nothing'} is no NAME=VALUE",
                "write for instance lr=0.01,layers=3",
            )
        if name in found:
            raise ConfigError(place, f"{name} is given twice", "keep one of them")
        value = read_value(written, place)
        if is_number(value) and name in space and not space[name].distribution.contains(value):
            # Among the choices may be text that reads as a number.
            value = written if space[name].distribution.contains(written) else value
        found[name] = value
    return found


def completed_points(
    given: Iterable[tuple[str, Mapping[str, Any]]], space: Space
) -> tuple[Params, ...]:
    """Return points as assignments, what they lack at its guess or in its middle.

    Args:
        given: Each with its place, for errors.
        space: Theirs.

    Raises:
        ConfigErrors: Naming all that is wrong with them.
    """
    faults: list[ConfigError] = []
    found: dict[Hashable, tuple[str, Params]] = {}
    for place, params in given:
        try:
            whole = space.completed(params)
        except ConfigError as fault:
            several = fault.faults if isinstance(fault, ConfigErrors) else [fault]
            faults += [
                ConfigError(place, f"{one.where}: {one.found}", one.remedy) for one in several
            ]
            continue
        key = space.key(whole)
        if key in found:
            faults.append(
                ConfigError(place, f"it is the same point as {found[key][0]}", "leave it out")
            )
        found.setdefault(key, (place, whole))
    if faults:
        raise ConfigErrors(faults) if len(faults) > 1 else faults[0]
    return tuple(params for _, params in found.values())
