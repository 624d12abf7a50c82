"""Options of a place, read one by one, so that all that is wrong with them is said at once."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sonde.errors import ConfigError, ConfigErrors

__all__ = ["OptionReader"]


class OptionReader:
    """Reads options, and keeps what is wrong with them.

    Args:
        where: How they were written, for errors.
        shown: By option: a value to show whoever wrote a wrong one.
    """

    def __init__(self, where: str, shown: Mapping[str, Any]) -> None:
        self.where = where
        self.faults: list[ConfigError] = []
        self._shown = shown

    def fault(self, found: str, remedy: str) -> None:
        """Keep a fault."""
        self.faults.append(ConfigError(self.where, found, remedy))

    def misread(self, key: str, value: Any, found: str) -> None:
        """Keep a fault of a value, and show one that will do."""
        self.fault(f"{key}={value!r} {found}", f"write for instance {key}={self._shown[key]!r}")

    def read(
        self,
        place: str,
        options: Mapping[str, Any],
        ways: Mapping[str, tuple[str, Callable[[Any, str, Any], Any]]],
    ) -> dict[str, Any]:
        """Read all that were said.

        Args:
            place: Its name, for errors.
            options: By name; those that are None were not said.
            ways: By option: what it becomes, and how it is read.
        """
        found: dict[str, Any] = {}
        for key, value in options.items():
            way = ways.get(key)
            if way is None:
                self.fault(f"{place} has no option {key}", f"it has {', '.join(ways)}")
            elif value is not None:
                name, how = way
                found[name] = how(self, key, value)
        return found

    def check(self) -> None:
        """Refuse what was wrong.

        Raises:
            ConfigErrors: With all of it, or a `ConfigError` if it is one thing.
        """
        if self.faults:
            raise self.faults[0] if len(self.faults) == 1 else ConfigErrors(self.faults)

    def text(self, key: str, value: Any) -> str:
        """Read a text of one line."""
        if not isinstance(value, str) or not value.strip() or any(c in value for c in "\0\n"):
            self.misread(key, value, "is no text")
            return ""
        return value.strip()

    def lines(self, key: str, value: Any) -> str:
        """Read the file that a text names, or take the text as lines."""
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            self.misread(key, value, "is no text")
            return ""
        if "\n" in value or not re.fullmatch(r"[\w./~+-]+", value.strip()):
            return value
        try:
            return Path(value.strip()).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "that is no text"
            remedy = "name a file of shell lines, or write the lines"
            self.fault(f"{key}={value!r}: {said}", remedy)
            return ""
