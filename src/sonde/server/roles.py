"""Roles: what a caller may do. Each may what the one before it may."""

from dataclasses import dataclass
from enum import IntEnum

from starlette.exceptions import HTTPException
from starlette.types import Scope

__all__ = ["Caller", "Role", "caller_of"]


class Role(IntEnum):
    """From looking to deciding."""

    VIEWER = 1  # reads
    AGENT = 2  # runs trials: leases, reports, ends them
    ADMIN = 3  # makes and controls sweeps, says what agents run

    @property
    def word(self) -> str:
        """What people call it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request, as the gate found."""

    name: str
    role: Role

    def check(self, role: Role) -> None:
        """Refuse what this caller may not do.

        Raises:
            HTTPException: With status 403.
        """
        if self.role < role:
            raise HTTPException(
                403, f"a token of the role {self.role.word} may not do this; it takes {role.word}"
            )


def caller_of(scope: Scope) -> Caller:
    """Return who sends a request."""
    caller: Caller = scope["sonde.caller"]
    return caller
