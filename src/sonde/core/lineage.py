"""Lineage: from which trial another one goes on, and whose place it takes.

It is written in a trial's origin, which every store keeps: `from 7` goes on from trial 7, and
`from 7 instead of 3` does so in the place of trial 3; `instead of 3` begins afresh in its place.
"""

import re
from dataclasses import dataclass

__all__ = ["Lineage", "is_proposed", "lineage_of"]

_FROM = re.compile(r"from (\d+)(?: instead of (\d+))?")
_INSTEAD = re.compile(r"instead of (\d+)")
_PROPOSED = frozenset({"method", "repeat"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a trial comes from.

    Attributes:
        parent: The trial whose checkpoint it begins with; None: it begins with nothing.
        place: The trial that it comes after, which nobody else does: the parent, where that
            goes on, or one that is given up.
    """

    parent: int | None
    place: int

    @property
    def origin(self) -> str:
        """The words for it."""
        if self.parent == self.place:
            return f"from {self.place}"
        return f"{'' if self.parent is None else f'from {self.parent} '}instead of {self.place}"


def lineage_of(origin: str) -> Lineage | None:
    """Read a trial's origin; None: it comes from no other trial."""
    if not origin.startswith(("from ", "instead of ")):
        return None
    if found := _INSTEAD.fullmatch(origin):
        return Lineage(parent=None, place=int(found[1]))
    found = _FROM.fullmatch(origin)
    if found is None:
        return None
    return Lineage(parent=int(found[1]), place=int(found[2] or found[1]))


def is_proposed(origin: str) -> bool:
    """Tell whether no user asked for a trial of this origin."""
    return origin in _PROPOSED or lineage_of(origin) is not None
