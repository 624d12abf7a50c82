"""Clocks that disagree: leases are told by those of agents, so they must not be far apart."""

from sonde.errors import StoreError

__all__ = ["SKEW_S", "skewed"]

SKEW_S = 5.0
"""How far a machine's clock may be from the server's: half a lease."""


def skewed(place: str, seconds: float) -> StoreError:
    """Return the error for a clock by which leases would lapse too early, or too late."""
    which = "ahead of" if seconds > 0 else "behind"
    return StoreError(
        f"{place}: this machine's clock is {abs(seconds):.0f} s {which} the server's, so that "
        "agents would take each other's trials; set it (NTP does)"
    )
