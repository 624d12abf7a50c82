"""What a written parameter becomes: its name, its distribution and the reading that was chosen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sonde.core.distributions import Distribution
from sonde.core.notation.literals import unquoted
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["NAME", "Parsed", "at", "split_name"]

NAME = re.compile(r"[^\W\d][\w.\-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One parameter, as it was understood.

    Attributes:
        name: Its name, without surrounding blanks.
        distribution: Where its values come from.
        reading: One line for people that says how the text was read, for `--dry-run`:
            "10 values, step 0.01, 0.01 to 0.1".
    """

    name: str
    distribution: Distribution
    reading: str


def split_name(text: str, place: str, example: str) -> tuple[str, str]:
    """Return the name and what stands behind the `=`, both without surrounding blanks.

    Raises:
        ConfigError: There is no `=`, more than one, no name or nothing behind it.
    """
    name, equals, written = (part.strip() for part in text.partition("="))
    if not equals:
        raise ConfigError(place, "no '=' in it", f"write NAME=VALUES, such as {example}")
    if not NAME.fullmatch(name):
        found = f"{name!r} cannot be a parameter's name" if name else "no name before the '='"
        raise ConfigError(place, found, "a name is letters, digits, '_', '.' and '-'")
    if not written:
        raise ConfigError(place, "no values behind the '='", f"write them, such as {example}")
    if any(mark == "=" for _, mark in unquoted(written, place)):
        raise ConfigError(
            place, "a second '='", "leave it out, or quote the value if it belongs to the text"
        )
    return name, written


@contextmanager
def at(place: str) -> Iterator[None]:
    """Give the errors of distributions the place in what was written."""
    try:
        yield
    except ConfigErrors as errors:
        raise ConfigErrors([_moved(fault, place) for fault in errors.faults]) from errors
    except ConfigError as error:
        raise _moved(error, place) from error


def _moved(error: ConfigError, place: str) -> ConfigError:
    return ConfigError(place, error.found, error.remedy)
