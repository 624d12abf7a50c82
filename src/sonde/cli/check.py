"""What one look of `sonde doctor` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Check", "Level"]


class Level(StrEnum):
    """How a check went."""

    OK = "ok"
    LACKS = "lacks"  # something that sonde can do without
    FAILS = "FAILS"  # something that sonde needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        found: What is there, for people.
        remedy: How to get what lacks.
        facts: The same for programs.
    """

    name: str
    level: Level
    found: str
    remedy: str = ""
    facts: Mapping[str, Any]

    def as_row(self) -> dict[str, Any]:
        """Return it as an object."""
        return {
            "check": self.name,
            "level": self.level.value.lower(),
            "found": self.found,
            "remedy": self.remedy or None,
            "facts": dict(self.facts),
        }
